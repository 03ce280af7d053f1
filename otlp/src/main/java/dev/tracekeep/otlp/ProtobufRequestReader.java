package dev.tracekeep.otlp;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.WireFormat;
import dev.tracekeep.conventions.AttributeJson;
import dev.tracekeep.conventions.Attributes;
import dev.tracekeep.conventions.OtelResource;
import dev.tracekeep.conventions.OtelScope;
import dev.tracekeep.span.Json;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.io.InputStream;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code ExportTraceServiceRequest} in protobuf. The outer messages are walked field by
 * field, and only resources, scopes and single spans are parsed as a whole: a request of any size
 * is read in constant memory, and a span that is damaged in itself does not hurt its neighbours.
 * Several requests behind one another are one request to protobuf. Not thread-safe.
 */
final class ProtobufRequestReader {
  /** Messages within messages; an attribute takes two levels for each array or list. */
  private static final int MAX_DEPTH = 1000;

  private static final int RESOURCE_SPANS =
      tag(ExportTraceServiceRequest.RESOURCE_SPANS_FIELD_NUMBER);
  private static final int RESOURCE = tag(ResourceSpans.RESOURCE_FIELD_NUMBER);
  private static final int SCOPE_SPANS = tag(ResourceSpans.SCOPE_SPANS_FIELD_NUMBER);

  /** What became {@code ScopeSpans} in OTLP 0.16; its fields have the same numbers. */
  private static final int INSTRUMENTATION_LIBRARY_SPANS = tag(1000);

  private static final int SCHEMA_URL = tag(ResourceSpans.SCHEMA_URL_FIELD_NUMBER);
  private static final int SCOPE = tag(ScopeSpans.SCOPE_FIELD_NUMBER);
  private static final int SPANS = tag(ScopeSpans.SPANS_FIELD_NUMBER);

  private static final String MENDED = "text that is not UTF-8 was kept with U+FFFD in its place";

  private final CodedInputStream input;
  private final RequestAssembler assembler;
  private final Delivery delivery;
  private final int maxMessageBytes;

  /** Spans seen so far: an unreadable one has no better name. */
  private long spans;

  /** Fields of the outer messages that were passed over, without schema URLs. */
  private long unknown;

  /** Reads one field of a message; returns false if the field is unknown. */
  @FunctionalInterface
  private interface Field {
    boolean read(int tag) throws IOException;
  }

  ProtobufRequestReader(
      InputStream in, RequestAssembler assembler, Delivery delivery, int maxMessageBytes) {
    this.input = CodedInputStream.newInstance(in, 1 << 16);
    this.assembler = assembler;
    this.delivery = delivery;
    this.maxMessageBytes = maxMessageBytes;
  }

  private static int tag(int fieldNumber) {
    return fieldNumber << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;
  }

  /**
   * @throws InvalidProtocolBufferException if the outer messages are damaged; what came before was
   *     delivered
   */
  void readAll() throws IOException {
    fields(
        tag -> {
          if (tag != RESOURCE_SPANS) {
            return false;
          }
          assembler.beginResource();
          message(this::readResourceSpansField);
          assembler.endResource();
          input.resetSizeCounter(); // Otherwise the stream would end after 2 GiB.
          return true;
        });
    if (spans == 0) {
      delivery.once(
          OtlpProblem.Severity.WARNING,
          0,
          JsonRequestReader.NO_SPANS
              + (unknown == 0 ? "" : ": " + unknown + " fields of it are unknown to OTLP"));
    }
  }

  private boolean readResourceSpansField(int tag) throws IOException {
    if (tag == RESOURCE) {
      Resource resource = parse(Resource.parser(), Resource.getDescriptor(), "resource");
      assembler.resource(resource == null ? OtelResource.NONE : resource(resource), 0);
    } else if (tag == SCOPE_SPANS || tag == INSTRUMENTATION_LIBRARY_SPANS) {
      assembler.beginScope();
      message(this::readScopeSpansField);
      assembler.endScope();
    } else {
      return false;
    }
    return true;
  }

  private boolean readScopeSpansField(int tag) throws IOException {
    if (tag == SCOPE) {
      InstrumentationScope scope =
          parse(InstrumentationScope.parser(), InstrumentationScope.getDescriptor(), "scope");
      assembler.scope(scope == null ? OtelScope.NONE : scope(scope), 0);
    } else if (tag == SPANS) {
      spans++;
      readSpan();
    } else {
      return false;
    }
    return true;
  }

  private void fields(Field field) throws IOException {
    for (int tag = input.readTag(); tag != 0; tag = input.readTag()) {
      if (!field.read(tag)) {
        unknown += tag == SCHEMA_URL ? 0 : 1;
        if (!input.skipField(tag)) {
          throw new InvalidProtocolBufferException("a group ends that did not begin");
        }
      }
    }
  }

  private void message(Field field) throws IOException {
    int limit = input.pushLimit(input.readRawVarint32());
    fields(field);
    input.checkLastTagWas(0);
    input.popLimit(limit);
  }

  /** Null if the message cannot be read, which was reported then. */
  private <M extends MessageLite> @Nullable M parse(Parser<M> parser, Descriptor type, String what)
      throws IOException {
    byte[] bytes = nextMessage();
    if (bytes == null) {
      delivery.warning(0, "a " + what + " was not kept: it has " + tooLong());
      return null;
    }
    try {
      return parser.parseFrom(coded(bytes));
    } catch (InvalidProtocolBufferException damaged) {
      M mended = mended(bytes, parser, type);
      delivery.warning(
          0,
          mended == null
              ? "a " + what + " was not kept: " + reason(damaged)
              : "a " + what + ": " + MENDED);
      return mended;
    }
  }

  /** The message with U+FFFD for what is not UTF-8; null if that is not all that is wrong. */
  private static <M extends MessageLite> @Nullable M mended(
      byte[] bytes, Parser<M> parser, Descriptor type) {
    try {
      ByteString mended = TextRepair.mended(ByteString.copyFrom(bytes), type);
      return parser.parseFrom(coded(mended.toByteArray()));
    } catch (InvalidProtocolBufferException stillDamaged) {
      return null; // The first exception says what is wrong; the caller reports it.
    }
  }

  private void readSpan() throws IOException {
    byte[] bytes = nextMessage();
    if (bytes == null) {
      delivery.refused(0, "span number " + spans + " of the input has " + tooLong());
      return;
    }
    try {
      Span span = Span.parser().parseFrom(coded(bytes));
      if (span.getStartTimeUnixNano() != 0 || !isOtherSignal(bytes)) {
        assembler.span(span(span, bytes.length));
      }
    } catch (InvalidProtocolBufferException damaged) {
      if (isOtherSignal(bytes)) {
        return;
      }
      Span mended = mended(bytes, Span.parser(), Span.getDescriptor());
      if (mended != null) {
        SpanFields fields = span(mended, bytes.length);
        fields.remark(MENDED);
        assembler.span(fields);
        return;
      }
      String which =
          damaged.getUnfinishedMessage() instanceof Span span
              ? Delivery.described(span(span, 0))
              : "a span";
      delivery.refused(0, which + " (number " + spans + " of the input): " + reason(damaged));
    }
  }

  /** Notes a record of another signal, which stands where a span would. */
  private boolean isOtherSignal(byte[] bytes) throws IOException {
    String signal = OtherSignals.of(bytes);
    if (signal != null) {
      delivery.once(OtlpProblem.Severity.OTHER_SIGNAL, 0, signal);
    }
    return signal != null;
  }

  private String tooLong() {
    return "more than " + maxMessageBytes + " bytes, the limit";
  }

  /** What is wrong, in words for the owner of the input instead of the caller of the library. */
  static String reason(InvalidProtocolBufferException damaged) {
    String message = String.valueOf(damaged.getMessage());
    if (message.contains("too many levels")) {
      return "it nests values more than " + MAX_DEPTH + " messages deep";
    }
    if (message.contains("UTF-8")) {
      return "it has a string that is not UTF-8";
    }
    return message.contains("truncated") || message.contains("ended unexpectedly")
        ? "it ends too early"
        : "it is no well-formed protobuf";
  }

  private static CodedInputStream coded(byte[] bytes) {
    CodedInputStream coded = CodedInputStream.newInstance(bytes);
    coded.setRecursionLimit(MAX_DEPTH);
    return coded;
  }

  /** The bytes of the message that comes next; null if they are too many and were skipped. */
  private byte @Nullable [] nextMessage() throws IOException {
    int length = input.readRawVarint32();
    if (length > maxMessageBytes) {
      input.skipRawBytes(length);
      return null;
    }
    return input.readRawBytes(length);
  }

  private static OtelResource resource(Resource resource) {
    return OtelResource.of(
        attributes(resource.getAttributesList()),
        Integer.toUnsignedLong(resource.getDroppedAttributesCount()));
  }

  private static OtelScope scope(InstrumentationScope scope) {
    return OtelScope.of(
        scope.getName(),
        scope.getVersion(),
        attributes(scope.getAttributesList()),
        Integer.toUnsignedLong(scope.getDroppedAttributesCount()));
  }

  private SpanFields span(Span span, int size) {
    SpanFields fields = new SpanFields();
    fields.size = size;
    fields.traceId = hex(span.getTraceId());
    fields.spanId = hex(span.getSpanId());
    fields.parentSpanId = hex(span.getParentSpanId());
    if (size > delivery.maxSpanBytes()) {
      fields.fault = Delivery.tooLarge(delivery.maxSpanBytes());
      return fields;
    }
    fields.traceState = span.getTraceState();
    fields.flags = Integer.toUnsignedLong(span.getFlags());
    fields.name = span.getName();
    fields.kind = span.getKindValue();
    fields.startTimeUnixNano = span.getStartTimeUnixNano();
    fields.endTimeUnixNano = span.getEndTimeUnixNano();
    fields.attributes = attributes(span.getAttributesList());
    fields.droppedAttributesCount = Integer.toUnsignedLong(span.getDroppedAttributesCount());
    fields.droppedEventsCount = Integer.toUnsignedLong(span.getDroppedEventsCount());
    fields.droppedLinksCount = Integer.toUnsignedLong(span.getDroppedLinksCount());
    fields.statusCode = span.getStatus().getCodeValue();
    fields.statusMessage = span.getStatus().getMessage();
    for (Span.Event event : span.getEventsList()) {
      SpanFields.Event copy = new SpanFields.Event();
      copy.timeUnixNano = event.getTimeUnixNano();
      copy.name = event.getName();
      copy.attributes = attributes(event.getAttributesList());
      copy.droppedAttributesCount = Integer.toUnsignedLong(event.getDroppedAttributesCount());
      fields.events.add(copy);
    }
    for (Span.Link link : span.getLinksList()) {
      SpanFields.Link copy = new SpanFields.Link();
      copy.traceId = hex(link.getTraceId());
      copy.spanId = hex(link.getSpanId());
      copy.traceState = link.getTraceState();
      copy.attributes = attributes(link.getAttributesList());
      copy.droppedAttributesCount = Integer.toUnsignedLong(link.getDroppedAttributesCount());
      copy.flags = Integer.toUnsignedLong(link.getFlags());
      fields.links.add(copy);
    }
    return fields;
  }

  private static String hex(ByteString id) {
    return HexFormat.of().formatHex(id.toByteArray());
  }

  private static Attributes attributes(List<KeyValue> list) {
    if (list.isEmpty()) {
      return Attributes.none();
    }
    Attributes attributes = new Attributes();
    for (KeyValue attribute : list) {
      put(attribute.getKey(), attribute.getValue(), attributes);
    }
    return attributes;
  }

  private static void put(
      String key, io.opentelemetry.proto.common.v1.AnyValue value, Attributes attributes) {
    switch (value.getValueCase()) {
      case STRING_VALUE -> attributes.put(key, value.getStringValue());
      case BOOL_VALUE -> attributes.put(key, value.getBoolValue());
      case INT_VALUE -> attributes.put(key, value.getIntValue());
      case DOUBLE_VALUE ->
          JsonValues.keep(key, JsonValues.number(value.getDoubleValue()), attributes);
      case BYTES_VALUE ->
          attributes.put(key, JsonValues.bytes(value.getBytesValue().toByteArray()));
      case ARRAY_VALUE -> attributes.put(key, list(value.getArrayValue().getValuesList()));
      case KVLIST_VALUE ->
          attributes.put(key, AttributeJson.of(attributes(value.getKvlistValue().getValuesList())));
      default -> attributes.put(key, Json.NULL);
    }
  }

  private static Json list(List<io.opentelemetry.proto.common.v1.AnyValue> values) {
    StringBuilder out = new StringBuilder("[");
    for (io.opentelemetry.proto.common.v1.AnyValue value : values) {
      if (out.length() > 1) {
        out.append(',');
      }
      appendTo(out, value);
    }
    return Json.ofStored(out.append(']').toString());
  }

  private static void appendTo(StringBuilder out, io.opentelemetry.proto.common.v1.AnyValue value) {
    switch (value.getValueCase()) {
      case STRING_VALUE -> Json.appendString(value.getStringValue(), out);
      case BOOL_VALUE -> out.append(value.getBoolValue());
      case INT_VALUE -> out.append(value.getIntValue());
      case DOUBLE_VALUE ->
          AttributeJson.appendValue(JsonValues.number(value.getDoubleValue()), out);
      case BYTES_VALUE ->
          Json.appendString(JsonValues.bytes(value.getBytesValue().toByteArray()), out);
      case ARRAY_VALUE -> out.append(list(value.getArrayValue().getValuesList()).text());
      case KVLIST_VALUE ->
          AttributeJson.appendObject(attributes(value.getKvlistValue().getValuesList()), out);
      default -> out.append("null");
    }
  }
}
