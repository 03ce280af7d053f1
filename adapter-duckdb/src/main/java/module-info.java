/** Spans in DuckDB, found by the service loader. */
module dev.tracekeep.adapter.duckdb {
  requires dev.tracekeep.jdbc;
  requires duckdb.jdbc;
  requires jdk.management;
  requires org.slf4j;
  requires static org.jspecify;

  provides dev.tracekeep.storage.StorageProvider with
      dev.tracekeep.adapter.duckdb.DuckDbProvider;
}
