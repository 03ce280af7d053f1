package dev.tracekeep.server;

import dev.tracekeep.otlp.OtlpEncoding;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * OTLP by gRPC: its unary calls, by the protocol's description "gRPC over HTTP2". A message has one
 * byte that says whether it is packed and four of its length in front. Thread-safe.
 */
final class GrpcHandler extends Handler.Abstract {
  private static final String COLLECTOR = "/opentelemetry.proto.collector.";
  private static final int HEADER_BYTES = 5;
  private static final String MESSAGE = "grpc-message";
  private static final String STATUS = "grpc-status";

  private final Receiver receiver;
  private final Gate gate;
  private final OtherSignals otherSignals;
  private final ServerMetrics metrics;

  GrpcHandler(Receiver receiver, Gate gate, OtherSignals otherSignals, ServerMetrics metrics) {
    this.receiver = receiver;
    this.gate = gate;
    this.otherSignals = otherSignals;
    this.metrics = metrics;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    String type = String.valueOf(request.getHeaders().get(HttpHeader.CONTENT_TYPE));
    if (!type.startsWith("application/grpc")) {
      Response.writeError(
          request, response, callback, 415, "This port speaks gRPC alone; HTTP has its own.");
      return true;
    }
    Receiver.Room room = receiver.room();
    Callback closing = Callback.from(callback, room::close);
    try {
      gate.requireOwnName(request);
      call(request, room)
          .whenComplete(
              (answer, failure) -> {
                if (failure == null) {
                  succeed(response, closing, answer);
                } else {
                  refuse(response, closing, receiver.refusal(failure));
                }
              });
    } catch (RuntimeException e) {
      refuse(response, closing, receiver.refusal(e));
    }
    return true;
  }

  private CompletionStage<Receiver.Answer> call(Request request, Receiver.Room room) {
    String tenant = gate.tenantOfWriter(request);
    String signal =
        switch (Request.getPathInContext(request)) {
          case COLLECTOR + "trace.v1.TraceService/Export" -> "";
          case COLLECTOR + "metrics.v1.MetricsService/Export" -> "metrics";
          case COLLECTOR + "logs.v1.LogsService/Export" -> "logs";
          default -> throw new Refusal(Refusal.Kind.NOT_FOUND, "there is no such method here");
        };
    if (!signal.isEmpty()) {
      otherSignals.accept(signal);
    }
    String packed = String.valueOf(request.getHeaders().get("grpc-encoding"));
    return Receiver.body(request, receiver.maxRequestBytes() + HEADER_BYTES)
        .thenCompose(
            body -> {
              room.need(2L * body.length);
              byte[] message = message(body);
              if (!signal.isEmpty()) {
                return CompletableFuture.completedStage(new Receiver.Answer(0, ""));
              }
              return receiver.receive(
                  message, packing(body[0], packed), OtlpEncoding.PROTOBUF, tenant, room);
            });
  }

  private static byte[] message(byte[] body) {
    if (body.length < HEADER_BYTES
        || ByteBuffer.wrap(body).getInt(1) != body.length - HEADER_BYTES) {
      throw new Refusal(
          Refusal.Kind.MALFORMED, "a unary call has one message, as long as its header says");
    }
    return Arrays.copyOfRange(body, HEADER_BYTES, body.length);
  }

  private static Receiver.Packing packing(byte flag, String encoding) {
    if (flag == 0) {
      return Receiver.Packing.NONE;
    }
    return switch (encoding) {
      case "gzip" -> Receiver.Packing.GZIP;
      case "deflate" -> Receiver.Packing.DEFLATE;
      default ->
          throw new Refusal(
              Refusal.Kind.UNSUPPORTED, "messages may be packed by gzip or deflate alone");
    };
  }

  private void succeed(Response response, Callback callback, Receiver.Answer answer) {
    metrics.answered("grpc", 0);
    byte[] message = Answers.success(answer, OtlpEncoding.PROTOBUF);
    ByteBuffer body = ByteBuffer.allocate(HEADER_BYTES + message.length);
    body.put((byte) 0).putInt(message.length).put(message).flip();
    response.setStatus(200);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/grpc");
    HttpFields trailers = HttpFields.build().put(STATUS, "0").asImmutable();
    response.setTrailersSupplier(() -> trailers);
    response.write(true, body, callback);
  }

  /** Answers with the headers alone ("Trailers-Only"), which then have the status. */
  private void refuse(Response response, Callback callback, Refusal refusal) {
    metrics.answered("grpc", refusal.kind().grpc);
    response.setStatus(200);
    HttpFields.Mutable headers = response.getHeaders();
    headers.put(HttpHeader.CONTENT_TYPE, "application/grpc");
    headers.put(STATUS, Integer.toString(refusal.kind().grpc));
    headers.put(MESSAGE, percentEncoded(refusal.text()));
    if (refusal.kind() == Refusal.Kind.UNSUPPORTED) {
      headers.put("grpc-accept-encoding", "identity,deflate,gzip");
    }
    headers.put(
        "grpc-status-details-bin",
        Base64.getEncoder()
            .withoutPadding()
            .encodeToString(Answers.status(refusal, OtlpEncoding.PROTOBUF)));
    response.write(true, ByteBuffer.allocate(0), callback);
  }

  /** UTF-8 in which all but printable ASCII, and the percent sign, are written as {@code %XX}. */
  static String percentEncoded(String text) {
    StringBuilder out = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      if (b >= ' ' && b <= '~' && b != '%') {
        out.append((char) b);
      } else {
        out.append(String.format(Locale.ROOT, "%%%02X", b));
      }
    }
    return out.toString();
  }
}
