/** The way in for programs: the pipeline and its dead-letter log. */
module dev.tracekeep.ingest {
  requires transitive dev.tracekeep.core;
  requires static micrometer.core;
  requires static transitive org.jspecify;
  requires org.slf4j;

  exports dev.tracekeep.ingest;
}
