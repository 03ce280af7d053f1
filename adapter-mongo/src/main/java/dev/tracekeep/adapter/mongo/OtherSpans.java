package dev.tracekeep.adapter.mongo;

import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.SpanPosition;
import dev.tracekeep.storage.TraceQuery;
import java.util.ArrayList;
import java.util.List;
import org.bson.BsonArray;
import org.bson.BsonBoolean;
import org.bson.BsonDocument;
import org.bson.BsonNull;
import org.bson.BsonString;
import org.jspecify.annotations.Nullable;

/**
 * The spans that are no roots, in the order of a list of traces: among them are those that traces
 * without a root are listed by. Spans without an end come, where that is sorted by, as a part of
 * their own, because MongoDB sorts what is not there to the wrong side.
 *
 * @param query what is listed
 * @param time the field that the part is sorted by; null for one that has no such time
 * @param after where the part begins; null for its start
 */
record OtherSpans(TraceQuery query, @Nullable SpanColumn time, @Nullable SpanPosition after) {
  /** The parts behind the position of the query, in the order in which they come. */
  static List<OtherSpans> inOrder(TraceQuery query) {
    SpanPosition after = query.after().orElse(null);
    if (query.order().column() != SpanColumn.ENDED_AT) {
      return List.of(new OtherSpans(query, query.order().column(), after));
    }
    boolean afterRunning = after != null && after.value() == null;
    List<OtherSpans> parts = new ArrayList<>();
    if (query.order().isDescending()) {
      if (after == null || afterRunning) {
        parts.add(new OtherSpans(query, null, after));
      }
      parts.add(new OtherSpans(query, SpanColumn.ENDED_AT, afterRunning ? null : after));
    } else {
      if (!afterRunning) {
        parts.add(new OtherSpans(query, SpanColumn.ENDED_AT, after));
      }
      parts.add(new OtherSpans(query, null, afterRunning ? after : null));
    }
    return parts;
  }

  /** Selects the spans of the part behind a position in it. */
  BsonDocument filter(@Nullable SpanPosition behind) {
    List<BsonDocument> all = new ArrayList<>();
    all.add(new BsonDocument(SpanKeys.TENANT, new BsonString(query.tenantId())));
    all.add(new BsonDocument(SpanCodec.ROOT, new BsonDocument("$ne", BsonBoolean.TRUE)));
    BsonDocument root = FilterBson.of(query.root());
    if (!root.isEmpty()) {
      all.add(root);
    }
    if (query.order().column() == SpanColumn.ENDED_AT) {
      all.add(
          new BsonDocument(
              SpanColumn.ENDED_AT.columnName(),
              time == null ? BsonNull.VALUE : new BsonDocument("$ne", BsonNull.VALUE)));
    }
    if (behind != null) {
      Long value = behind.value();
      if (time == null || value == null) {
        all.add(RootFilters.behindIds(behind));
      } else {
        RootFilters.addPosition(
            all, time.columnName(), query.order().isDescending(), value, behind);
      }
    }
    return new BsonDocument("$and", new BsonArray(all));
  }

  BsonDocument sort() {
    List<String> fields = new ArrayList<>();
    if (time != null) {
      fields.add((query.order().isDescending() ? "-" : "") + time.columnName());
    }
    fields.add(SpanKeys.TRACE);
    fields.add(SpanKeys.SPAN);
    return SpanIndexes.on(fields);
  }
}
