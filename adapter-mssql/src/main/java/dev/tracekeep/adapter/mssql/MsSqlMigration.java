package dev.tracekeep.adapter.mssql;

import dev.tracekeep.adapter.mssql.MsSqlCatalog.Column;
import dev.tracekeep.adapter.mssql.MsSqlCatalog.UniqueIndex;
import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The migration on SQL Server.
 *
 * <p>The constraint is a unique index, and not turned into a constraint: that enforces the same,
 * and to build it keeps writers out, but not readers. Where the columns of the key are compared
 * loosely, it is over computed columns that have their bytes: keys that differ by case alone are
 * different spans.
 */
final class MsSqlMigration extends MigrationDialect {
  /** Duplicates that arrive between the look and the index make it fail; then they are moved. */
  private static final int CONSTRAINT_TRIES = 5;

  /** Two parameters each stay below the limit of 2,100. */
  private static final int VERSIONS_PER_STATEMENT = 1_000;

  private static final String LOSERS = "#tracekeep_losers";
  private static final String RESTING_TRIGGERS = "#tracekeep_triggers";

  private final MsSqlConnections connections;

  /** How long another migrator is waited for: a server notices later that a client is dead. */
  private final Duration patience;

  private final MsSqlCatalog catalog = new MsSqlCatalog();

  MsSqlMigration(MsSqlDialect dialect, MsSqlConnections connections, StorageConfig config) {
    super(dialect, connections.unhurried(config.lockTimeout()));
    this.connections = connections;
    this.patience = config.lockTimeout();
  }

  /** The name of the unique index on a table's key. */
  static String keyName(String table) {
    return table + "_key";
  }

  private String rowColumn() {
    return dialect().quote(MsSqlCatalog.ROW_COLUMN);
  }

  private static int execute(Connection connection, String text) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(text);
      return Math.max(0, statement.getUpdateCount());
    }
  }

  // ---- what there is ---------------------------------------------------------------------------

  @Override
  public Map<String, String> columns(Connection connection, @Nullable String schema, String table)
      throws SQLException {
    Map<String, String> types = new MsSqlCatalog.ByName<>();
    catalog
        .columns(connection, qualified(new SpanTable(schema, table, null)))
        .forEach((name, column) -> types.put(name, column.definition()));
    return types;
  }

  /** Whether the table has an index of that name. */
  boolean hasIndex(Connection connection, SpanTable table, String name) throws SQLException {
    return catalog.indexNames(connection, qualified(table)).stream()
        .anyMatch(found -> MsSqlCatalog.isNamed(found, name, table.name()));
  }

  @Override
  public ConstraintState constraintState(
      Connection connection, SpanTable table, List<String> keyColumns) throws SQLException {
    List<UniqueIndex> indexes = catalog.uniqueIndexes(connection, qualified(table));
    if (indexes.stream().anyMatch(index -> index.enforces(keyColumns))) {
      return ConstraintState.PRESENT;
    }
    return indexes.stream()
            .anyMatch(
                index -> MsSqlCatalog.isNamed(index.name(), keyName(table.name()), table.name()))
        ? ConstraintState.INVALID
        : ConstraintState.ABSENT;
  }

  @Override
  public List<String> refusals(Connection connection, SpanTable table) throws SQLException {
    String qualified = qualified(table);
    List<String> refusals = new ArrayList<>(catalog.refusals(connection, table, qualified));
    Map<String, Column> columns = catalog.columns(connection, qualified);
    SpanTable.Columns meaning = table.columnsAmong(columns.keySet());
    List<Column> key = new ArrayList<>();
    for (String name : meaning.key()) {
      Column column = columns.get(name);
      if (column != null) {
        key.add(column);
      }
    }
    MsSqlCatalog.keyRefusal(table, qualified, key).ifPresent(refusals::add);
    return refusals;
  }

  // ---- the lock of migrators -------------------------------------------------------------------

  /** A lock of the session, which dies with it. */
  @Override
  public MigratorLock lockMigrators(SpanTable table) throws SQLException {
    Connection connection = connections.unhurried();
    try {
      // The database is named because Babelfish has one set of locks for all.
      String place =
          new SqlStatement(
                  "SELECT CONCAT(OBJECT_SCHEMA_NAME(OBJECT_ID(?)), N' in ', DB_NAME())",
                  qualified(table))
              .list(connection, row -> row.getString(1))
              .get(0);
      String resource = ("tracekeep " + table.name() + " of " + place).toLowerCase(Locale.ROOT);
      long taken =
          new SqlStatement(
                  "DECLARE @taken int; EXEC @taken = sp_getapplock @Resource = ?, @LockMode = 'Exclusive',"
                      + " @LockOwner = 'Session', @LockTimeout = "
                      + MsSqlConnections.millis(patience)
                      + "; SELECT @taken",
                  resource)
              .number(connection);
      if (taken < 0) {
        throw new StorageException(
            FailureKind.TRANSIENT,
            "The table "
                + table
                + " is being migrated by another process. Wait for it to end, then try again.",
            null);
      }
      return () -> release(connection, resource);
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /** The session goes on, and must not keep it. */
  private static void release(Connection connection, String resource) throws SQLException {
    try (connection) {
      if (connection.isValid(1)) { // else it is given back already
        new SqlStatement(
                "DECLARE @given int; EXEC @given = sp_releaseapplock @Resource = ?, @LockOwner = 'Session';"
                    + " SELECT @given",
                resource)
            .number(connection);
      }
    }
  }

  // ---- the constraint --------------------------------------------------------------------------

  @Override
  public String constraintStatement(SpanTable table, List<String> keyColumns) {
    return "CREATE UNIQUE INDEX "
        + dialect().quote(keyName(table.name()))
        + " ON "
        + qualified(table)
        + " ("
        + keyColumns.stream().map(dialect()::quote).collect(Collectors.joining(", "))
        + ")";
  }

  @Override
  public void constrain(
      SpanTable table,
      List<String> keyColumns,
      Duration lockTimeout,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception {
    ConnectionSource hasty = connections.unhurried(lockTimeout);
    hasty.transact(lateDuplicates);
    if (hasty.read(c -> constraintState(c, table, keyColumns)) == ConstraintState.PRESENT) {
      return;
    }
    // Before the index, because a column takes a lock for a moment that keeps readers out.
    List<String> compared = hasty.transact(c -> addExactColumns(c, table, keyColumns));
    for (int tries = 1; ; tries++) {
      try {
        hasty.transact(
            connection -> {
              keepWritersOut(connection, table);
              lateDuplicates.on(connection);
              dropIndex(connection, table);
              return execute(connection, constraintStatement(connection, table, compared));
            });
        return;
      } catch (SQLException e) {
        if (tries == CONSTRAINT_TRIES || !MsSqlFailures.isDuplicateInIndex(e)) {
          throw unfinished(table, lockTimeout, e);
        }
      }
    }
  }

  private void keepWritersOut(Connection connection, SpanTable table) throws SQLException {
    new SqlStatement("SELECT TOP (1) 1 FROM " + qualified(table) + " WITH (TABLOCK, HOLDLOCK)")
        .list(connection, row -> row.getInt(1));
  }

  /** Rows are laid out by the key where nothing else lays them out, and it is short enough. */
  private String constraintStatement(Connection connection, SpanTable table, List<String> compared)
      throws SQLException {
    Map<String, Column> columns = catalog.columns(connection, qualified(table));
    boolean isShort =
        columns.keySet().containsAll(compared)
            && compared.stream().mapToInt(name -> columns.get(name).bytes()).sum()
                <= MsSqlCatalog.LONGEST_CLUSTERED_KEY;
    String statement = constraintStatement(table, compared);
    return isShort && catalog.isHeap(connection, qualified(table))
        ? statement.replaceFirst("UNIQUE INDEX", "UNIQUE CLUSTERED INDEX")
        : statement;
  }

  /** Adds what is needed to compare the key byte by byte; returns the columns to compare. */
  private List<String> addExactColumns(
      Connection connection, SpanTable table, List<String> keyColumns) throws SQLException {
    String qualified = qualified(table);
    Map<String, Column> columns = catalog.columns(connection, qualified);
    List<String> compared = new ArrayList<>();
    for (String name : keyColumns) {
      Column column = columns.get(name);
      if (column == null || !column.isComparedLoosely()) {
        compared.add(name);
        continue;
      }
      String exact = MsSqlCatalog.exactName(name);
      compared.add(exact);
      if (!catalog.hasColumn(connection, qualified, exact)) {
        execute(
            connection,
            "ALTER TABLE "
                + qualified
                + " ADD "
                + dialect().quote(exact)
                + " AS CAST("
                + dialect().quote(name)
                + " AS varbinary("
                + column.bytes()
                + "))");
      }
    }
    return compared;
  }

  private static StorageException unfinished(
      SpanTable table, Duration lockTimeout, SQLException cause) {
    return new StorageException(
        MsSqlFailures.kindOf(cause),
        "The last step of the migration of "
            + table
            + " could not be done with a lock-timeout of "
            + lockTimeout
            + ": "
            + MsSqlFailures.reason(cause)
            + ". Nothing is lost: run 'tracekeep migrate apply' again to finish it, at a quieter time or with a"
            + " longer time-out.",
        cause);
  }

  @Override
  public void release(SpanTable table, List<String> keyColumns) throws Exception {
    connections()
        .transact(
            connection -> {
              dropIndex(connection, table);
              for (String column : keyColumns) {
                dropColumn(connection, table, MsSqlCatalog.exactName(column));
              }
              return true;
            });
  }

  /** Drops the index of the key; one that backs a constraint was there before any migration. */
  private void dropIndex(Connection connection, SpanTable table) throws SQLException {
    String name = keyName(table.name());
    for (UniqueIndex index : catalog.uniqueIndexes(connection, qualified(table))) {
      if (MsSqlCatalog.isNamed(index.name(), name, table.name()) && !index.isOfConstraint()) {
        execute(connection, "DROP INDEX " + dialect().quote(name) + " ON " + qualified(table));
      }
    }
  }

  @Override
  public void dropColumns(SpanTable table, List<String> columns) throws Exception {
    connections()
        .transact(
            connection -> {
              for (String column : columns) {
                dropColumn(connection, table, column);
              }
              return true;
            });
  }

  /** A column that has a default can be dropped only behind it. */
  private void dropColumn(Connection connection, SpanTable table, String column)
      throws SQLException {
    String qualified = qualified(table);
    if (!catalog.hasColumn(connection, qualified, column)) {
      return;
    }
    String alter = "ALTER TABLE " + qualified + " DROP ";
    for (String name : catalog.defaultConstraints(connection, qualified, column)) {
      execute(connection, alter + "CONSTRAINT " + dialect().quote(name));
    }
    execute(connection, alter + "COLUMN " + dialect().quote(column));
  }

  @Override
  public @Nullable String defaultLiteral(SpanColumn column) {
    return switch (column) {
      case TENANT_ID -> "'" + SpanKey.DEFAULT_TENANT + "'";
      case IS_EVENT -> "0";
      case TAGS -> "N'[]'";
      default -> null;
    };
  }

  /** Without NOT NULL the rows that are there would not get the default. */
  @Override
  public String addedDefault(String literal) {
    return " NOT NULL DEFAULT " + literal;
  }

  // ---- rows ------------------------------------------------------------------------------------

  /** A row has no address that may be relied on, so a table without an identity gets one. */
  @Override
  public String rowId() {
    return rowColumn();
  }

  @Override
  public String rowId(Connection connection, SpanTable table) throws SQLException {
    return rowId(connection, qualified(table));
  }

  private String rowId(Connection connection, String qualified) throws SQLException {
    return catalog.identity(connection, qualified).map(dialect()::quote).orElse(rowColumn());
  }

  @Override
  public void prepareRows(Connection connection, SpanTable table) throws SQLException {
    String qualified = qualified(table);
    if (catalog.identity(connection, qualified).isEmpty()
        && !catalog.hasColumn(connection, qualified, MsSqlCatalog.ROW_COLUMN)) {
      execute(
          connection,
          "ALTER TABLE " + qualified + " ADD " + rowColumn() + " bigint IDENTITY(1, 1) NOT NULL");
    }
  }

  @Override
  public void releaseRows(Connection connection, SpanTable table) throws SQLException {
    dropColumn(connection, table, MsSqlCatalog.ROW_COLUMN);
  }

  /** With something behind it, no blank is at the end. */
  @Override
  public String keyPart(String columnSql) {
    return "((CAST("
        + columnSql
        + " AS nvarchar("
        + MsSqlCatalog.LONGEST_KEY
        + ")) + N'.') COLLATE Latin1_General_BIN2)";
  }

  @Override
  public String contentOrder(List<String> columnsSql) {
    return "HASHBYTES('SHA2_256', CONCAT(CAST(N'' AS nvarchar(max)), "
        + String.join(", N'|', ", columnsSql)
        + "))";
  }

  @Override
  public @Nullable String multisetHash(
      Connection connection, String table, List<String> columnsSql, SqlStatement condition)
      throws SQLException {
    List<String> texts = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        var rows =
            statement.executeQuery(
                "SELECT TOP (0) " + String.join(", ", columnsSql) + " FROM " + table + " t")) {
      ResultSetMetaData types = rows.getMetaData();
      for (int i = 0; i < columnsSql.size(); i++) {
        texts.add(measured(columnsSql.get(i), types.getColumnTypeName(i + 1)));
      }
    }
    String hash =
        "CAST(SUBSTRING(HASHBYTES('SHA2_256', CONCAT(CAST(N'' AS nvarchar(max)), "
            + String.join(", ", texts)
            + ")), 1, 8) AS bigint)";
    return new SqlStatement(
            "SELECT CAST(SUM(CAST("
                + hash
                + " AS decimal(38, 0))) AS varchar(60)) FROM "
                + table
                + " t WHERE ")
        .append(condition)
        .list(connection, row -> row.getString(1))
        .get(0);
  }

  /** A value as text, with its length before it: so that no two rows have the same text. */
  private static String measured(String columnSql, String type) {
    String text =
        switch (type.toLowerCase(Locale.ROOT)) {
          case "binary", "varbinary", "image" -> "CONVERT(nvarchar(max), " + columnSql + ", 2)";
          case "date", "time", "datetime", "smalldatetime", "datetime2", "datetimeoffset" ->
              "CONVERT(nvarchar(40), " + columnSql + ", 121)";
          case "float", "real" -> "CONVERT(nvarchar(40), " + columnSql + ", 3)";
          default -> "CAST(" + columnSql + " AS nvarchar(max))";
        };
    return "CASE WHEN "
        + columnSql
        + " IS NULL THEN N'-' ELSE CONCAT(DATALENGTH("
        + text
        + "), N':', "
        + text
        + ") END";
  }

  /**
   * What is deleted is what the archive gets, in one statement. Why it was deleted is worked out
   * before, and added afterwards; until then nobody may change the rows that were compared.
   */
  @Override
  public void moveLosers(
      Connection connection,
      String table,
      String archive,
      String archiveColumns,
      SqlStatement losers)
      throws SQLException {
    if (connections.server().locksByHints()) { // else the pool's isolation sees to it
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    }
    Set<String> ofTable = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    ofTable.addAll(names(connection, "SELECT TOP (0) * FROM " + table));
    List<String> carried = new ArrayList<>();
    List<String> reasons = new ArrayList<>();
    for (String name : names(connection, "SELECT TOP (0) " + archiveColumns + " FROM " + archive)) {
      (ofTable.contains(name) ? carried : reasons).add(dialect().quote(name));
    }
    if (!catalog.hasColumn(connection, archive, MsSqlCatalog.ROW_COLUMN)) {
      execute(connection, "ALTER TABLE " + archive + " ADD " + rowColumn() + " bigint");
    }
    execute(
        connection,
        "SELECT TOP (0) "
            + rowColumn()
            + ", "
            + String.join(", ", reasons)
            + " INTO "
            + LOSERS
            + " FROM "
            + archive);
    String staged = rowColumn() + ", " + String.join(", ", reasons);
    new SqlStatement("INSERT INTO " + LOSERS + " (" + staged + ") SELECT " + staged + " FROM (")
        .append(losers)
        .append(") l")
        .execute(connection);
    String row = rowId(connection, table);
    execute(
        connection,
        "DELETE t OUTPUT "
            + carried.stream().map(name -> "deleted." + name).collect(Collectors.joining(", "))
            + ", deleted."
            + row
            + " INTO "
            + archive
            + " ("
            + String.join(", ", carried)
            + ", "
            + rowColumn()
            + ") FROM "
            + table
            + " t JOIN "
            + LOSERS
            + " l ON l."
            + rowColumn()
            + " = t."
            + row);
    execute(
        connection,
        "UPDATE a SET "
            + reasons.stream().map(name -> name + " = l." + name).collect(Collectors.joining(", "))
            + " FROM "
            + archive
            + " a JOIN "
            + LOSERS
            + " l ON l."
            + rowColumn()
            + " = a."
            + rowColumn()
            + " WHERE a."
            + reasons.get(0)
            + " IS NULL");
    execute(connection, "DROP TABLE " + LOSERS);
  }

  private static List<String> names(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        var rows = statement.executeQuery(query)) {
      List<String> names = new ArrayList<>();
      for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
        names.add(rows.getMetaData().getColumnLabel(i));
      }
      return names;
    }
  }

  @Override
  public void writeVersions(Connection connection, SpanTable table, List<RowVersion> versions)
      throws SQLException {
    String row = rowId(connection, table);
    for (int i = 0; i < versions.size(); i += VERSIONS_PER_STATEMENT) {
      List<RowVersion> part =
          versions.subList(i, Math.min(versions.size(), i + VERSIONS_PER_STATEMENT));
      String update =
          "UPDATE t SET [version] = v.[version] FROM "
              + qualified(table)
              + " t JOIN (VALUES "
              + part.stream().map(version -> "(?, ?)").collect(Collectors.joining(", "))
              + ") v (row_id, [version]) ON v.row_id = t."
              + row;
      try (PreparedStatement statement = connection.prepareStatement(update)) {
        int index = 1;
        for (RowVersion version : part) {
          statement.setLong(index++, Long.parseLong(version.rowId()));
          statement.setBytes(index++, version.version().toBytes());
        }
        statement.executeUpdate();
      }
    }
  }

  /**
   * The query is joined to a row of nothing: a plain SELECT INTO would make the identity column of
   * the table one of the archive too, which could then not be written.
   */
  @Override
  public String createTableAs(String qualifiedTable, String select) {
    return "SELECT made.* INTO "
        + qualifiedTable
        + " FROM ("
        + select
        + ") made CROSS JOIN (SELECT 1 AS one) once";
  }

  /**
   * Triggers rest while archived rows are put back: one that sets the time of a change would change
   * what is restored. Which of them rest is kept in the transaction, which ends either way.
   */
  @Override
  public void beforeRestore(Connection connection, SpanTable table) throws SQLException {
    String qualified = qualified(table);
    execute(
        connection,
        "SELECT g.name INTO "
            + RESTING_TRIGGERS
            + " FROM sys.triggers g WHERE g.parent_id = OBJECT_ID(N'"
            + qualified.replace("'", "''")
            + "') AND g.is_disabled = 0");
    for (String trigger : restingTriggers(connection)) {
      execute(connection, "DISABLE TRIGGER " + dialect().quote(trigger) + " ON " + qualified);
    }
    if (catalog.identity(connection, qualified).isPresent()) {
      execute(connection, "SET IDENTITY_INSERT " + qualified + " ON");
    }
  }

  @Override
  public void afterRestore(Connection connection, SpanTable table) throws SQLException {
    String qualified = qualified(table);
    if (catalog.identity(connection, qualified).isPresent()) {
      execute(connection, "SET IDENTITY_INSERT " + qualified + " OFF");
    }
    for (String trigger : restingTriggers(connection)) {
      execute(connection, "ENABLE TRIGGER " + dialect().quote(trigger) + " ON " + qualified);
    }
    execute(connection, "DROP TABLE " + RESTING_TRIGGERS);
  }

  private static List<String> restingTriggers(Connection connection) throws SQLException {
    return new SqlStatement("SELECT name FROM " + RESTING_TRIGGERS)
        .list(connection, row -> row.getString(1));
  }
}
