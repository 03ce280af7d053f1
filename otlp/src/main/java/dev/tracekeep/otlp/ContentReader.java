package dev.tracekeep.otlp;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Reads one input: finds out what it is, takes off one layer of packing after the other, and gives
 * the content to the reader of its encoding. Not thread-safe.
 */
final class ContentReader {
  /** A file of a file of a file is an accident; one without end is an attack. */
  private static final int MAX_LAYERS = 4;

  private final Delivery delivery;
  private final int maxMessageBytes;
  private final @Nullable Executor decoders;

  ContentReader(Delivery delivery, int maxMessageBytes, @Nullable Executor decoders) {
    this.delivery = delivery;
    this.maxMessageBytes = maxMessageBytes;
    this.decoders = decoders;
  }

  void read(RawInput in) throws IOException {
    read(in, 0);
  }

  private void read(RawInput in, int layers) throws IOException {
    InputFormat format = InputFormat.of(in);
    if (layers > MAX_LAYERS) {
      delivery.refused(0, "the input is packed more than " + MAX_LAYERS + " times");
      return;
    }
    switch (format) {
      case EMPTY -> delivery.warning(0, OtlpReader.EMPTY);
      case TEXT, SEQUENCE -> {
        in.skipPeeked(InputFormat.byteOrderMarkLength(in.peek(3)));
        boolean isSequence = format == InputFormat.SEQUENCE;
        new JsonInput(in, assembler(), delivery, maxMessageBytes, isSequence, decoders).read();
      }
      case UTF_16LE, UTF_16BE -> {
        boolean isMarked = in.peek(1)[0] < 0;
        in.skipPeeked(isMarked ? 2 : 0);
        InputStream utf8 =
            new Utf16Input(
                in,
                format == InputFormat.UTF_16LE
                    ? StandardCharsets.UTF_16LE
                    : StandardCharsets.UTF_16BE);
        read(inner(utf8), layers + 1);
      }
      case PROTOBUF -> readProtobuf(in);
      case GZIP -> readGzip(in, layers);
      case ZSTD -> readUnpacked(UnpackedInput.zstd(in), layers);
      case SNAPPY -> readUnpacked(UnpackedInput.snappy(in), layers);
      case FRAMES -> readFrames(in, layers);
    }
  }

  private RequestAssembler assembler() {
    return new RequestAssembler(delivery);
  }

  private static RawInput inner(InputStream in) {
    return new RawInput(in, bytes -> {});
  }

  private void readGzip(RawInput in, int layers) throws IOException {
    try (GzipInput unpacked = new GzipInput(in)) {
      read(inner(unpacked), layers + 1);
      reportDamage(unpacked.damage());
    } catch (EOFException truncated) {
      delivery.refused(0, "the input is truncated: the gzip data end in their header");
    } catch (ZipException corrupt) {
      delivery.refused(0, "the input is damaged: its gzip header is corrupt");
    }
  }

  private void readUnpacked(UnpackedInput unpacked, int layers) throws IOException {
    read(inner(unpacked), layers + 1);
    reportDamage(unpacked.damage());
  }

  private void reportDamage(@Nullable String damage) {
    if (damage != null) {
      delivery.refused(0, "the input " + damage);
    }
  }

  private void readFrames(RawInput in, int layers) throws IOException {
    long number = 0;
    while (true) {
      byte[] header = in.peek(InputFormat.FRAME_HEADER_BYTES);
      if (header.length == 0) {
        break;
      }
      number++;
      long length =
          header.length < InputFormat.FRAME_HEADER_BYTES ? -1 : InputFormat.frameLength(header);
      if (length < 0) {
        delivery.place("");
        delivery.refused(0, "the input is truncated in the length of its message " + number);
        break;
      }
      in.skipPeeked(InputFormat.FRAME_HEADER_BYTES);
      delivery.place("message " + number);
      LimitedInput message = new LimitedInput(in, length);
      if (length > 0) {
        int size = (int) Math.max(2 * InputFormat.HEAD_BYTES, Math.min(length, RawInput.SIZE));
        read(new RawInput(message, bytes -> {}, size), layers + 1);
      }
      if (!message.skipRest()) {
        delivery.refused(0, "the input ends in the middle of it");
        break;
      }
    }
    delivery.place("");
  }

  private void readProtobuf(RawInput in) throws IOException {
    RequestAssembler assembler = assembler();
    long before = delivery.delivered();
    try {
      new ProtobufRequestReader(in, assembler, delivery, maxMessageBytes).readAll();
    } catch (InvalidProtocolBufferException damaged) {
      long kept = delivery.delivered() - before;
      delivery.refused(
          0,
          (kept == 0
                  ? "the input is no OTLP: it is no JSON, and as protobuf it is damaged or truncated"
                      + " before its first span: "
                  : "the input is damaged or truncated; the spans before it were kept ("
                      + kept
                      + "): ")
              + ProtobufRequestReader.reason(damaged)
              + assembler.abandon());
    }
  }
}
