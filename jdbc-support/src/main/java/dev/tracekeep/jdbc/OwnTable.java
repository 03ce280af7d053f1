package dev.tracekeep.jdbc;

import dev.tracekeep.jdbc.MigrationDialect.RowVersion;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What only our own span table needs in a migration: the columns that an older release lacked. */
final class OwnTable {
  private final MigrationDialect engine;
  private final SpanTable table;
  private final SpanTableSql sql;

  OwnTable(MigrationDialect engine, SpanTable table, SpanTableSql sql) {
    this.engine = engine;
    this.table = table;
    this.sql = sql;
  }

  /** The columns that this release has and the table has not, in table order. */
  List<String> missing(List<String> present) {
    return Stream.concat(
            SpanColumn.all().stream().map(SpanColumn::columnName),
            Stream.of(SpanColumn.VERSION_NAME))
        .filter(column -> !present.contains(column))
        .toList();
  }

  /** Whether a table can lack the column without its rows being looked at. */
  static boolean mayBeAbsent(String name) {
    return SpanColumn.named(name).filter(column -> !column.isRequired()).isPresent();
  }

  /** Why the table cannot become one of this release. */
  List<String> refusals(List<String> present) {
    return SpanColumn.all().stream()
        .filter(column -> column.isRequired() && engine.defaultLiteral(column) == null)
        .map(SpanColumn::columnName)
        .filter(column -> !present.contains(column))
        .map(
            column ->
                "The table "
                    + table
                    + " has no column "
                    + column
                    + ", and nothing can stand in for it.")
        .toList();
  }

  /** Whether a row has no version although there is a column for it; of a table that has one. */
  boolean hasRowsWithoutVersion(Connection connection) throws SQLException {
    return !new SqlStatement(
            "SELECT 1 FROM "
                + (sql.table() + " r WHERE r." + sql.versionName() + " IS NULL")
                + engine.dialect().limitUnordered(1))
        .list(connection, row -> row.getInt(1))
        .isEmpty();
  }

  /** All columns of this release, with what stands in for those that the table lacks. */
  String selectable(List<String> present) {
    return Stream.concat(
            SpanColumn.all().stream().map(SpanColumn::columnName),
            Stream.of(SpanColumn.VERSION_NAME))
        .map(
            name -> {
              String quoted = engine.dialect().quote(name);
              return present.contains(name) ? "b." + quoted : standIn(name) + " AS " + quoted;
            })
        .collect(Collectors.joining(", "));
  }

  private String standIn(String name) {
    SpanColumn column = SpanColumn.named(name).orElse(null);
    String literal = column == null ? null : engine.defaultLiteral(column);
    String type =
        column == null ? engine.dialect().versionType() : engine.dialect().columnType(column);
    return "CAST(" + (literal == null ? "NULL" : literal) + " AS " + type + ")";
  }

  void addColumn(Connection connection, String name) throws SQLException {
    SpanColumn column = SpanColumn.named(name).orElse(null);
    String type =
        column == null
            ? engine.dialect().versionType()
            : engine.dialect().columnType(column) + engine.dialect().collation(column);
    String literal = column == null ? null : engine.defaultLiteral(column);
    new SqlStatement(
            "ALTER TABLE "
                + sql.table()
                + " ADD "
                + engine.dialect().quote(name)
                + " "
                + type
                + (literal == null ? "" : engine.addedDefault(literal)))
        .execute(connection);
  }

  /**
   * Works out the versions of some rows that have none; returns of how many, 0 when all have one.
   */
  int fillVersions(Connection connection, int rows) throws Exception {
    List<SpanColumn> columns = SpanColumn.all();
    String select =
        columns.stream()
            .map(column -> engine.dialect().select(column, "r." + sql.name(column)))
            .collect(Collectors.joining(", "));
    List<RowVersion> versions = new ArrayList<>();
    new SqlStatement(
            "SELECT "
                + select
                + ", r."
                + engine.rowId(connection, table)
                + " FROM "
                + sql.table()
                + " r"
                + engine.dialect().forUpdateHint()
                + " WHERE r."
                + sql.versionName()
                + " IS NULL"
                + engine.dialect().limitUnordered(rows)
                // A row that is changed before its version is written would get that of another
                // content.
                + engine.dialect().forUpdate())
        .forEach(
            connection,
            row -> {
              String rowId = row.getString(columns.size() + 1);
              try {
                Span span = sql.readSpan(row, columns);
                versions.add(new RowVersion(rowId, span.version()));
              } catch (InvalidSpanException e) {
                throw new StorageException(
                    FailureKind.INVALID,
                    "A row of "
                        + table
                        + " (trace "
                        + row.getString(2)
                        + ", span "
                        + row.getString(3)
                        + ") is no span: "
                        + e.getMessage()
                        + ". Mend or delete it, then run the migration again.",
                    e);
              }
            });
    if (!versions.isEmpty()) {
      engine.writeVersions(connection, table, versions);
    }
    return versions.size();
  }
}
