/** The door of a store: an OTLP receiver. */
module dev.tracekeep.server {
  requires com.google.protobuf;
  requires transitive dev.tracekeep.core;
  requires org.eclipse.jetty.io;
  requires org.eclipse.jetty.http;
  requires org.eclipse.jetty.util;
  requires dev.tracekeep.otlp;
  requires io.opentelemetry.proto;
  requires static transitive org.jspecify;
  requires org.eclipse.jetty.http2.server;
  requires org.eclipse.jetty.server;
  requires org.slf4j;

  exports dev.tracekeep.server;
}
