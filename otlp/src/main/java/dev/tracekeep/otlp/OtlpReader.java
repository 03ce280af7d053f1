package dev.tracekeep.otlp;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.tracekeep.conventions.Conventions;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.StorageConfig;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads spans from OTLP. The input's content says what it is: an {@code ExportTraceServiceRequest}
 * as protobuf, as a JSON document, as JSON lines or as records of RFC 7464, or any of them behind
 * lengths of four bytes as the Collector's file exporter writes them; each as it is or in gzip,
 * zstd or framed snappy. Text is in UTF-8 or UTF-16.
 *
 * <p>The input is streamed: what is held in memory is one JSON line, or one span of a JSON document
 * or of protobuf, and each has a limit.
 *
 * <p>The spans carry the times of their writer ({@code createdAt} is the start, {@code updatedAt}
 * the end) and nothing of this machine, so that reading an input again gives equal spans. How
 * attributes become fields is written in docs/otlp.md.
 *
 * <p>Immutable and thread-safe; each call of {@link #read} is for itself.
 */
public final class OtlpReader {
  /** The longest JSON line, or span in protobuf, if nothing is said: 64 MiB. */
  public static final int DEFAULT_MAX_MESSAGE_BYTES = 64 << 20;

  static final String EMPTY = "the input is empty: there is nothing to import";

  static final String NO_OTLP =
      "the input is no OTLP: neither JSON nor protobuf of an ExportTraceServiceRequest, nor gzip,"
          + " zstd or snappy of one";

  private final String tenant;
  private final long maxSpanBytes;
  private final int maxMessageBytes;
  private final Conventions conventions;
  private final JsonFactory jsonFactory;

  private OtlpReader(Builder builder) {
    this.tenant = builder.tenant;
    this.maxSpanBytes = builder.maxSpanBytes;
    this.maxMessageBytes = builder.maxMessageBytes;
    this.conventions = builder.conventions;
    this.jsonFactory = JsonInput.factory(maxMessageBytes);
  }

  /** A builder in which everything has its default. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Reads the input to its end. What is wrong with the input is no exception but a problem that the
   * handler gets; everything else is read nevertheless.
   *
   * @param in the input; it is not closed
   * @param sourceName what to call the input in problems, for example the file's name
   * @param handler takes spans and problems, in the order of the input
   * @throws IOException if {@code in} cannot be read
   */
  public void read(InputStream in, String sourceName, OtlpHandler handler) throws IOException {
    readWith(null, in, sourceName, handler);
  }

  /**
   * The same with the help of other threads, which decode lines of JSON while this one reads on.
   * The handler is still called by this thread alone, in the order of the input, and gets the same;
   * but what was read may reach it only once more has been read, so this is not for an input that
   * comes bit by bit. Some 4 MiB of text are decoded ahead at most.
   *
   * @param decoders runs what it is given on threads of its own; if it throws, so does this
   */
  public void read(InputStream in, String sourceName, OtlpHandler handler, Executor decoders)
      throws IOException {
    readWith(Objects.requireNonNull(decoders, "decoders"), in, sourceName, handler);
  }

  /**
   * Reads the body of one request, as a receiver gets it: unpacked, whole, and in the encoding that
   * its sender names. What is wrong with single spans costs them alone and is a problem; a body
   * that is damaged is refused as a whole, because its sender can tell and send it again. That a
   * request has no spans is no problem.
   *
   * @param problems takes the problems, in the order of the body
   * @return the spans, in the order of the body
   * @throws MalformedRequestException if the body is no request
   */
  public List<Span> readRequest(
      byte[] body, OtlpEncoding encoding, Consumer<? super OtlpProblem> problems)
      throws MalformedRequestException {
    List<Span> spans = new ArrayList<>();
    Delivery delivery =
        new Delivery(
            "request",
            new OtlpHandler() {
              @Override
              public void onSpan(Span span) {
                spans.add(span);
              }

              @Override
              public void onProblem(OtlpProblem problem) {
                if (!problem.message().equals(JsonRequestReader.NO_SPANS)) {
                  problems.accept(problem);
                }
              }
            },
            new SpanMapper(tenant, conventions),
            maxSpanBytes);
    RequestAssembler assembler = new RequestAssembler(delivery);
    switch (encoding) {
      case PROTOBUF -> readProtobuf(body, assembler, delivery);
      case JSON -> new LineDecoder(jsonFactory, assembler, delivery).readBody(body);
    }
    delivery.finish();
    return spans;
  }

  private void readProtobuf(byte[] body, RequestAssembler assembler, Delivery delivery)
      throws MalformedRequestException {
    try {
      new ProtobufRequestReader(
              new ByteArrayInputStream(body), assembler, delivery, maxMessageBytes)
          .readAll();
    } catch (InvalidProtocolBufferException damaged) {
      throw new MalformedRequestException(
          "the body is no ExportTraceServiceRequest in protobuf: "
              + ProtobufRequestReader.reason(damaged));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // an array does not fail
    }
  }

  private void readWith(
      @Nullable Executor decoders, InputStream in, String sourceName, OtlpHandler handler)
      throws IOException {
    Delivery delivery =
        new Delivery(
            Objects.requireNonNull(sourceName, "sourceName"),
            Objects.requireNonNull(handler, "handler"),
            new SpanMapper(tenant, conventions),
            maxSpanBytes);
    try {
      new ContentReader(delivery, maxMessageBytes, decoders)
          .read(new RawInput(in, handler::onBytes));
    } catch (IOException failed) {
      delivery.finish();
      throw failed;
    }
    delivery.finish();
  }

  /** Sets how an input is read. Not thread-safe. */
  public static final class Builder {
    private String tenant = SpanKey.DEFAULT_TENANT;
    private long maxSpanBytes = StorageConfig.DEFAULT_MAX_SPAN_BYTES;
    private int maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES;
    private Conventions conventions = Conventions.standard();

    private Builder() {}

    /** Sets the tenant of all spans; {@link SpanKey#DEFAULT_TENANT} if never called. */
    public Builder tenant(String value) {
      tenant = Objects.requireNonNull(value, "tenant");
      return this;
    }

    /**
     * Sets how many bytes of text and JSON a span may have; {@link
     * StorageConfig#DEFAULT_MAX_SPAN_BYTES} if never called. It should be the limit of the store.
     */
    public Builder maxSpanBytes(long value) {
      maxSpanBytes = positive(value, "maxSpanBytes");
      return this;
    }

    /**
     * Sets how many bytes a JSON line, or a span in protobuf, may have; {@link
     * #DEFAULT_MAX_MESSAGE_BYTES} if never called. It bounds the memory that reading takes.
     */
    public Builder maxMessageBytes(int value) {
      // Two bytes are for the reader of lines, and arrays end a little below the greatest int.
      maxMessageBytes = (int) Math.min(positive(value, "maxMessageBytes"), Integer.MAX_VALUE - 16);
      return this;
    }

    /** Sets what attributes mean; {@link Conventions#standard()} if never called. */
    public Builder conventions(Conventions value) {
      conventions = Objects.requireNonNull(value, "conventions");
      return this;
    }

    private static long positive(long value, String name) {
      if (value <= 0) {
        throw new IllegalArgumentException(name + " is " + value + ": it must be positive");
      }
      return value;
    }

    /**
     * The immutable reader.
     *
     * @throws dev.tracekeep.span.InvalidSpanException if the tenant is not 1 to 128 printable ASCII
     *     characters
     */
    public OtlpReader build() {
      new SpanKey(tenant, "0", "0"); // Refuses a bad tenant now, not at each span.
      return new OtlpReader(this);
    }
  }
}
