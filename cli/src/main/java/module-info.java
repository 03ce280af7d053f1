/** The tracekeep command. */
module dev.tracekeep.cli {
  requires dev.failsafe.core;
  requires dev.tracekeep.copy;
  requires dev.tracekeep.ingest;
  requires dev.tracekeep.otlp;
  requires dev.tracekeep.server;
  requires info.picocli;
  requires java.sql;
  requires me.tongfei.progressbar;
  requires org.jline.terminal;
  requires static org.jspecify;
  requires org.slf4j;

  // picocli makes commands and fills their options by reflection.
  opens dev.tracekeep.cli to
      info.picocli;
}
