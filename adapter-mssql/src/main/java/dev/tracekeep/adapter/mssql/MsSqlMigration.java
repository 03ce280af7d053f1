package dev.tracekeep.adapter.mssql;

import dev.tracekeep.adapter.mssql.MsSqlCatalog.Column;
import dev.tracekeep.adapter.mssql.MsSqlCatalog.UniqueIndex;
import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.jdbc.HashedRows;
import dev.tracekeep.jdbc.KeyConstraint;
import dev.tracekeep.jdbc.LosingRows;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.migration.MigrationLayout;
import dev.tracekeep.migration.MigrationOptions;
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
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

  /** Two arguments each stay below Babelfish's limit of 100. */
  private static final int TEXTS_AT_ONCE = 40;

  /** Two parameters each stay below the limit of 2,100. */
  private static final int VERSIONS_PER_STATEMENT = 1_000;

  /** How long the last lock is asked for again and again. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final Logger LOG = LoggerFactory.getLogger(MsSqlMigration.class);

  private final MsSqlConnections connections;

  /** How long another migrator is waited for: a server notices later that a client is dead. */
  private final Duration patience;

  private final MsSqlCatalog catalog = new MsSqlCatalog();

  MsSqlMigration(MsSqlDialect dialect, MsSqlConnections connections, StorageConfig config) {
    super(dialect, connections.withLockTimeout(config.lockTimeout()));
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

  /** Found as a statement would find it: by the database's collation and the user's schema. */
  @Override
  public Optional<TableIdentity> resolve(Connection connection, SpanTable table)
      throws SQLException {
    return new SqlStatement(
            "SELECT n.TABLE_SCHEMA, n.TABLE_NAME FROM INFORMATION_SCHEMA.TABLES n WHERE"
                + " OBJECT_ID(QUOTENAME(n.TABLE_SCHEMA) + N'.' + QUOTENAME(n.TABLE_NAME)) ="
                + " OBJECT_ID(?)",
            qualified(table))
        .list(connection, row -> new TableIdentity(row.getString(1), row.getString(2))).stream()
            .findFirst();
  }

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
    KeyConstraint mastras = keyConstraint(connection, table, keyColumns, MigrationLayout.MASTRA);
    return indexes.stream()
            .anyMatch(
                index ->
                    MsSqlCatalog.isNamed(index.name(), keyName(table.name()), table.name())
                        || isNamed(table, index.name(), mastras))
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
    Connection connection = connections.withoutTimeout();
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
                  "DECLARE @taken int; EXEC @taken = sp_getapplock @Resource = ?, @LockMode ="
                      + " 'Exclusive', @LockOwner = 'Session', @LockTimeout = "
                      + MsSqlConnections.millis(patience)
                      + "; SELECT @taken",
                  resource)
              .number(connection);
      if (taken < 0) {
        throw MigratorLock.taken(table, "another process");
      }
      return () -> release(connection, resource);
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /** The session goes on, and must not keep it. */
  private static void release(Connection connection, String resource) {
    try (connection) {
      if (connection.isValid(1)) { // else it is given back already
        new SqlStatement(
                "DECLARE @given int; EXEC @given = sp_releaseapplock @Resource = ?, @LockOwner ="
                    + " 'Session'; SELECT @given",
                resource)
            .number(connection);
      }
    } catch (SQLException e) {
      LOG.warn("The lock of this migration could not be given back: {}", e.getMessage());
    }
  }

  // ---- the constraint --------------------------------------------------------------------------

  /**
   * Mastra's newest release looks for a primary key of this name. Where the columns are compared
   * loosely, ids that differ by case alone would break it: there it stays our unique index over
   * their bytes, and Mastra's start tries to add its own.
   */
  @Override
  public KeyConstraint keyConstraint(
      Connection connection, SpanTable table, List<String> keyColumns, MigrationLayout layout)
      throws SQLException {
    Map<String, Column> columns = catalog.columns(connection, qualified(table));
    if (layout != MigrationLayout.MASTRA
        || keyColumns.stream().map(columns::get).anyMatch(MsSqlMigration::isComparedLoosely)) {
      return new KeyConstraint(keyName(table.name()), keyColumns, false);
    }
    String schema = table.schema();
    String prefix = schema == null || schema.equalsIgnoreCase("dbo") ? "" : schema + "_";
    return new KeyConstraint(prefix + table.name() + "_traceid_spanid_pk", keyColumns, true);
  }

  private static boolean isComparedLoosely(@Nullable Column column) {
    return column != null && column.isComparedLoosely();
  }

  @Override
  public boolean isNamed(SpanTable table, String found, KeyConstraint key) {
    return MsSqlCatalog.isNamed(found, key.name(), table.name());
  }

  @Override
  public String constraintStatement(SpanTable table, KeyConstraint key) {
    return key.isPrimaryKey()
        ? "ALTER TABLE "
            + (qualified(table) + " ADD CONSTRAINT " + dialect().quote(key.name()))
            + key.columns().stream()
                .map(dialect()::quote)
                .collect(Collectors.joining(", ", " PRIMARY KEY (", ")"))
        : super.constraintStatement(table, key);
  }

  @Override
  public String constraintLock() {
    return "A shared lock of the table while the index is built: writers wait, readers go on.";
  }

  @Override
  public void constrain(
      SpanTable table,
      KeyConstraint key,
      MigrationOptions options,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception {
    ConnectionSource impatient = connections.withLockTimeout(options.lockTimeout());
    Instant end = Instant.now().plus(PATIENCE);
    boolean constrained = false;
    for (int tries = 1; !constrained; tries++) {
      try {
        constrained = constrainOnce(table, key, impatient, lateDuplicates);
      } catch (SQLException e) {
        boolean duplicates = MsSqlFailures.isDuplicateInIndex(e);
        if (!duplicates && !MsSqlFailures.isLockTimeout(e)) {
          throw e;
        }
        if (duplicates && tries >= CONSTRAINT_TRIES || Instant.now().isAfter(end)) {
          throw unfinished(table, options.lockTimeout(), duplicates, e);
        }
        // So that whoever queued behind the lock gets a turn.
        TimeUnit.MILLISECONDS.sleep(Math.min(1000, options.lockTimeout().toMillis()));
      }
    }
  }

  /** Whether the constraint stands now. */
  private boolean constrainOnce(
      SpanTable table,
      KeyConstraint key,
      ConnectionSource impatient,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception {
    impatient.transact(lateDuplicates);
    if (impatient.read(c -> constraintState(c, table, key.columns())) == ConstraintState.PRESENT) {
      return true;
    }
    // Before the index, because a column takes a lock for a moment that keeps readers out.
    List<String> compared =
        key.isPrimaryKey()
            ? key.columns()
            : impatient.transact(c -> addExactColumns(c, table, key.columns()));
    KeyConstraint exact = new KeyConstraint(key.name(), compared, key.isPrimaryKey());
    impatient.transact(
        connection -> {
          keepWritersOut(connection, table);
          lateDuplicates.on(connection);
          dropIndex(connection, table, key);
          if (key.isPrimaryKey()) {
            makeRequired(connection, table, key);
          }
          return execute(connection, constraintStatement(connection, table, exact));
        });
    return true;
  }

  /** A primary key takes columns that are declared as required alone. */
  private void makeRequired(Connection connection, SpanTable table, KeyConstraint key)
      throws SQLException {
    String qualified = qualified(table);
    Map<String, Column> columns = catalog.columns(connection, qualified);
    for (String name : key.columns()) {
      Column column = columns.get(name);
      if (column != null && catalog.isNullable(connection, qualified, name)) {
        execute(
            connection,
            "ALTER TABLE "
                + (qualified + " ALTER COLUMN " + dialect().quote(name))
                + (" " + column.definition() + " NOT NULL"));
      }
    }
  }

  private void keepWritersOut(Connection connection, SpanTable table) throws SQLException {
    new SqlStatement("SELECT TOP (1) 1 FROM " + qualified(table) + " WITH (TABLOCK, HOLDLOCK)")
        .list(connection, row -> row.getInt(1));
  }

  /** Rows are laid out by the key where nothing else lays them out, and it is short enough. */
  private String constraintStatement(Connection connection, SpanTable table, KeyConstraint key)
      throws SQLException {
    List<String> compared = key.columns();
    Map<String, Column> columns = catalog.columns(connection, qualified(table));
    boolean isShort =
        columns.keySet().containsAll(compared)
            && compared.stream().mapToInt(name -> columns.get(name).bytes()).sum()
                <= MsSqlCatalog.LONGEST_CLUSTERED_KEY;
    String statement = constraintStatement(table, key);
    if (key.isPrimaryKey()) {
      return isShort
          ? statement
          : statement.replaceFirst("PRIMARY KEY", "PRIMARY KEY NONCLUSTERED");
    }
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
      SpanTable table, Duration lockTimeout, boolean duplicates, SQLException cause) {
    return new StorageException(
        duplicates ? FailureKind.TRANSIENT : MsSqlFailures.kindOf(cause),
        "The last step of the migration of "
            + table
            + " could not be done"
            + (duplicates
                ? ": writers add duplicates faster than they can be moved. Nothing is lost: stop"
                    + " those writers, then run 'tracekeep migrate apply' again to finish it."
                : " with a lock-timeout of "
                    + lockTimeout.toMillis()
                    + " ms: "
                    + MsSqlFailures.reason(cause)
                    + ". Nothing is lost: end the old transactions on the table, then run"
                    + " 'tracekeep migrate apply' again to finish it."),
        cause);
  }

  @Override
  public void release(Connection connection, SpanTable table, KeyConstraint key)
      throws SQLException {
    dropIndex(connection, table, key);
    for (String column : key.columns()) {
      dropColumn(connection, table, MsSqlCatalog.exactName(column));
    }
  }

  @Override
  public List<String> uniqueKeys(Connection connection, SpanTable table, List<String> keyColumns)
      throws SQLException {
    Set<String> key = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    key.addAll(keyColumns);
    return catalog.uniqueIndexes(connection, qualified(table)).stream()
        .filter(index -> !index.isDisabled() && key.containsAll(index.plainColumns()))
        .map(UniqueIndex::name)
        .toList();
  }

  @Override
  public List<String> dependents(Connection connection, SpanTable table) throws SQLException {
    List<String> found = new ArrayList<>();
    catalog.indexNames(connection, qualified(table)).forEach(name -> found.add("index " + name));
    triggers(connection, table).forEach(name -> found.add("trigger " + name));
    // What a view reads is not told by every server: those are named that name the table.
    new SqlStatement(
            "SELECT v.TABLE_NAME FROM INFORMATION_SCHEMA.VIEWS v WHERE CHARINDEX(?,"
                + " v.VIEW_DEFINITION) > 0",
            table.name())
        .forEach(connection, row -> found.add("view " + row.getString(1)));
    new SqlStatement(
            "SELECT k.name FROM sys.foreign_keys k WHERE k.parent_object_id = OBJECT_ID(?)",
            qualified(table))
        .forEach(connection, row -> found.add("foreign key " + row.getString(1)));
    return found;
  }

  /** As far as the catalog tells: on what a trigger fires is not told by every server. */
  @Override
  public List<String> triggersOnDelete(Connection connection, SpanTable table) throws SQLException {
    return triggers(connection, table);
  }

  /** Drops the index of the key; one that backs a constraint was there before any migration. */
  private void dropIndex(Connection connection, SpanTable table, KeyConstraint key)
      throws SQLException {
    String name = dialect().quote(key.name());
    for (UniqueIndex index : catalog.uniqueIndexes(connection, qualified(table))) {
      if (!isNamed(table, index.name(), key)) {
        continue;
      }
      if (!index.isOfConstraint()) {
        execute(connection, "DROP INDEX " + name + " ON " + qualified(table));
      } else if (key.isPrimaryKey()) {
        execute(connection, "ALTER TABLE " + qualified(table) + " DROP CONSTRAINT " + name);
      }
    }
  }

  @Override
  public void dropColumns(Connection connection, SpanTable table, List<String> columns)
      throws SQLException {
    for (String column : columns) {
      dropColumn(connection, table, column);
    }
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

  /** SQL Server reads an empty text as the start of 1900; what is no time is no end. */
  @Override
  public String isEnd(String columnSql, String type) {
    String kind = type.toLowerCase(Locale.ROOT);
    String text = "LOWER(LTRIM(RTRIM(CAST(" + columnSql + " AS nvarchar(100)))))";
    String condition =
        kind.startsWith("date") || kind.startsWith("smalldatetime")
            ? columnSql + " <> CONVERT(datetime2, '1900-01-01', 23)"
            : kind.startsWith("bit")
                ? columnSql + " = 1"
                : text
                    + " NOT IN (N'', N'0', N'0.0', N'false', N'null', N'nan', N'inf', N'-inf',"
                    + " N'infinity', N'-infinity')";
    return "(" + columnSql + " IS NOT NULL AND " + condition + ")";
  }

  /** Text is read as a time first; for digits beyond that it is compared as it is. */
  @Override
  public List<String> timeOrder(String columnSql, String type) {
    return type.toLowerCase(Locale.ROOT).contains("char")
        ? List.of("TRY_CAST(" + columnSql + " AS datetimeoffset)", columnSql)
        : List.of(columnSql);
  }

  /** In bytes of UTF-16, which is what SQL Server counts without a conversion. */
  @Override
  public String textLength(String columnSql) {
    return "CAST(DATALENGTH(" + columnSql + ") AS bigint)";
  }

  /**
   * Half of the hash, as two numbers: Babelfish has no CONVERT to hexadecimal digits, and takes the
   * bytes for characters.
   */
  @Override
  public String digest(List<String> columnsSql) {
    String hash =
        "HASHBYTES('SHA2_256', "
            + concatenated(columnsSql.stream().map(column -> column + ", N'|'").toList())
            + ")";
    return "CONCAT("
        + ("CAST(SUBSTRING(" + hash + ", 1, 8) AS bigint), N' ', ")
        + ("CAST(SUBSTRING(" + hash + ", 9, 8) AS bigint))");
  }

  /** One text of many; in parts, because a function of Babelfish takes 100 arguments at most. */
  private static String concatenated(List<String> textsSql) {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < textsSql.size(); i += TEXTS_AT_ONCE) {
      List<String> some = textsSql.subList(i, Math.min(textsSql.size(), i + TEXTS_AT_ONCE));
      parts.add("CONCAT(CAST(N'' AS nvarchar(max)), " + String.join(", ", some) + ")");
    }
    return parts.size() == 1 ? parts.get(0) : "CONCAT(" + String.join(", ", parts) + ")";
  }

  /** SQL Server compares no tuples. */
  @Override
  public String isIn(List<String> values, String table, List<String> columns) {
    List<String> same = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      same.add(columns.get(i) + " = " + values.get(i));
    }
    return "EXISTS (SELECT 1 FROM " + table + " t WHERE " + String.join(" AND ", same) + ")";
  }

  /** The archive's texts have no limit, and an index takes none such. */
  @Override
  public boolean indexesText() {
    return false;
  }

  @Override
  public HashedRows hash(
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
        "CAST(SUBSTRING(HASHBYTES('SHA2_256', " + concatenated(texts) + "), 1, 8) AS bigint)";
    return new SqlStatement(
            "SELECT COUNT_BIG(*), CAST(SUM(CAST("
                + hash
                + " AS decimal(38, 0))) AS varchar(60)) FROM "
                + table
                + " t WHERE ")
        .append(condition)
        .list(connection, row -> new HashedRows(row.getLong(1), row.getString(2)))
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
  public HashedRows moveLosers(Connection connection, LosingRows losers) throws SQLException {
    String table = qualified(losers.table());
    String archive = losers.archive();
    String staged = losers.staged();
    if (connections.server().locksByHints()) { // else the pool's isolation sees to it
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    }
    if (!catalog.hasColumn(connection, archive, MsSqlCatalog.ROW_COLUMN)) {
      execute(connection, "ALTER TABLE " + archive + " ADD " + rowColumn() + " bigint");
    }
    String columns = LosingRows.ROW + ", " + LosingRows.list("", losers.told());
    execute(connection, "DELETE FROM " + staged);
    new SqlStatement("INSERT INTO " + staged + " (" + columns + ") SELECT " + columns + " FROM (")
        .append(losers.ranking())
        .append(") l")
        .execute(connection);
    String row = rowId(connection, table);
    // By IN, because Babelfish scans the table once for each loser that a join names.
    String named = " IN (SELECT l." + LosingRows.ROW + " FROM " + staged + " l)";
    HashedRows removed =
        hash(connection, table, losers.carried("t."), new SqlStatement("t." + row + named));
    if (removed.count() == 0) {
      return removed;
    }
    int deleted =
        execute(
            connection,
            "DELETE FROM "
                + table
                + (" OUTPUT " + LosingRows.list("deleted.", losers.carried()) + ", deleted." + row)
                + (" INTO " + archive + " (" + LosingRows.list("", losers.carried()) + ", ")
                + (rowColumn() + ") WHERE " + row + named));
    requireDeleted(connection, losers.table(), removed.count(), deleted);
    execute(
        connection,
        "UPDATE a SET "
            + losers.told().stream()
                .map(name -> name + " = l." + name)
                .collect(Collectors.joining(", "))
            + (" FROM " + archive + " a JOIN " + staged + " l ON l." + LosingRows.ROW + " = a.")
            + (rowColumn() + " WHERE a." + losers.told().get(0) + " IS NULL"));
    requireArchived(
        losers.table(),
        removed,
        hash(connection, archive, losers.carried("t."), losers.ofThisBatch()));
    return removed;
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
   * what is restored.
   */
  @Override
  public long restoring(Connection connection, SpanTable table, ConnectionSource.Work<Long> work)
      throws Exception {
    String qualified = qualified(table);
    List<String> triggers = triggers(connection, table);
    boolean hasIdentity = catalog.identity(connection, qualified).isPresent();
    for (String trigger : triggers) {
      execute(connection, "DISABLE TRIGGER " + dialect().quote(trigger) + " ON " + qualified);
    }
    if (hasIdentity) {
      execute(connection, "SET IDENTITY_INSERT " + qualified + " ON");
    }
    long rows = work.on(connection);
    if (hasIdentity) {
      execute(connection, "SET IDENTITY_INSERT " + qualified + " OFF");
    }
    for (String trigger : triggers) {
      execute(connection, "ENABLE TRIGGER " + dialect().quote(trigger) + " ON " + qualified);
    }
    return rows;
  }

  /** The triggers that fire. */
  private List<String> triggers(Connection connection, SpanTable table) throws SQLException {
    return new SqlStatement(
            "SELECT g.name FROM sys.triggers g WHERE g.parent_id = OBJECT_ID(?) AND g.is_disabled ="
                + " 0",
            qualified(table))
        .list(connection, row -> row.getString(1));
  }
}
