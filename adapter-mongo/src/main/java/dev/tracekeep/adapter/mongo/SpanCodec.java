package dev.tracekeep.adapter.mongo;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.span.StoredSpan;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.bson.BsonBinary;
import org.bson.BsonBinaryWriter;
import org.bson.BsonReader;
import org.bson.BsonType;
import org.bson.BsonWriter;
import org.bson.codecs.Codec;
import org.bson.codecs.DecoderContext;
import org.bson.codecs.EncoderContext;
import org.bson.io.BasicOutputBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A span as a document: every present column under its name, the version, and in {@link #DERIVED}
 * what queries need beside it. Written straight into the message, without a tree of objects.
 *
 * <p>JSON is kept as its text: so it comes back letter by letter, and no name in it can be mistaken
 * for a path or an operator. Times are 64-bit nanoseconds, because BSON's dates end at
 * milliseconds.
 */
final class SpanCodec implements Codec<StoredSpan> {
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

  /** The columns and the version of a document that was read. */
  static final class Row {
    private final Map<SpanColumn, Object> values = new EnumMap<>(SpanColumn.class);
    private @Nullable SpanVersion version;

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

    /** The whole span, under the version of its content where it has none. */
    StoredSpan stored() {
      Span span = span(SpanColumn.all());
      SpanVersion known = version;
      return known == null ? StoredSpan.of(span) : new StoredSpan(span, known);
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
  public Class<StoredSpan> getEncoderClass() {
    return StoredSpan.class;
  }

  /** How many bytes the span's document has. */
  static int size(StoredSpan span) {
    try (BasicOutputBuffer buffer = new BasicOutputBuffer();
        BsonBinaryWriter writer = new BsonBinaryWriter(buffer)) {
      new SpanCodec().encode(writer, span, EncoderContext.builder().build());
      return buffer.getSize();
    }
  }

  /**
   * A number that stands for a member of a JSON object: the same for values that are equal by
   * structure. Two members can share one, so who filters by it looks again.
   */
  static long token(String name, Json value) {
    return (long) name.hashCode() << 32 | value.hashCode() & 0xFFFF_FFFFL;
  }

  @Override
  public void encode(BsonWriter writer, StoredSpan stored, EncoderContext context) {
    Span span = stored.span();
    writer.writeStartDocument();
    for (SpanColumn column : SpanColumn.all()) {
      write(writer, column.columnName(), column.read(span));
    }
    writer.writeBinaryData(SpanColumn.VERSION_NAME, new BsonBinary(stored.version().toBytes()));
    if (span.isRoot() || span.payload().error() != null) {
      writer.writeName(DERIVED);
      writeDerived(writer, span);
    }
    writer.writeEndDocument();
  }

  private static void write(BsonWriter writer, String name, @Nullable Object value) {
    if (value instanceof String text) {
      writer.writeString(name, text);
    } else if (value instanceof Instant time) {
      writer.writeInt64(name, EpochNanos.of(time));
    } else if (value instanceof Boolean flag) {
      writer.writeBoolean(name, flag);
    } else if (value instanceof Json json) {
      writer.writeString(name, json.text());
    } else if (value instanceof List<?> list) {
      writer.writeStartArray(name);
      list.forEach(element -> writer.writeString((String) element));
      writer.writeEndArray();
    }
  }

  /** Writes the value of {@link #DERIVED}, which is a document. */
  static void writeDerived(BsonWriter writer, Span span) {
    writer.writeStartDocument();
    if (span.payload().error() != null) {
      writer.writeBoolean(last(FAILED), true);
    }
    if (span.isRoot()) {
      writer.writeBoolean(last(ROOT), true);
      Instant endedAt = span.times().endedAt();
      writer.writeInt64(last(ROOT_ENDED_AT), endedAt == null ? NO_END : EpochNanos.of(endedAt));
      writeTokens(writer, last(METADATA), span.payload().metadata());
      writeTokens(writer, last(SCOPE), span.origin().scope());
    }
    writer.writeEndDocument();
  }

  private static void writeTokens(BsonWriter writer, String name, @Nullable Json object) {
    if (object == null || object.kind() != Json.Kind.OBJECT) {
      return;
    }
    SortedSet<Long> tokens = new TreeSet<>();
    object.members().forEach((member, value) -> tokens.add(token(member, value)));
    writer.writeStartArray(name);
    tokens.forEach(writer::writeInt64);
    writer.writeEndArray();
  }

  private static String last(String path) {
    return path.substring(DERIVED.length() + 1);
  }

  @Override
  public StoredSpan decode(BsonReader reader, DecoderContext context) {
    return read(reader).stored();
  }

  private static Row read(BsonReader reader) {
    Row row = new Row();
    reader.readStartDocument();
    while (reader.readBsonType() != BsonType.END_OF_DOCUMENT) {
      String name = reader.readName();
      SpanColumn column = BY_NAME.get(name);
      if (name.equals(SpanColumn.VERSION_NAME)
          && reader.getCurrentBsonType() == BsonType.BINARY
          && reader.peekBinarySize() == SpanVersion.LENGTH) {
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
