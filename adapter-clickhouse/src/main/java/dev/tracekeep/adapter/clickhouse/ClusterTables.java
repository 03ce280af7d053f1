package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.spi.TableFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The span table of a cluster: on each shard a replicated table with the rows, and over them a
 * distributed one that everything is written to and read from. A trace is on one shard, so each
 * shard tells by itself which row of a key is the newest.
 */
final class ClusterTables {
  /** The property that names the cluster. */
  static final String PROPERTY = "cluster";

  /**
   * What each request carries. An insert returns when the shards have the rows, rather than when
   * the node that was asked has put them into its queue; and a trace is looked for on its own shard
   * alone.
   */
  static final Map<String, String> SETTINGS =
      Map.of("distributed_foreground_insert", "1", "optimize_skip_unused_shards", "1");

  /** Also a macro of the server's configuration: {@code {cluster}}. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.{}-]{1,100}");

  private final String cluster;
  private final String database;
  private final String table;

  private ClusterTables(String cluster, String database, String table) {
    this.cluster = cluster;
    this.database = database;
    this.table = table;
  }

  /**
   * Looks at the name of the cluster.
   *
   * @throws ConfigurationException if a cluster cannot be called so
   */
  static void check(StorageConfig config) {
    config
        .engineProperty(PROPERTY)
        .filter(cluster -> !NAME.matcher(cluster).matches())
        .ifPresent(
            cluster -> {
              throw new ConfigurationException(
                  List.of(
                      "The property "
                          + PROPERTY
                          + " is '"
                          + cluster
                          + "': it must be the name of a cluster in remote_servers, made of letters,"
                          + " digits, '_', '-', '.', '{' and '}'."));
            });
  }

  /** The tables of a configuration; empty if it names no cluster. */
  static Optional<ClusterTables> of(StorageConfig config, String database) {
    return config
        .engineProperty(PROPERTY)
        .map(cluster -> new ClusterTables(cluster, database, config.table()));
  }

  /** The name of the table on each shard that has the rows. */
  static String localName(String table) {
    return table + "_local";
  }

  private String local() {
    return SqlText.name(localName(table)) + onCluster();
  }

  /** What a statement says behind the table's name to be run on every node. */
  String onCluster() {
    return " ON CLUSTER " + SqlText.name(cluster);
  }

  /** The statements that make the tables on every node, safe to repeat. */
  List<String> createStatements() {
    return List.of(
        "CREATE TABLE IF NOT EXISTS "
            + local()
            + " ("
            + ClickHouseTable.body()
            // Without a path and a replica's name the server takes those of its configuration,
            // which differ for a table that is made again under the same name.
            + ") ENGINE = Replicated"
            + ClickHouseTable.ENGINE
            + " ORDER BY ("
            + ClickHouseTable.key()
            + ") SETTINGS "
            + ClickHouseTable.SETTINGS
            // A batch that is written again after its traces were deleted is no retry.
            + ", replicated_deduplication_window = 0"
            + " COMMENT 'Spans of this shard: read the row of the greatest version of a key'",
        "CREATE TABLE IF NOT EXISTS "
            + SqlText.name(table)
            + onCluster()
            + " ("
            + String.join(", ", columns())
            + ") ENGINE = Distributed("
            + String.join(
                ", ",
                SqlText.literal(cluster),
                SqlText.literal(database),
                SqlText.literal(localName(table)),
                "cityHash64("
                    + SpanRows.select(List.of(SpanColumn.TENANT_ID, SpanColumn.TRACE_ID))
                    + ")")
            + ") COMMENT "
            + SqlText.literal(
                TableFormat.commentWith(
                    "Spans of all shards, a trace on one: read the row of the greatest version of a"
                        + " key")));
  }

  private static List<String> columns() {
    List<String> columns = new ArrayList<>();
    SpanColumn.all().forEach(column -> columns.add(ClickHouseTable.definition(column)));
    columns.addAll(ClickHouseTable.ownDefinitions());
    return columns;
  }

  /** The statement that deletes rows on every shard. */
  String deleteStatement(String condition) {
    return "DELETE FROM " + local() + " WHERE " + condition;
  }

  /** The statement that empties the table on every shard. */
  String truncateStatement() {
    return "TRUNCATE TABLE " + SqlText.name(localName(table)) + onCluster();
  }
}
