package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.VerifyReport;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Stands in until the migration is there. */
final class ClickHouseMigration implements DedupeMigration {
  private final ClickHouseClient client;
  private final String table;

  ClickHouseMigration(
      ClickHouseClient client,
      StorageConfig config,
      @Nullable SpanTable table,
      ClickHouseFailures failures) {
    this.client = client;
    this.table = table == null ? config.table() : table.name();
  }

  boolean tableExists() throws Exception {
    return client.number(
            "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = "
                + SqlText.literal(table))
        > 0;
  }

  boolean isNeeded() throws Exception {
    return client.number(
            "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = "
                + SqlText.literal(table)
                + " AND engine LIKE '%ReplacingMergeTree'")
        == 0;
  }

  String selectBest() {
    throw notYet();
  }

  private static StorageException notYet() {
    return new StorageException(FailureKind.INVALID, "There is no migration yet", null);
  }

  @Override
  public MigrationPlan plan() {
    throw notYet();
  }

  @Override
  public MigrationReport apply(MigrationOptions options, MigrationListener listener) {
    throw notYet();
  }

  @Override
  public VerifyReport verify(String migrationId) {
    throw notYet();
  }

  @Override
  public MigrationRecord undo(String migrationId, MigrationListener listener) {
    throw notYet();
  }

  @Override
  public List<MigrationRecord> history() {
    throw notYet();
  }
}
