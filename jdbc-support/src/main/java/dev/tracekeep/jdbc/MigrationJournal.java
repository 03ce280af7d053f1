package dev.tracekeep.jdbc;

import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The table {@value #NAME}: what every migration set out to do and how far it came. Written in the
 * same transactions as the rows, so a killed migration is found as it was.
 */
final class MigrationJournal {
  static final String NAME = "tracekeep_migrations";

  private static final List<String> COLUMNS =
      List.of(
          "migration_id",
          "table_name",
          "state",
          "started_at",
          "finished_at",
          "key_columns",
          "table_columns",
          "added_columns",
          "constraint_before",
          "rows_before",
          "hash_before",
          "rows_after",
          "hash_after",
          "duplicate_groups");

  private final MigrationDialect engine;
  private final SpanTable table;
  private final String name;

  /** What is written down about one migration. */
  record Entry(
      String migrationId,
      State state,
      Instant startedAt,
      @Nullable Instant finishedAt,
      List<String> keyColumns,
      List<String> tableColumns,
      List<String> addedColumns,
      ConstraintState constraintBefore,
      long rowsBefore,
      @Nullable String hashBefore,
      long rowsAfter,
      @Nullable String hashAfter,
      long duplicateGroups) {

    MigrationRecord toRecord(String table, long rowsArchived) {
      return new MigrationRecord(
          migrationId,
          table,
          state,
          startedAt,
          finishedAt,
          rowsBefore,
          rowsArchived,
          duplicateGroups);
    }
  }

  MigrationJournal(MigrationDialect engine, SpanTable table) {
    this.engine = engine;
    this.table = table;
    this.name = engine.qualified(table, NAME);
  }

  boolean exists(Connection connection) throws SQLException {
    return !engine.columns(connection, table.schema(), NAME).isEmpty();
  }

  void createIfAbsent(Connection connection) throws SQLException {
    if (exists(connection)) {
      return;
    }
    String text = engine.dialect().columnType(SpanColumn.NAME);
    String definitions =
        COLUMNS.stream()
            .map(
                column ->
                    engine.dialect().quote(column)
                        + (column.startsWith("rows_") || column.equals("duplicate_groups")
                            ? " BIGINT"
                            : " " + text))
            .collect(Collectors.joining(", "));
    new SqlStatement("CREATE TABLE " + name + " (" + definitions + ")").execute(connection);
  }

  void insert(Connection connection, Entry entry) throws SQLException {
    new SqlStatement(
            "INSERT INTO "
                + name
                + " ("
                + quoted(COLUMNS)
                + ") VALUES (?, ?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, 0, NULL, ?)",
            entry.migrationId(),
            table.toString(),
            entry.state().name(),
            entry.startedAt().toString(),
            write(entry.keyColumns()),
            write(entry.tableColumns()),
            write(entry.addedColumns()),
            entry.constraintBefore().name(),
            entry.rowsBefore(),
            entry.hashBefore() == null ? "0" : entry.hashBefore(),
            entry.duplicateGroups())
        .execute(connection);
  }

  void finish(
      Connection connection, String migrationId, long rowsAfter, String hashAfter, Instant now)
      throws SQLException {
    new SqlStatement(
            "UPDATE " + name + assign("state", "finished_at", "rows_after", "hash_after"),
            State.FINISHED.name(),
            now.toString(),
            rowsAfter,
            hashAfter,
            migrationId)
        .execute(connection);
  }

  void addGroups(Connection connection, String migrationId, long groups) throws SQLException {
    new SqlStatement(
            "UPDATE "
                + name
                + " SET "
                + quoted("duplicate_groups")
                + " = "
                + quoted("duplicate_groups")
                + " + ? WHERE "
                + quoted("migration_id")
                + " = ?",
            groups,
            migrationId)
        .execute(connection);
  }

  void setState(Connection connection, String migrationId, State state, Instant now)
      throws SQLException {
    new SqlStatement(
            "UPDATE " + name + assign("state", "finished_at"),
            state.name(),
            now.toString(),
            migrationId)
        .execute(connection);
  }

  /** All migrations of the table, latest first. */
  List<Entry> entries(Connection connection) throws SQLException {
    if (!exists(connection)) {
      return List.of();
    }
    return new SqlStatement(
            "SELECT "
                + quoted(COLUMNS)
                + " FROM "
                + name
                + " WHERE "
                + quoted("table_name")
                + " = ? ORDER BY "
                + quoted("started_at")
                + " DESC, "
                + quoted("migration_id")
                + " DESC",
            table.toString())
        .list(connection, MigrationJournal::read);
  }

  Optional<Entry> find(Connection connection, String migrationId) throws SQLException {
    return entries(connection).stream()
        .filter(e -> e.migrationId().equals(migrationId))
        .findFirst();
  }

  Optional<Entry> unfinished(Connection connection) throws SQLException {
    return entries(connection).stream()
        .filter(e -> e.state() == State.UNFINISHED || e.state() == State.UNDOING)
        .findFirst();
  }

  private static Entry read(ResultSet row) throws SQLException {
    String finishedAt = row.getString(5);
    return new Entry(
        row.getString(1),
        State.valueOf(row.getString(3)),
        Instant.parse(row.getString(4)),
        finishedAt == null ? null : Instant.parse(finishedAt),
        names(row.getString(6)),
        names(row.getString(7)),
        names(row.getString(8)),
        ConstraintState.valueOf(row.getString(9)),
        row.getLong(10),
        row.getString(11),
        row.getLong(12),
        row.getString(13),
        row.getLong(14));
  }

  private static String write(List<String> names) {
    return Json.array(names.stream().map(Json::of).toList()).text();
  }

  private static List<String> names(String json) {
    return Json.ofStored(json).elements().stream().map(Json::asText).toList();
  }

  /** Sets columns of one migration, whose id is the last parameter. */
  private String assign(String... columns) {
    return Arrays.stream(columns)
        .map(column -> quoted(column) + " = ?")
        .collect(Collectors.joining(", ", " SET ", " WHERE " + quoted("migration_id") + " = ?"));
  }

  private String quoted(String column) {
    return engine.dialect().quote(column);
  }

  private String quoted(List<String> columns) {
    return columns.stream().map(engine.dialect()::quote).collect(Collectors.joining(", "));
  }
}
