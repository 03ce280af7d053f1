package dev.tracekeep.adapter.mongo;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.SpanCondition;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.spi.NumberRange;
import java.time.Instant;
import java.util.List;
import org.bson.BsonArray;
import org.bson.BsonBoolean;
import org.bson.BsonDecimal128;
import org.bson.BsonDocument;
import org.bson.BsonInt64;
import org.bson.BsonNull;
import org.bson.BsonString;
import org.bson.BsonValue;
import org.bson.types.Decimal128;

/** Filters in MongoDB's words: every span that passes is found, and few others; core decides. */
final class FilterBson implements SpanCondition.Visitor<BsonDocument> {
  private static final FilterBson VISITOR = new FilterBson();
  private static final BsonDocument NONE =
      new BsonDocument("_id", new BsonDocument("$in", new BsonArray()));

  private FilterBson() {}

  static BsonDocument of(SpanFilter filter) {
    List<BsonDocument> all =
        filter.conditions().stream()
            .map(condition -> condition.accept(VISITOR))
            .filter(condition -> !condition.isEmpty())
            .toList();
    return all.isEmpty() ? new BsonDocument() : new BsonDocument("$and", new BsonArray(all));
  }

  private static BsonDocument field(SpanColumn column, BsonValue condition) {
    return new BsonDocument(column.columnName(), condition);
  }

  private static BsonDocument present(SpanColumn column) {
    return field(column, new BsonDocument("$ne", BsonNull.VALUE));
  }

  @Override
  public BsonDocument textIs(SpanCondition.TextIs condition) {
    return field(
        condition.column(),
        new BsonDocument(
            "$in", new BsonArray(condition.anyOf().stream().map(BsonString::new).toList())));
  }

  @Override
  public BsonDocument textStartsWith(SpanCondition.TextStartsWith condition) {
    return field(condition.column(), new BsonDocument("$gte", new BsonString(condition.prefix())));
  }

  @Override
  public BsonDocument present(SpanCondition.Present condition) {
    SpanColumn column = condition.column();
    return switch (column.type()) {
      case FLAG ->
          condition.wanted()
              ? field(column, BsonBoolean.TRUE)
              : field(column, new BsonDocument("$ne", BsonBoolean.TRUE));
      case TEXT_LIST ->
          new BsonDocument(
              column.columnName() + ".0",
              new BsonDocument("$exists", BsonBoolean.valueOf(condition.wanted())));
      default -> condition.wanted() ? present(column) : field(column, BsonNull.VALUE);
    };
  }

  @Override
  public BsonDocument statusIs(SpanCondition.StatusIs condition) {
    BsonDocument noError = field(SpanColumn.ERROR, BsonNull.VALUE);
    return switch (condition.status()) {
      case ERROR -> present(SpanColumn.ERROR);
      case RUNNING -> noError.append(SpanColumn.ENDED_AT.columnName(), BsonNull.VALUE);
      case OK ->
          noError.append(SpanColumn.ENDED_AT.columnName(), new BsonDocument("$ne", BsonNull.VALUE));
    };
  }

  @Override
  public BsonDocument root(SpanCondition.Root condition) {
    return condition.wanted()
        ? field(SpanColumn.PARENT_SPAN_ID, BsonNull.VALUE)
        : present(SpanColumn.PARENT_SPAN_ID);
  }

  @Override
  public BsonDocument hasTag(SpanCondition.HasTag condition) {
    return field(SpanColumn.TAGS, new BsonString(condition.tag()));
  }

  @Override
  public BsonDocument timeWithin(SpanCondition.TimeWithin condition) {
    TimeRange range = condition.range();
    BsonDocument bounds = new BsonDocument("$ne", BsonNull.VALUE);
    Instant from = range.from();
    if (from != null) {
      bounds.append(range.fromExclusive() ? "$gt" : "$gte", new BsonInt64(EpochNanos.of(from)));
    }
    Instant to = range.to();
    if (to != null) {
      bounds.append(range.toExclusive() ? "$lt" : "$lte", new BsonInt64(EpochNanos.of(to)));
    }
    return field(condition.column(), bounds);
  }

  @Override
  public BsonDocument durationWithin(SpanCondition.DurationWithin condition) {
    return present(SpanColumn.ENDED_AT);
  }

  @Override
  public BsonDocument numberIs(SpanCondition.NumberIs condition) {
    NumberRange range = NumberRange.of(condition);
    SpanColumn column = condition.column();
    return range.isEmpty()
        ? NONE
        : field(
            column,
            new BsonDocument("$gte", number(column, range.from()))
                .append("$lte", number(column, range.to())));
  }

  private static BsonValue number(SpanColumn column, long units) {
    return column.scale() == 0
        ? new BsonInt64(units)
        : new BsonDecimal128(new Decimal128(FixedPoint.ofUnits(column, units)));
  }

  @Override
  public BsonDocument member(SpanCondition.Member condition) {
    return present(condition.column());
  }
}
