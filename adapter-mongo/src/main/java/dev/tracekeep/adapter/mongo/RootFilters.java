package dev.tracekeep.adapter.mongo;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.SpanPosition;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.spi.RootConditions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bson.BsonArray;
import org.bson.BsonBoolean;
import org.bson.BsonDocument;
import org.bson.BsonInt64;
import org.bson.BsonNull;
import org.bson.BsonString;
import org.bson.BsonValue;
import org.jspecify.annotations.Nullable;

/** A {@link TraceQuery} in MongoDB's words. */
final class RootFilters {
  static final BsonBoolean TRUE = BsonBoolean.TRUE;

  private static final String TRACE = SpanColumn.TRACE_ID.columnName();
  private static final String SPAN = SpanColumn.SPAN_ID.columnName();

  private RootFilters() {}

  /**
   * Selects roots behind a position. Metadata and scope are only narrowed, so the caller looks
   * again with {@link TraceQuery#matches}; whether a root is the first of its trace, and whether
   * another span failed, is not asked here.
   */
  static BsonDocument of(TraceQuery query, @Nullable SpanPosition after) {
    RootConditions root = RootConditions.of(query);
    List<BsonDocument> all = new ArrayList<>();
    all.add(equal(SpanColumn.TENANT_ID.columnName(), new BsonString(query.tenantId())));
    all.add(equal(SpanCodec.ROOT, TRUE));
    addRange(all, SpanColumn.STARTED_AT, root.startedAt());
    addRange(all, SpanColumn.ENDED_AT, root.endedAt());
    root.status().ifPresent(status -> addStatus(all, status));
    root.equal()
        .forEach((column, value) -> all.add(equal(column.columnName(), new BsonString(value))));
    root.tags().forEach(tag -> all.add(equal(SpanColumn.TAGS.columnName(), new BsonString(tag))));
    addTokens(all, SpanCodec.METADATA, root.metadata());
    addTokens(all, SpanCodec.SCOPE, root.scope());
    if (after != null) {
      addPosition(all, query.order(), after);
    }
    return new BsonDocument("$and", new BsonArray(all));
  }

  /** The sort that fits the index of the roots: of equal times, ids ascending. */
  static BsonDocument order(TraceOrder order) {
    return SpanIndexes.on(List.of((order.isDescending() ? "-" : "") + time(order), TRACE, SPAN));
  }

  /** The field that is sorted by; of the end, the one in which none is later than any. */
  private static String time(TraceOrder order) {
    return order.column() == SpanColumn.ENDED_AT
        ? SpanCodec.ROOT_ENDED_AT
        : order.column().columnName();
  }

  private static BsonDocument equal(String field, BsonValue value) {
    return new BsonDocument(field, value);
  }

  private static BsonDocument compare(String field, String operator, BsonValue value) {
    return new BsonDocument(field, new BsonDocument(operator, value));
  }

  private static void addRange(List<BsonDocument> all, SpanColumn column, TimeRange range) {
    Instant from = range.from();
    if (from != null) {
      all.add(
          compare(
              column.columnName(),
              range.fromExclusive() ? "$gt" : "$gte",
              new BsonInt64(EpochNanos.of(from))));
    }
    Instant to = range.to();
    if (to != null) {
      all.add(
          compare(
              column.columnName(),
              range.toExclusive() ? "$lt" : "$lte",
              new BsonInt64(EpochNanos.of(to))));
    }
  }

  private static void addStatus(List<BsonDocument> all, SpanStatus status) {
    if (status == SpanStatus.ERROR) {
      all.add(equal(SpanCodec.FAILED, TRUE));
      return;
    }
    all.add(equal(SpanCodec.FAILED, BsonNull.VALUE));
    BsonInt64 none = new BsonInt64(SpanCodec.NO_END);
    all.add(
        status == SpanStatus.RUNNING
            ? equal(SpanCodec.ROOT_ENDED_AT, none)
            : compare(SpanCodec.ROOT_ENDED_AT, "$lt", none));
  }

  private static void addTokens(List<BsonDocument> all, String field, Map<String, Json> members) {
    members.forEach(
        (name, value) -> all.add(equal(field, new BsonInt64(SpanCodec.token(name, value)))));
  }

  private static void addPosition(List<BsonDocument> all, TraceOrder order, SpanPosition after) {
    String field = time(order);
    Long given = after.value();
    BsonInt64 time = new BsonInt64(given == null ? SpanCodec.NO_END : given);
    String behind = order.isDescending() ? "$lt" : "$gt";
    // Says nothing new, but lets the index scan start at the right place.
    all.add(compare(field, behind + "e", time));
    BsonString trace = new BsonString(after.traceId());
    all.add(
        new BsonDocument(
            "$or",
            new BsonArray(
                List.of(
                    compare(field, behind, time),
                    compare(TRACE, "$gt", trace).append(field, time),
                    compare(SPAN, "$gt", new BsonString(after.spanId()))
                        .append(field, time)
                        .append(TRACE, trace)))));
  }
}
