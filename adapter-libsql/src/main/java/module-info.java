/** Spans in libSQL and SQLite, found by the service loader. */
module dev.tracekeep.adapter.libsql {
  requires dev.failsafe.core;
  requires dev.tracekeep.jdbc;
  requires java.net.http;
  requires org.slf4j;
  requires org.xerial.sqlitejdbc;
  requires tools.jackson.core;
  requires static org.jspecify;

  provides dev.tracekeep.storage.StorageProvider with
      dev.tracekeep.adapter.libsql.LibSqlProvider;
}
