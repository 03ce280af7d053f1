package dev.tracekeep.adapter.mongo;

import dev.tracekeep.dedupe.ArchiveNames;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.SpanColumn;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.bson.BsonBinary;
import org.bson.BsonBoolean;
import org.bson.BsonDocument;
import org.bson.BsonInt64;
import org.bson.BsonNull;
import org.bson.BsonNumber;
import org.bson.BsonString;
import org.bson.BsonUndefined;
import org.bson.BsonValue;
import org.bson.types.Decimal128;
import org.jspecify.annotations.Nullable;

/**
 * What decides which of several documents of a key is the best, and all that need be known of one
 * to move it. Times are compared as instants, be they BSON dates, ISO texts or numbers.
 *
 * @param id its {@code _id}
 * @param key the values of the key's fields
 * @param decisive the fields that decide, as they are in the document, null where absent
 */
record DocumentRank(
    BsonValue id,
    List<String> key,
    BsonDocument decisive,
    boolean completed,
    Instant updatedAt,
    Instant createdAt,
    String version) {

  /** Texts that stand for no end, in small letters. */
  private static final Set<String> NO_END =
      Set.of("", "0", "false", "nan", "infinity", "-infinity", "null");

  /** From what number on a time is in these units: seconds would be years beyond 5000. */
  private static final double LEAST_MILLIS = 1e11;

  private static final double LEAST_MICROS = 1e14;
  private static final double LEAST_NANOS = 1e16;

  /** The rule, but for its last tie-breaks, which take the whole document. */
  static final Comparator<DocumentRank> ORDER =
      Comparator.comparing(DocumentRank::version)
          .thenComparing(DocumentRank::completed)
          .thenComparing(DocumentRank::updatedAt)
          .thenComparing(DocumentRank::createdAt);

  /** Reads the fields of a document. */
  static DocumentRank of(BsonDocument document, SpanTable.Columns columns) {
    BsonDocument decisive = new BsonDocument();
    for (String field : decisiveFields(columns)) {
      decisive.append(field, document.get(field, BsonNull.VALUE));
    }
    return new DocumentRank(
        document.get("_id"),
        columns.key().stream().map(field -> document.getString(field).getValue()).toList(),
        decisive,
        isEnd(decisive.get(columns.endedAt())),
        instant(decisive, columns.updatedAt()),
        instant(decisive, columns.createdAt()),
        versionText(decisive, columns.version()));
  }

  /** The fields that {@link #of} reads, beside {@code _id} and key. */
  static List<String> decisiveFields(SpanTable.Columns columns) {
    List<String> fields = new ArrayList<>(List.of(columns.endedAt()));
    for (@Nullable String field :
        new @Nullable String[] {columns.updatedAt(), columns.createdAt(), columns.version()}) {
      if (field != null) {
        fields.add(field);
      }
    }
    return fields;
  }

  /** Why this document gave way to a better one. */
  String reason(DocumentRank winner, SpanTable.Columns columns) {
    if (winner.completed && !completed) {
      return ArchiveNames.RUNNING;
    }
    if (updatedAt.isBefore(winner.updatedAt)) {
      return ArchiveNames.older(String.valueOf(columns.updatedAt()));
    }
    if (createdAt.isBefore(winner.createdAt)) {
      return ArchiveNames.older(String.valueOf(columns.createdAt()));
    }
    return ArchiveNames.AS_NEW;
  }

  /** Whether a value says that a span has ended: nothing, nought and what is no number do not. */
  static boolean isEnd(BsonValue value) {
    if (value.isString()) {
      return !NO_END.contains(value.asString().getValue().strip().toLowerCase(Locale.ROOT));
    }
    if (value.isNumber() && !value.isDecimal128()) {
      double number = value.asNumber().doubleValue();
      return number != 0 && Double.isFinite(number);
    }
    if (value.isDecimal128()) {
      Decimal128 number = value.asDecimal128().getValue();
      return number.isFinite() && number.bigDecimalValue().signum() != 0;
    }
    if (value.isDateTime()) {
      return value.asDateTime().getValue() != 0;
    }
    return !value.isNull() && !value.equals(BsonBoolean.FALSE) && !(value instanceof BsonUndefined);
  }

  /** The version's bytes as text that sorts like them; empty where there is none. */
  private static String versionText(BsonDocument decisive, @Nullable String field) {
    BsonValue value = field == null ? BsonNull.VALUE : decisive.get(field);
    return value instanceof BsonBinary binary ? HexFormat.of().formatHex(binary.getData()) : "";
  }

  private static Instant instant(BsonDocument decisive, @Nullable String field) {
    return field == null ? Instant.MIN : instant(decisive.get(field), field);
  }

  /** A value as an instant; {@link Instant#MIN} where it is absent or no time at all. */
  static Instant instant(BsonValue value, String field) {
    try {
      if (value.isDateTime()) {
        return Instant.ofEpochMilli(value.asDateTime().getValue());
      }
      if (value.isTimestamp()) {
        return Instant.ofEpochSecond(value.asTimestamp().getTime());
      }
      if (value.isNumber()) {
        return ofNumber(value.asNumber(), field);
      }
      if (value instanceof BsonString text) {
        return parse(text.getValue().strip());
      }
    } catch (DateTimeException | ArithmeticException e) {
      // No time, or one beyond what Java knows: ranks below every time.
      return Instant.MIN;
    }
    return Instant.MIN;
  }

  /** A number of our own collections counts nanoseconds; of another's, its size tells the unit. */
  private static Instant ofNumber(BsonNumber number, String field) {
    if (number instanceof BsonInt64 nanos
        && (SpanColumn.named(field).isPresent() || Math.abs(nanos.getValue()) >= LEAST_NANOS)) {
      return EpochNanos.toInstant(nanos.getValue());
    }
    double value = number.doubleValue();
    if (!Double.isFinite(value)) {
      return Instant.MIN;
    }
    BigDecimal exact = BigDecimal.valueOf(value);
    BigDecimal seconds =
        Math.abs(value) >= LEAST_NANOS
            ? exact.movePointLeft(9)
            : Math.abs(value) >= LEAST_MICROS
                ? exact.movePointLeft(6)
                : Math.abs(value) >= LEAST_MILLIS ? exact.movePointLeft(3) : exact;
    BigDecimal whole = seconds.setScale(0, RoundingMode.FLOOR);
    return Instant.ofEpochSecond(
        whole.longValueExact(), seconds.subtract(whole).movePointRight(9).longValue());
  }

  private static Instant parse(String text) {
    String iso = text.replaceFirst("^(\\d{4}-\\d{2}-\\d{2}) ", "$1T").replaceFirst(" (?=[+-])", "");
    if (iso.matches("\\d{4}-\\d{2}-\\d{2}")) {
      return LocalDate.parse(iso).atStartOfDay().toInstant(ZoneOffset.UTC);
    }
    if (iso.matches(".*([zZ]|[+-]\\d{2}(:?\\d{2})?)$") && iso.contains("T")) {
      // Hours alone, and no colon, are ISO too, but not to Java.
      return OffsetDateTime.parse(
              iso.replaceFirst("([+-]\\d{2})$", "$1:00")
                  .replaceFirst("([+-]\\d{2})(\\d{2})$", "$1:$2"))
          .toInstant();
    }
    return LocalDateTime.parse(iso).toInstant(ZoneOffset.UTC);
  }
}
