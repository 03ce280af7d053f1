package dev.tracekeep.cli;

import dev.tracekeep.migration.ColumnRole;
import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.text.Printable;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
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

  @Option(
      names = "--column",
      paramLabel = "MEANING=NAME",
      order = 81,
      description =
          "What a column of --table means, where its name does not show it: trace-id, span-id,"
              + " tenant-id, started-at, ended-at, updated-at or created-at. May be repeated.")
  private Map<String, String> columns = new LinkedHashMap<>();

  @Mixin private StoreOptions store = new StoreOptions();

  /** Opens the store, and gives its migration to the work; closes it again. */
  int with(CommandContext context, ToIntFunction<DedupeMigration> work) {
    try (ObservabilityStorage storage = store.openUninitialized(context)) {
      if (table != null) {
        return work.applyAsInt(storage.migration(named(table)));
      }
      if (!columns.isEmpty()) {
        throw new CommandFailure(
            ExitCode.USAGE, "--column is about the columns of another table: name it by --table.");
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

  /** A property of the store as it is given in this command line; null if it is not. */
  @Nullable String property(String key) {
    return store.property(key);
  }

  private SpanTable named(String name) {
    Map<ColumnRole, String> roles = new EnumMap<>(ColumnRole.class);
    columns.forEach(
        (meaning, column) ->
            roles.put(
                ColumnRole.labelled(meaning)
                    .orElseThrow(
                        () ->
                            new CommandFailure(
                                ExitCode.USAGE,
                                "--column knows no "
                                    + meaning
                                    + ", but "
                                    + Arrays.stream(ColumnRole.values())
                                        .map(ColumnRole::label)
                                        .collect(Collectors.joining(", "))
                                    + ".")),
                column));
    SpanTable said = SpanTable.named(name);
    String schema = said.schema() == null ? store.property("schema") : said.schema();
    return new SpanTable(schema, said.name(), null, roles);
  }

  /** Runs what fails with {@code INVALID} alone where the table is not there. */
  static <T> T existing(Supplier<T> work) {
    try {
      return work.get();
    } catch (StorageException e) {
      if (e.kind() == FailureKind.INVALID) {
        throw new CommandFailure(ExitCode.NOT_FOUND, e.getMessage());
      }
      if (e.kind() == FailureKind.CONFIGURATION) {
        // What the command line says of the table is wrong, or else the table can't be migrated.
        throw new CommandFailure(
            e.getCause() instanceof IllegalArgumentException
                ? ExitCode.USAGE
                : ExitCode.MIGRATION_REQUIRED,
            e.getMessage());
      }
      throw e;
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
    StringBuilder out = new StringBuilder(table == null ? "" : " --table " + table);
    columns.forEach(
        (meaning, column) -> out.append(" --column ").append(meaning).append('=').append(column));
    return Printable.line(out.toString()) + store.repeated();
  }
}
