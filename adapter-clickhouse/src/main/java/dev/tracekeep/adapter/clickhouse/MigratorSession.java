package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.ClickHouseClient.RowConsumer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The statements of one migrator, each after a look at whether it still has the lease. */
final class MigratorSession implements AutoCloseable {
  /**
   * What the statements rest on. Groups and sorts go to the server's disk before they take more
   * than a gigabyte; inserts are neither queued nor taken for a retry, nor merged on their way.
   */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "async_insert", "0",
          "insert_deduplicate", "0",
          "optimize_on_insert", "0",
          "max_bytes_before_external_group_by", "1073741824",
          "max_bytes_before_external_sort", "1073741824",
          "max_partitions_per_insert_block", "0",
          "join_use_nulls", "0",
          "transform_null_in", "0",
          // What is dropped was counted before; a table of this size needs no other consent.
          "max_table_size_to_drop", "0",
          "max_partition_size_to_drop", "0");

  private final ClickHouseClient client;
  private final MigratorLease lease;
  private final Map<String, String> settings;

  private MigratorSession(ClickHouseClient client, MigratorLease lease, String comment) {
    this.client = client;
    this.lease = lease;
    this.settings = new HashMap<>(SETTINGS);
    settings.put("log_comment", comment);
  }

  /** Waits for its turn, as {@link MigratorLease#take}. */
  static MigratorSession open(MigratedTable table, Duration patience) throws Exception {
    String comment = "tracekeep migration of " + table.qualified(table.name());
    return new MigratorSession(
        table.client(),
        MigratorLease.take(table.client(), table.database(), table.name(), comment, patience),
        comment);
  }

  void execute(String sql) throws Exception {
    lease.keep();
    client.executeLong(sql, settings);
  }

  /** The integers of an answer of one row. */
  List<Long> numbers(String sql, int columns) throws Exception {
    List<Long> numbers = new ArrayList<>();
    forEach(
        sql,
        row -> {
          for (int i = 0; i < columns; i++) {
            numbers.add(row.number());
          }
        });
    return numbers;
  }

  long number(String sql) throws Exception {
    return numbers(sql, 1).get(0);
  }

  void forEach(String sql, RowConsumer consumer) throws Exception {
    lease.keep();
    client.forEachLong(sql, settings, consumer);
  }

  ClickHouseClient client() {
    return client;
  }

  @Override
  public void close() {
    lease.close();
  }
}
