package dev.tracekeep.server;

import com.google.protobuf.CodedOutputStream;
import dev.tracekeep.otlp.OtlpEncoding;
import dev.tracekeep.span.Json;
import io.opentelemetry.proto.collector.trace.v1.ExportTracePartialSuccess;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * The bodies of answers. {@code google.rpc.Status} and {@code RetryInfo} are three fields each and
 * are written by hand: their classes would come with two megabytes of others.
 */
final class Answers {
  /** When a refused request may come again, in seconds. */
  static final int RETRY_AFTER_SECONDS = 1;

  private static final String RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";

  private Answers() {}

  /** Writes a message. */
  @FunctionalInterface
  private interface Writer {
    void write(CodedOutputStream out) throws IOException;
  }

  private static byte[] message(Writer writer) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(bytes);
      writer.write(out);
      out.flush();
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // an array does not fail
    }
  }

  /** An {@code ExportTraceServiceResponse}; partial success is unset where all went well. */
  static byte[] success(Receiver.Answer answer, OtlpEncoding encoding) {
    boolean partial = answer.rejected() > 0 || !answer.message().isEmpty();
    if (encoding == OtlpEncoding.JSON) {
      Json.ObjectBuilder document = Json.objectBuilder();
      if (partial) {
        // Numbers of 64 bits are texts in the JSON of protobuf; zeros are left out.
        Json.ObjectBuilder success = Json.objectBuilder();
        if (answer.rejected() > 0) {
          success.put("rejectedSpans", Long.toString(answer.rejected()));
        }
        document.put("partialSuccess", success.put("errorMessage", answer.message()).build());
      }
      return document.build().text().getBytes(StandardCharsets.UTF_8);
    }
    ExportTraceServiceResponse.Builder response = ExportTraceServiceResponse.newBuilder();
    if (partial) {
      response.setPartialSuccess(
          ExportTracePartialSuccess.newBuilder()
              .setRejectedSpans(answer.rejected())
              .setErrorMessage(answer.message()));
    }
    return response.build().toByteArray();
  }

  /** A {@code google.rpc.Status}; one that may be tried again says when. */
  static byte[] status(Refusal refusal, OtlpEncoding encoding) {
    int code = refusal.kind().grpc;
    boolean retry = refusal.kind() == Refusal.Kind.UNAVAILABLE;
    if (encoding == OtlpEncoding.JSON) {
      Json.ObjectBuilder document =
          Json.objectBuilder().put("code", code).put("message", refusal.text());
      return document.build().text().getBytes(StandardCharsets.UTF_8);
    }
    return message(
        status -> {
          status.writeInt32(1, code);
          status.writeString(2, refusal.text());
          if (retry) {
            status.writeByteArray(3, retryInfo());
          }
        });
  }

  /** A {@code google.protobuf.Any} of a {@code google.rpc.RetryInfo}. */
  private static byte[] retryInfo() {
    byte[] delay = message(duration -> duration.writeInt64(1, RETRY_AFTER_SECONDS));
    byte[] info = message(out -> out.writeByteArray(1, delay));
    return message(
        any -> {
          any.writeString(1, RETRY_INFO);
          any.writeByteArray(2, info);
        });
  }
}
