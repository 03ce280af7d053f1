package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.ClickHouseClient.RowConsumer;
import dev.tracekeep.dedupe.MigratorLease;
import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.dedupe.TableIdentity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The statements of one migrator, each after a look at whether it still has the lock. */
final class MigratorSession {
  /** What counting a table rests on. Another system's columns may be called like our aliases. */
  static final Map<String, String> PLANNING =
      Map.of(
          "max_bytes_before_external_group_by", "1073741824",
          "prefer_column_name_to_alias", "1");

  /**
   * What the statements rest on. Groups and sorts go to the server's disk before they take more
   * than a gigabyte; inserts are neither queued nor taken for a retry, nor merged on their way.
   */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "async_insert", "0",
          "insert_deduplicate", "0",
          "optimize_on_insert", "0",
          "max_bytes_before_external_sort", "1073741824",
          "max_partitions_per_insert_block", "0",
          "join_use_nulls", "0",
          "transform_null_in", "0",
          // What is dropped was counted before; a table of this size needs no other consent.
          "max_table_size_to_drop", "0",
          "max_partition_size_to_drop", "0");

  private final ClickHouseClient client;
  private final MigratorLock lock;
  private final Map<String, String> settings;

  MigratorSession(ClickHouseClient client, MigratorLock lock, TableIdentity table) {
    this.client = client;
    this.lock = lock;
    this.settings = new HashMap<>(SETTINGS);
    settings.putAll(PLANNING);
    settings.put("log_comment", comment(table));
  }

  private static String comment(TableIdentity table) {
    return "tracekeep migration of " + table;
  }

  /** Waits for its turn, and for the statements that a killed migrator left behind. */
  static MigratorLock lock(MigratedTable table, Duration patience) throws Exception {
    TableIdentity identity = table.identity();
    MigratorClaims claims =
        new MigratorClaims(table.client(), table.database(), table.name(), patience);
    claims.createIfAbsent();
    long deadline = System.nanoTime() + patience.toNanos();
    MigratorLease lease = MigratorLease.take(identity, claims, patience);
    try {
      while (leftBehind(table) > 0) {
        if (System.nanoTime() - deadline > 0) {
          throw MigratorLock.taken(identity, "a statement of an interrupted migration");
        }
        TimeUnit.MILLISECONDS.sleep(200);
      }
    } catch (Exception e) {
      lease.close();
      throw e;
    }
    return lease;
  }

  /** A statement whose sender was killed runs on: nobody tells the server. */
  private static long leftBehind(MigratedTable table) throws Exception {
    return table
        .client()
        .number(
            "SELECT count() FROM system.processes WHERE Settings['log_comment'] = "
                + SqlText.literal(comment(table.identity())));
  }

  void execute(String sql) throws Exception {
    lock.keep();
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
    lock.keep();
    client.forEachLong(sql, settings, consumer);
  }

  ClickHouseClient client() {
    return client;
  }
}
