/** The span model, the store that users hold, and what adapters are built on. */
module dev.tracekeep.core {
  requires com.dynatrace.hash4j;
  requires static transitive org.jspecify;
  requires org.slf4j;

  exports dev.tracekeep.conventions;
  exports dev.tracekeep.dedupe;
  exports dev.tracekeep.document;
  exports dev.tracekeep.migration;
  exports dev.tracekeep.span;
  exports dev.tracekeep.storage;
  exports dev.tracekeep.storage.spi;
  exports dev.tracekeep.text;

  uses dev.tracekeep.storage.StorageProvider;
}
