/** What adapters of SQL engines share. */
module dev.tracekeep.jdbc {
  requires dev.failsafe.core;
  requires transitive dev.tracekeep.core;
  requires transitive java.sql;
  requires static transitive org.jspecify;
  requires org.slf4j;

  exports dev.tracekeep.jdbc;
}
