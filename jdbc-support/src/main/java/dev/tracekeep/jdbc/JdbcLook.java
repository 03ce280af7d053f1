package dev.tracekeep.jdbc;

import dev.tracekeep.dedupe.EventStores;
import dev.tracekeep.dedupe.RowCounts;
import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.dedupe.TableLook;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationPlan.Details;
import dev.tracekeep.migration.SpanTable;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What one look at an SQL engine's catalog found about a table. */
final class JdbcLook implements TableLook {
  /** Rows in a second that an ordinary server moves, counted low: for a rough estimate. */
  private static final long ROWS_A_SECOND = 50_000;

  private final MigrationDialect engine;
  private final TableIdentity identity;
  private final boolean exists;
  private final SpanTable table;
  private final @Nullable OwnTable own;
  private final Map<String, String> types;
  private final SpanTable.Columns columns;
  private final SpanTable.Columns finalColumns;
  private final ConstraintState constraint;
  private @Nullable RowCounts counts;

  private JdbcLook(
      MigrationDialect engine,
      TableIdentity identity,
      boolean exists,
      @Nullable OwnTable own,
      Map<String, String> types,
      SpanTable.Columns columns,
      SpanTable.Columns finalColumns,
      ConstraintState constraint) {
    this.engine = engine;
    this.identity = identity;
    this.exists = exists;
    this.table = new SpanTable(identity.schema(), identity.name(), columns);
    this.own = own;
    this.types = types;
    this.columns = columns;
    this.finalColumns = finalColumns;
    this.constraint = constraint;
  }

  /**
   * Looks.
   *
   * @param asked the table as the caller named it; its columns are detected where it has none
   * @param ownTable the store's own table, with all its columns
   * @param ownSql the statements on it
   */
  static JdbcLook at(
      MigrationDialect engine,
      Connection connection,
      SpanTable asked,
      SpanTable ownTable,
      SpanTableSql ownSql)
      throws SQLException {
    Optional<TableIdentity> ownIdentity = engine.resolve(connection, ownTable);
    boolean isSameName =
        asked.name().equals(ownTable.name())
            && (asked.schema() == null || asked.schema().equals(ownTable.schema()));
    Optional<TableIdentity> found =
        asked == ownTable ? ownIdentity : engine.resolve(connection, asked);
    boolean isOwn = found.isPresent() ? found.equals(ownIdentity) : isSameName;
    SpanTable.Columns ownColumns = Objects.requireNonNull(ownTable.columns());
    if (found.isEmpty()) {
      return new JdbcLook(
          engine,
          new TableIdentity(asked.schema(), asked.name()),
          false,
          isOwn ? new OwnTable(engine, ownTable, ownSql) : null,
          Map.of(),
          ownColumns,
          ownColumns,
          ConstraintState.ABSENT);
    }
    TableIdentity identity = found.get();
    SpanTable table = new SpanTable(identity.schema(), identity.name(), null);
    Map<String, String> types = engine.columns(connection, table.schema(), table.name());
    // An older table of ours lacks some columns, so what they mean is found out as for any other.
    SpanTable.Columns columns =
        (isOwn ? table : asked).columnsAmong(new LinkedHashSet<>(types.keySet()));
    SpanTable.Columns finalColumns = isOwn ? ownColumns : columns;
    return new JdbcLook(
        engine,
        identity,
        true,
        isOwn ? new OwnTable(engine, table, ownSql) : null,
        types,
        columns,
        finalColumns,
        engine.constraintState(connection, table, finalColumns.key()));
  }

  /** The table as the engine calls it. */
  SpanTable table() {
    return table;
  }

  /** What only our own table needs; null for another system's. */
  @Nullable OwnTable own() {
    return own;
  }

  /** The ranking as the table is now, before columns are added. */
  DuplicateRows duplicates(List<String> carried, String archive) {
    return new DuplicateRows(engine, table, columns, carried, types, archive);
  }

  /** The ranking once the columns that this release needs are there. */
  DuplicateRows finalDuplicates(List<String> carried, String archive) {
    return new DuplicateRows(engine, table, finalColumns, carried, types, archive);
  }

  @Override
  public TableIdentity identity() {
    return identity;
  }

  @Override
  public boolean exists() {
    return exists;
  }

  @Override
  public boolean isOwn() {
    return own != null;
  }

  @Override
  public List<String> keyColumns() {
    return finalColumns.key();
  }

  @Override
  public List<String> columnNames() {
    return List.copyOf(types.keySet());
  }

  @Override
  public List<String> missingColumns() {
    return own == null || !exists ? List.of() : own.missing(columnNames());
  }

  @Override
  public ConstraintState constraint() {
    return constraint;
  }

  @Override
  public boolean hasRowsWithoutVersion() throws Exception {
    OwnTable ours = own;
    return ours != null
        && columns.version() != null
        && engine.connections().read(ours::hasRowsWithoutVersion);
  }

  @Override
  public RowCounts counts() throws Exception {
    RowCounts known = counts;
    if (known == null) {
      known =
          exists
              ? engine.connections().read(c -> duplicates(columnNames(), "").count(c, own != null))
              : RowCounts.NONE;
      counts = known;
    }
    return known;
  }

  @Override
  public List<String> refusals() throws Exception {
    List<String> refusals = new ArrayList<>();
    refusals.addAll(engine.connections().read(c -> engine.refusals(c, table)));
    if (own != null) {
      refusals.addAll(own.refusals(columnNames()));
    } else if (exists) {
      Optional<String> kind = EventStores.kindColumn(columnNames());
      if (kind.isPresent() && tellsRowsOfAKeyApart(kind.get())) {
        refusals.add(EventStores.refusal(identity, kind.get()));
      }
    }
    return refusals;
  }

  private boolean tellsRowsOfAKeyApart(String column) throws Exception {
    return engine
        .connections()
        .read(c -> duplicates(columnNames(), "").tellsRowsOfAKeyApart(c, column));
  }

  @Override
  public Details details() throws Exception {
    if (!exists) {
      return Details.NONE;
    }
    RowCounts found = counts();
    return engine
        .connections()
        .read(
            c -> {
              OptionalLong bytes = engine.tableBytes(c, table);
              long rowBytes =
                  bytes.isPresent()
                      ? bytes.getAsLong() / Math.max(1, found.rows())
                      : duplicates(columnNames(), "").averageBytes(c);
              Long archiveBytes = rowBytes * found.surplus();
              // Two scans to count and hash, one to find, one to build the index; then the rows.
              long seconds = (found.rows() + 2 * found.surplus()) / ROWS_A_SECOND + 1;
              return new Details(
                  found.groups() == 0 ? List.of() : duplicates(columnNames(), "").largestGroups(c),
                  archiveBytes,
                  engine.dependents(c, table),
                  Duration.ofSeconds(seconds),
                  engine.constraintLock(),
                  notes(c, found));
            });
  }

  private List<String> notes(Connection connection, RowCounts found) throws SQLException {
    List<String> notes = new ArrayList<>();
    List<String> triggers = engine.triggersOnDelete(connection, table);
    if (!triggers.isEmpty()) {
      notes.add(
          "The triggers "
              + String.join(", ", triggers)
              + " fire on DELETE, for every row that moves to the archive.");
    }
    if (own == null && found.groups() > 0) {
      long pairs = duplicates(columnNames(), "").pairs(connection);
      EventStores.note(pairs, found.keys()).ifPresent(notes::add);
    }
    return notes;
  }
}
