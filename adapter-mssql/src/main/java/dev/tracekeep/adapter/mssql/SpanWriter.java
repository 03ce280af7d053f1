package dev.tracekeep.adapter.mssql;

import com.microsoft.sqlserver.jdbc.SQLServerBulkCopy;
import com.microsoft.sqlserver.jdbc.SQLServerBulkCopyOptions;
import com.microsoft.sqlserver.jdbc.SQLServerConnection;
import dev.tracekeep.jdbc.SpanTableSql;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.WriteResult;
import dev.tracekeep.storage.spi.WriteOutcome;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** How rows get into the span table. Stateless and thread-safe. */
final class SpanWriter {
  /**
   * Rows for which one statement with parameters is cheaper than a bulk copy into a temporary
   * table; a live program writes few at a time. 47 parameters each stay below the limit of 2,100.
   */
  static final int SMALL_BATCH = 20;

  /**
   * Rows in one statement. At 5,000 locks on one index the server takes the whole table instead,
   * and a merge takes two for each row.
   */
  static final int ROWS_PER_STATEMENT = 2_000;

  private static final List<SpanColumn> COLUMNS = SpanColumn.all();

  private static final String STAGE = "#tracekeep_stage";
  private static final String STAGED_KEYS = "#tracekeep_stage_keys";

  private final SpanTableSql sql;
  private final MsSqlDialect dialect;
  private final Duration statementTimeout;

  SpanWriter(SpanTableSql sql, MsSqlDialect dialect, Duration statementTimeout) {
    this.sql = sql;
    this.dialect = dialect;
    this.statementTimeout = statementTimeout;
  }

  // ---- bulk ------------------------------------------------------------------------------------

  /** Copies new rows straight into the table. */
  void copy(Connection connection, List<Span> batch) throws SQLException {
    copy(connection, sql.table(), BulkRows.whole(batch));
  }

  private void copy(Connection connection, String target, BulkRows rows) throws SQLException {
    SQLServerBulkCopyOptions options = new SQLServerBulkCopyOptions();
    options.setBatchSize(ROWS_PER_STATEMENT);
    options.setBulkCopyTimeout((int) Math.max(1, statementTimeout.plusMillis(999).toSeconds()));
    // What a user has put on the table holds whichever way a row takes.
    options.setCheckConstraints(true);
    options.setFireTriggers(true);
    options.setKeepNulls(true);
    try (SQLServerBulkCopy copy =
        new SQLServerBulkCopy(connection.unwrap(SQLServerConnection.class))) {
      copy.setBulkCopyOptions(options);
      copy.setDestinationTableName(target);
      int ordinal = 1;
      for (String column : rows.columnNames()) {
        copy.addColumnMapping(ordinal++, column);
      }
      copy.writeToServer(rows);
    }
  }

  /**
   * Merges by way of temporary tables that are gone when the transaction ends, whichever way: keys,
   * starts and versions first, then whole rows of those spans alone that are new or better. A
   * replay sends no payload.
   *
   * @throws LostRaceException if another writer was first with one of the keys
   */
  WriteOutcome mergeStaged(Connection connection, List<Span> batch) throws SQLException {
    List<SpanKey> conflicting = new ArrayList<>();
    List<Span> candidates = newOrBetter(connection, batch, conflicting);
    return new WriteOutcome(mergeStaged(connection, candidates, batch.size()), conflicting);
  }

  private WriteResult.Counts mergeStaged(Connection connection, List<Span> candidates, int all)
      throws SQLException {
    if (candidates.isEmpty()) {
      return counts(0, 0, all);
    }
    execute(connection, "CREATE TABLE " + STAGE + " (" + sql.columnDefinitions() + ")");
    long[] written = {0, 0};
    for (int i = 0; i < candidates.size(); i += ROWS_PER_STATEMENT) {
      if (i > 0) {
        execute(connection, "TRUNCATE TABLE " + STAGE);
      }
      List<Span> part = candidates.subList(i, Math.min(candidates.size(), i + ROWS_PER_STATEMENT));
      copy(connection, STAGE, BulkRows.whole(part));
      written[0] += new SqlStatement(updateFrom(STAGE)).execute(connection);
      written[1] += insertNew(connection);
    }
    execute(connection, "DROP TABLE " + STAGE);
    return counts(written[1], written[0], all);
  }

  private int insertNew(Connection connection) throws SQLException {
    try {
      return new SqlStatement(insertFrom(STAGE)).execute(connection);
    } catch (SQLException e) {
      throw MsSqlFailures.isDuplicateKey(e) ? new LostRaceException(e) : e;
    }
  }

  /**
   * Those whose key is not there or has an older version; others may write meanwhile.
   *
   * @param conflicting takes the keys of rows that start at another time
   */
  private List<Span> newOrBetter(Connection connection, List<Span> batch, List<SpanKey> conflicting)
      throws SQLException {
    execute(
        connection,
        "CREATE TABLE "
            + STAGED_KEYS
            + " ("
            + dialect.quote(BulkRows.POSITION)
            + " int NOT NULL, "
            + COLUMNS.stream()
                .filter(SpanColumn::isKey)
                .map(sql::definition)
                .collect(Collectors.joining(", "))
            + ", "
            + sql.definition(SpanColumn.STARTED_AT)
            + ", "
            + sql.versionDefinition()
            + ")");
    copy(connection, STAGED_KEYS, BulkRows.keys(batch));
    List<Span> candidates = new ArrayList<>();
    new SqlStatement(newOrBetter())
        .forEach(
            connection,
            row -> {
              Span span = batch.get(row.getInt(1));
              if (row.getBoolean(2)) {
                candidates.add(span);
              }
              if (row.getBoolean(3)) {
                conflicting.add(span.key());
              }
            });
    execute(connection, "DROP TABLE " + STAGED_KEYS);
    return candidates;
  }

  /** Not as a prepared statement: what that makes is gone when it ends. */
  private static void execute(Connection connection, String text) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(text);
    }
  }

  // ---- few -------------------------------------------------------------------------------------

  /**
   * Merges a few rows by one batch of statements, in one trip to the server.
   *
   * @throws LostRaceException if another writer was first with one of the keys
   */
  WriteOutcome mergeFew(Connection connection, List<Span> batch) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(mergeFew(batch.size()))) {
      int index = 1;
      for (Span span : batch) {
        for (SpanColumn column : COLUMNS) {
          bind(statement, index++, column, column.read(span));
        }
        statement.setBytes(index++, span.version().toBytes());
      }
      List<SpanKey> conflicting = new ArrayList<>();
      toRows(statement, statement.execute());
      try (ResultSet keys = statement.getResultSet()) {
        while (keys.next()) {
          conflicting.add(
              new SpanKey(
                  dialect.readId(keys.getString(1)),
                  dialect.readId(keys.getString(2)),
                  dialect.readId(keys.getString(3))));
        }
      }
      toRows(statement, statement.getMoreResults());
      try (ResultSet counts = statement.getResultSet()) {
        counts.next();
        return new WriteOutcome(
            counts(counts.getLong(2), counts.getLong(1), batch.size()), conflicting);
      }
    } catch (SQLException e) {
      throw MsSqlFailures.isDuplicateKey(e) ? new LostRaceException(e) : e;
    }
  }

  /** Goes past the counts of the statements in between. */
  private static void toRows(PreparedStatement statement, boolean isRows) throws SQLException {
    boolean found = isRows;
    while (!found) {
      found = statement.getMoreResults();
    }
  }

  private void bind(
      PreparedStatement statement, int index, SpanColumn column, @Nullable Object value)
      throws SQLException {
    if (value == null) {
      statement.setNull(
          index,
          switch (column.type()) {
            case TIME -> Types.BIGINT;
            case NUMBER -> column.scale() == 0 ? Types.BIGINT : Types.DECIMAL;
            default -> Types.NVARCHAR;
          });
    } else if (value instanceof String id && MsSqlDialect.isId(column)) {
      statement.setString(index, dialect.storedId(id));
    } else {
      dialect.bind(statement, index, column, value);
    }
  }

  private static WriteResult.Counts counts(long created, long replaced, int all) {
    return new WriteResult.Counts(created, replaced, all - created - replaced);
  }

  // ---- statements ------------------------------------------------------------------------------

  /** Selects position, whether the span is new or better, and whether it has another start. */
  String newOrBetter() {
    String better = sql.beats("k", "t");
    String otherStart = sql.otherStart("k", "t");
    return "SELECT k."
        + dialect.quote(BulkRows.POSITION)
        + ", CASE WHEN "
        + better
        + " THEN 1 ELSE 0 END, CASE WHEN "
        + otherStart
        + " THEN 1 ELSE 0 END FROM "
        + STAGED_KEYS
        + " k LEFT JOIN "
        + sql.table()
        + " t ON "
        + sql.sameKey("t", "k")
        + " WHERE "
        + better
        + " OR "
        + otherStart
        + " ORDER BY k."
        + dialect.quote(BulkRows.POSITION);
  }

  /** Selects the keys of a stage whose rows start at another time. */
  private String selectConflicting(String stage) {
    return "SELECT "
        + COLUMNS.stream()
            .filter(SpanColumn::isKey)
            .map(column -> "s." + sql.name(column))
            .collect(Collectors.joining(", "))
        + " FROM "
        + stage
        + " s JOIN "
        + sql.table()
        + " t ON "
        + sql.sameKey("t", "s")
        + " WHERE "
        + sql.otherStart("s", "t");
  }

  String updateFrom(String stage) {
    return "UPDATE t SET "
        + sql.assignments("s")
        + " FROM "
        + sql.table()
        + " t JOIN "
        + stage
        + " s ON "
        + sql.sameKey("t", "s")
        + " WHERE "
        + sql.beats("s", "t");
  }

  /** The hints keep the gap shut between the look and the insert; where they do not, 2627 does. */
  String insertFrom(String stage) {
    return "INSERT INTO "
        + sql.table()
        + " ("
        + names()
        + ") SELECT "
        + sql.columnNames().stream().map(name -> "s." + name).collect(Collectors.joining(", "))
        + " FROM "
        + stage
        + " s WHERE NOT EXISTS (SELECT 1 FROM "
        + sql.table()
        + " t WITH (UPDLOCK, HOLDLOCK) WHERE "
        + sql.sameKey("t", "s")
        + ")";
  }

  /** The rows go into a variable, so that each parameter is sent once. */
  String mergeFew(int rows) {
    String row = COLUMNS.stream().map(column -> "?").collect(Collectors.joining(", ", "(", ", ?)"));
    List<String> statements = new ArrayList<>();
    statements.add("DECLARE @stage TABLE (" + sql.columnDefinitions() + ")");
    statements.add("DECLARE @replaced int, @created int");
    statements.add(
        "INSERT INTO @stage ("
            + names()
            + ") VALUES "
            + IntStream.range(0, rows).mapToObj(i -> row).collect(Collectors.joining(", ")));
    statements.add(selectConflicting("@stage"));
    statements.add(updateFrom("@stage"));
    statements.add("SET @replaced = @@ROWCOUNT");
    statements.add(insertFrom("@stage"));
    statements.add("SET @created = @@ROWCOUNT");
    statements.add("SELECT @replaced, @created");
    return String.join("; ", statements);
  }

  private String names() {
    return String.join(", ", sql.columnNames());
  }
}
