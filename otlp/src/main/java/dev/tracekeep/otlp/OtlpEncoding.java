package dev.tracekeep.otlp;

/** How a request of OTLP is encoded, as its content type says. */
public enum OtlpEncoding {
  /** {@code application/x-protobuf}, and the messages of gRPC. */
  PROTOBUF,
  /** {@code application/json}. */
  JSON
}
