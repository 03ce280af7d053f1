package dev.tracekeep.cli;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.ObservabilityStorage;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which table a migration is about. */
final class MigrationTarget {
  @Option(
      names = "--table",
      paramLabel = "NAME",
      order = 80,
      description = "Another table of this database, as name or schema.name.")
  private @Nullable String table;

  @Mixin private StoreOptions store = new StoreOptions();

  /** Opens the store, and gives its migration to the work; closes it again. */
  int with(CommandContext context, ToIntFunction<DedupeMigration> work) {
    try (ObservabilityStorage storage = store.openUninitialized(context)) {
      if (table != null) {
        return work.applyAsInt(storage.migration(SpanTable.named(table)));
      }
      Health health = storage.check();
      StoreOptions.requireUp(health);
      if (health.schema() == Health.SchemaState.ABSENT) {
        throw new CommandFailure(
            ExitCode.NOT_FOUND,
            "There is no span table yet in "
                + store.displayedUrl(context)
                + ", so there is nothing to migrate. --table names another table.");
      }
      return work.applyAsInt(storage.migration());
    }
  }

  /** The migration of that id, or a failure that says which ones there are. */
  static MigrationRecord find(DedupeMigration migration, String migrationId) {
    return migration.history().stream()
        .filter(known -> known.migrationId().equals(migrationId))
        .findFirst()
        .orElseThrow(
            () ->
                new CommandFailure(
                    ExitCode.NOT_FOUND,
                    "There is no migration "
                        + migrationId
                        + " of this table. 'tracekeep migrate list' shows those that are there."));
  }

  /** What has to be added to the next command so that it means the same table and store. */
  String repeated() {
    return (table == null ? "" : " --table " + table) + store.repeated();
  }
}
