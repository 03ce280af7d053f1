/** Spans in PostgreSQL, found by the service loader. */
module dev.tracekeep.adapter.pg {
  requires com.zaxxer.hikari;
  requires dev.tracekeep.jdbc;
  requires org.postgresql.jdbc;
  requires org.slf4j;
  requires static org.jspecify;

  provides dev.tracekeep.storage.StorageProvider with
      dev.tracekeep.adapter.pg.PgProvider;
}
