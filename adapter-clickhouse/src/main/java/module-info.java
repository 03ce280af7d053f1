/** Spans in ClickHouse, found by the service loader. */
module dev.tracekeep.adapter.clickhouse {
  requires client.v2;
  requires com.clickhouse.client;
  requires com.clickhouse.data;
  requires dev.tracekeep.core;
  requires org.apache.httpcomponents.core5.httpcore5;
  requires org.slf4j;
  requires static org.jspecify;

  provides dev.tracekeep.storage.StorageProvider with
      dev.tracekeep.adapter.clickhouse.ClickHouseProvider;
}
