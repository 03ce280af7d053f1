/** OTLP in all its encodings, made into spans. */
module dev.tracekeep.otlp {
  requires aircompressor;
  requires com.google.protobuf;
  requires transitive dev.tracekeep.core;
  requires io.opentelemetry.proto;
  requires static transitive org.jspecify;
  requires tools.jackson.core;

  exports dev.tracekeep.otlp;
}
