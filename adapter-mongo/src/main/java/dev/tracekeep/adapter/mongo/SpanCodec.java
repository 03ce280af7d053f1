package dev.tracekeep.adapter.mongo;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanVersion;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.bson.BsonBinaryReader;
import org.bson.BsonReader;
import org.bson.BsonType;
import org.bson.BsonWriter;
import org.bson.codecs.Codec;
import org.bson.codecs.DecoderContext;
import org.bson.codecs.EncoderContext;
import org.bson.types.Decimal128;
import org.jspecify.annotations.Nullable;

/**
 * A span as a document: every present column under its name, the version, and in {@link #DERIVED}
 * what queries need beside it. Written straight into the message, without a tree of objects.
 *
 * <p>JSON is kept as its text: so it comes back letter by letter, and no name in it can be mistaken
 * for a path or an operator. Times are 64-bit nanoseconds, because BSON's dates end at
 * milliseconds. Counts are 64-bit integers, and a cost is a decimal.
 */
final class SpanCodec implements Codec<Span> {
  /**
   * What no span has, but queries and indexes need: absent in a span that is no root and failed
   * not.
   */
  static final String DERIVED = "derived";

  /** True in roots, absent elsewhere: partial indexes can ask for a value, not for its absence. */
  static final String ROOT = DERIVED + ".root";

  /** True where there is an error, absent elsewhere. */
  static final String FAILED = DERIVED + ".failed";

  /** In roots: the end, or where there is none {@link #NO_END}, which sorts behind all others. */
  static final String ROOT_ENDED_AT = DERIVED + ".ended_at";

  /** In roots: a {@linkplain #token number} for each member of the metadata. */
  static final String METADATA = DERIVED + ".metadata";

  /** In roots: the same for the scope. */
  static final String SCOPE = DERIVED + ".scope";

  /** Later than any time that a span may have. */
  static final long NO_END = Long.MAX_VALUE;

  private static final Map<String, SpanColumn> BY_NAME = byName();

  private static final byte[][] NAMES =
      SpanColumn.all().stream()
          .map(column -> BsonBytes.name(column.columnName()))
          .toArray(byte[][]::new);
  private static final byte[] VERSION_FIELD = BsonBytes.name(SpanColumn.VERSION_NAME);
  private static final byte[] DERIVED_FIELD = BsonBytes.name(DERIVED);

  private static final ThreadLocal<BsonBytes> BUFFER = ThreadLocal.withInitial(BsonBytes::new);

  /** The columns and the version of a document that was read. */
  static final class Row {
    private final Map<SpanColumn, Object> values = new EnumMap<>(SpanColumn.class);
    private @Nullable SpanVersion version;

    /** A span as a row. */
    static Row of(Span span) {
      Row row = new Row();
      for (SpanColumn column : SpanColumn.all()) {
        Object value = column.read(span);
        if (value != null) {
          row.values.put(column, value);
        }
      }
      row.version = span.version();
      return row;
    }

    /** The version; null in a document of an older release. */
    @Nullable SpanVersion version() {
      return version;
    }

    /** The value of a column, null where it is absent. */
    @Nullable Object value(SpanColumn column) {
      return values.get(column);
    }

    Span span(List<SpanColumn> columns) {
      return Span.fromColumns(columns, values::get);
    }

    /** The whole span. */
    Span span() {
      return span(SpanColumn.all());
    }
  }

  /** Reads documents that lack columns. */
  static final class RowCodec implements Codec<Row> {
    @Override
    public Class<Row> getEncoderClass() {
      return Row.class;
    }

    @Override
    public Row decode(BsonReader reader, DecoderContext context) {
      return read(reader);
    }

    @Override
    public void encode(BsonWriter writer, Row value, EncoderContext context) {
      throw new UnsupportedOperationException("Rows are read, and spans are written");
    }
  }

  private static Map<String, SpanColumn> byName() {
    Map<String, SpanColumn> columns = new HashMap<>();
    SpanColumn.all().forEach(column -> columns.put(column.columnName(), column));
    return columns;
  }

  @Override
  public Class<Span> getEncoderClass() {
    return Span.class;
  }

  /** How many bytes the span's document has. */
  static int size(Span span) {
    BsonBytes bytes = new BsonBytes();
    write(bytes, span);
    return bytes.length();
  }

  /**
   * A number that stands for a member of a JSON object: the same for values that mean the same. Two
   * members can share one, so who filters by it looks again.
   */
  static long token(String name, Json value) {
    return (long) name.hashCode() << 32 | value.valueHash() & 0xFFFF_FFFFL;
  }

  @Override
  public void encode(BsonWriter writer, Span span, EncoderContext context) {
    BsonBytes bytes = BUFFER.get();
    bytes.clear();
    write(bytes, span);
    try (BsonBinaryReader reader = new BsonBinaryReader(bytes.buffer())) {
      writer.pipe(reader);
    }
  }

  private static void write(BsonBytes out, Span span) {
    int document = out.start();
    for (int i = 0; i < NAMES.length; i++) {
      Object value = SpanColumn.all().get(i).read(span);
      if (value != null) {
        write(out, NAMES[i], SpanColumn.all().get(i), value);
      }
    }
    out.field(BsonType.BINARY, VERSION_FIELD);
    out.binary(span.version().toBytes());
    if (span.isRoot() || span.payload().error() != null) {
      writeDerived(out, span);
    }
    out.end(document);
  }

  private static void write(BsonBytes out, byte[] name, SpanColumn column, Object value) {
    if (value instanceof String text) {
      out.field(BsonType.STRING, name);
      out.text(text);
    } else if (value instanceof Instant time) {
      out.field(BsonType.INT64, name);
      out.int64(EpochNanos.of(time));
    } else if (value instanceof BigDecimal number) {
      if (column.scale() == 0) {
        out.field(BsonType.INT64, name);
        out.int64(FixedPoint.units(column, number));
      } else {
        out.field(BsonType.DECIMAL128, name);
        out.decimal128(new Decimal128(number));
      }
    } else if (value instanceof Boolean flag) {
      out.field(BsonType.BOOLEAN, name);
      out.flag(flag);
    } else if (value instanceof Json json) {
      out.field(BsonType.STRING, name);
      out.text(json.text());
    } else if (value instanceof List<?> list) {
      out.field(BsonType.ARRAY, name);
      int array = out.start();
      int index = 0;
      for (Object element : list) {
        out.field(BsonType.STRING, BsonBytes.name(Integer.toString(index++)));
        out.text((String) element);
      }
      out.end(array);
    }
  }

  private static void writeDerived(BsonBytes out, Span span) {
    out.field(BsonType.DOCUMENT, DERIVED_FIELD);
    int derived = out.start();
    if (span.payload().error() != null) {
      out.field(BsonType.BOOLEAN, last(FAILED));
      out.flag(true);
    }
    if (span.isRoot()) {
      out.field(BsonType.BOOLEAN, last(ROOT));
      out.flag(true);
      Instant endedAt = span.times().endedAt();
      out.field(BsonType.INT64, last(ROOT_ENDED_AT));
      out.int64(endedAt == null ? NO_END : EpochNanos.of(endedAt));
      writeTokens(out, last(METADATA), span.payload().metadata());
      writeTokens(out, last(SCOPE), span.origin().scope());
    }
    out.end(derived);
  }

  private static void writeTokens(BsonBytes out, byte[] name, @Nullable Json object) {
    if (object == null || object.kind() != Json.Kind.OBJECT) {
      return;
    }
    SortedSet<Long> tokens = new TreeSet<>();
    object.members().forEach((member, value) -> tokens.add(token(member, value)));
    out.field(BsonType.ARRAY, name);
    int array = out.start();
    int index = 0;
    for (long token : tokens) {
      out.field(BsonType.INT64, BsonBytes.name(Integer.toString(index++)));
      out.int64(token);
    }
    out.end(array);
  }

  private static byte[] last(String path) {
    return BsonBytes.name(path.substring(DERIVED.length() + 1));
  }

  @Override
  public Span decode(BsonReader reader, DecoderContext context) {
    return read(reader).span();
  }

  private static Row read(BsonReader reader) {
    Row row = new Row();
    reader.readStartDocument();
    while (reader.readBsonType() != BsonType.END_OF_DOCUMENT) {
      String name = reader.readName();
      SpanColumn column = BY_NAME.get(name);
      if (name.equals(SpanColumn.VERSION_NAME) && reader.getCurrentBsonType() == BsonType.BINARY) {
        // One of another length is refused here, and never taken for an absent one.
        row.version = SpanVersion.ofBytes(reader.readBinaryData().getData());
      } else if (column == null || reader.getCurrentBsonType() == BsonType.NULL) {
        reader.skipValue(); // another program's
      } else {
        row.values.put(column, read(reader, column));
      }
    }
    reader.readEndDocument();
    return row;
  }

  private static Object read(BsonReader reader, SpanColumn column) {
    return switch (column.type()) {
      case TEXT -> reader.readString();
      case NUMBER ->
          column.scale() == 0
              ? FixedPoint.ofUnits(column, reader.readInt64())
              : FixedPoint.checked(column, reader.readDecimal128().bigDecimalValue());
      case FLAG -> reader.readBoolean();
      case JSON -> Json.ofStored(reader.readString());
      case TIME -> EpochNanos.toInstant(reader.readInt64());
      case TEXT_LIST -> {
        List<String> elements = new ArrayList<>();
        reader.readStartArray();
        while (reader.readBsonType() != BsonType.END_OF_DOCUMENT) {
          elements.add(reader.readString());
        }
        reader.readEndArray();
        yield elements;
      }
    };
  }
}
