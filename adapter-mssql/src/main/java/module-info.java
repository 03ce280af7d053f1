/** Spans in SQL Server, found by the service loader. */
module dev.tracekeep.adapter.mssql {
  requires com.microsoft.sqlserver.jdbc;
  requires com.zaxxer.hikari;
  requires dev.tracekeep.jdbc;
  requires org.slf4j;
  requires static org.jspecify;

  provides dev.tracekeep.storage.StorageProvider with
      dev.tracekeep.adapter.mssql.MsSqlProvider;
}
