package dev.tracekeep.adapter.mongo;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.SpanFilter;
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

/** A {@link TraceQuery} in MongoDB's words, as far as it is about stored roots. */
final class RootFilters {
  static final BsonBoolean TRUE = BsonBoolean.TRUE;

  private static final String TRACE = SpanColumn.TRACE_ID.columnName();
  private static final String SPAN = SpanColumn.SPAN_ID.columnName();

  private RootFilters() {}

  /**
   * What a filter says of roots that the indexes of roots know: all but conditions on heavy
   * columns, of which {@link FilterBson} has what the server can tell.
   */
  private static RootConditions conditions(SpanFilter filter) {
    SpanFilter.Builder light = SpanFilter.builder();
    filter.conditions().stream()
        .filter(condition -> condition.columns().stream().noneMatch(SpanColumn::isHeavy))
        .forEach(light::condition);
    return RootConditions.of(TraceQuery.builder("any").root(light.build()).build());
  }

  /** Whether {@link #of} lets no root pass that the filter does not. */
  static boolean decides(SpanFilter filter) {
    return filter.columns().stream().noneMatch(SpanColumn::isHeavy)
        && conditions(filter).isDecidedByNarrowing();
  }

  /**
   * Selects roots behind a position. Much is only narrowed, so the caller looks again with {@link
   * TraceQuery#root}; whether a root is the first of its trace, and what other spans are, is not
   * asked here.
   */
  static BsonDocument of(TraceQuery query, @Nullable SpanPosition after) {
    RootConditions root = conditions(query.root());
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
    if (!decides(query.root())) {
      all.add(FilterBson.of(query.root()));
    }
    if (after != null) {
      Long given = after.value();
      addPosition(
          all,
          time(query.order()),
          query.order().isDescending(),
          given == null ? SpanCodec.NO_END : given,
          after);
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

  /** Selects what stands behind a position in the order of a time, and of equal times by ids. */
  static void addPosition(
      List<BsonDocument> all, String field, boolean descending, long value, SpanPosition after) {
    BsonInt64 time = new BsonInt64(value);
    String behind = descending ? "$lt" : "$gt";
    // Says nothing new, but lets the index scan start at the right place.
    all.add(compare(field, behind + "e", time));
    all.add(
        new BsonDocument(
            "$or",
            new BsonArray(
                List.of(compare(field, behind, time), behindIds(after).append(field, time)))));
  }

  /** Selects what stands behind a position by its ids alone. */
  static BsonDocument behindIds(SpanPosition after) {
    BsonString trace = new BsonString(after.traceId());
    return new BsonDocument(
        "$or",
        new BsonArray(
            List.of(
                compare(TRACE, "$gt", trace),
                compare(SPAN, "$gt", new BsonString(after.spanId())).append(TRACE, trace))));
  }
}
