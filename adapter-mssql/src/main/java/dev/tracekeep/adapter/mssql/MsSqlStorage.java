package dev.tracekeep.adapter.mssql;

import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.jdbc.JdbcStorage;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.storage.spi.TableFormat;
import dev.tracekeep.storage.spi.WriteOutcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/** Spans in SQL Server. */
final class MsSqlStorage extends JdbcStorage {
  private static final MsSqlDialect DIALECT = new MsSqlDialect();

  private static final Set<Capability> CAPABILITIES = all();

  private static Set<Capability> all() {
    Set<Capability> all = EnumSet.copyOf(READS);
    all.addAll(
        List.of(
            Capability.ENFORCED_UNIQUENESS,
            Capability.ATOMIC_BATCH,
            Capability.EXACT_WRITE_COUNTS,
            Capability.ATOMIC_UPDATE,
            Capability.TRANSACTIONAL_MIGRATION,
            Capability.DURABLE,
            Capability.SHARED));
    return Collections.unmodifiableSet(all);
  }

  /** The extended property of the table that has the number of its format. */
  private static final String FORMAT_PROPERTY = "tracekeep_format";

  private final MsSqlConnections connections;
  private final MsSqlFailures failures;
  private final MsSqlMigration migration;
  private final SpanWriter writer;

  MsSqlStorage(StorageConfig config, MsSqlConnections connections) {
    super(config, DIALECT, connections);
    this.connections = connections;
    this.failures = new MsSqlFailures(config.uri());
    this.migration = new MsSqlMigration(DIALECT, connections, config);
    this.writer = new SpanWriter(sql(), DIALECT, config.statementTimeout());
  }

  @Override
  public TracingStrategySupport tracingStrategy() {
    return TracingStrategySupport.allPreferring(TracingStrategy.BATCH_WITH_UPDATES);
  }

  @Override
  public Set<Capability> capabilities() {
    return CAPABILITIES;
  }

  // ---- the table -------------------------------------------------------------------------------

  @Override
  protected void createTable(Connection connection) throws SQLException {
    try {
      new SqlStatement(createTableStatement()).execute(connection);
      for (String index : indexes().values()) {
        new SqlStatement(index).execute(connection);
      }
    } catch (SQLException e) {
      throw MsSqlFailures.isThereAlready(e) ? new LostRaceException(e) : e;
    }
  }

  String createTableStatement() {
    return "CREATE TABLE "
        + sql().table()
        + " ("
        + sql().columnDefinitions()
        + ", "
        + SpanColumn.all().stream()
            .filter(column -> column.type() == SpanColumn.Type.TIME)
            .map(this::forPeople)
            .collect(Collectors.joining(", "))
        + ", CONSTRAINT "
        + DIALECT.quote(MsSqlMigration.keyName(config().table()))
        + " PRIMARY KEY CLUSTERED ("
        + sql().keyNames()
        + "))";
  }

  @Override
  protected OptionalInt readFormat(Connection connection, TableIdentity table) throws SQLException {
    return new SqlStatement(
            "SELECT CAST(p.value AS nvarchar(20)) FROM sys.extended_properties p WHERE p.class = 1"
                + " AND p.major_id = OBJECT_ID(?) AND p.minor_id = 0 AND p.name = ?",
            sql().table(),
            FORMAT_PROPERTY)
        .list(connection, row -> Integer.parseInt(row.getString(1))).stream()
            .mapToInt(Integer::intValue)
            .findFirst();
  }

  @Override
  protected void writeFormat(Connection connection, TableIdentity table) throws SQLException {
    String procedure =
        readFormat(connection, table).isPresent()
            ? "sp_updateextendedproperty"
            : "sp_addextendedproperty";
    new SqlStatement(
            "EXEC sys."
                + procedure
                + " @name = ?, @value = ?, @level0type = N'SCHEMA', @level0name = ?, @level1type ="
                + " N'TABLE', @level1name = ?",
            FORMAT_PROPERTY,
            Integer.toString(TableFormat.CURRENT),
            String.valueOf(table.schema()),
            table.name())
        .execute(connection);
  }

  /**
   * A time as people read it, computed when it is asked for; nothing of ours reads it. DATEADD
   * takes an int, so the nanoseconds go in three parts.
   */
  private String forPeople(SpanColumn time) {
    String nanos = sql().name(time);
    return DIALECT.quote(time.columnName() + "_utc")
        + " AS DATEADD(NANOSECOND, CAST("
        + nanos
        + " % 1000000000 AS int), DATEADD(SECOND, CAST("
        + nanos
        + " / 1000000000 % 60 AS int), DATEADD(MINUTE, CAST("
        + nanos
        + " / 1000000000 / 60 AS int), DATETIME2FROMPARTS(1970, 1, 1, 0, 0, 0, 0, 7))))";
  }

  /**
   * The indexes, from their names to the statements that make them. Those of roots and errors are
   * filtered, one row in fifty. Text columns have no length, and no index. Those of roots include
   * the column that they filter by: without it the server looks each row up to test it again.
   */
  Map<String, String> indexes() {
    String tenant = sql().name(SpanColumn.TENANT_ID);
    String trace = sql().name(SpanColumn.TRACE_ID);
    String span = sql().name(SpanColumn.SPAN_ID);
    String started = sql().name(SpanColumn.STARTED_AT);
    String ended = sql().name(SpanColumn.ENDED_AT);
    String parent = sql().name(SpanColumn.PARENT_SPAN_ID);
    String roots = " INCLUDE (" + parent + ") WHERE " + parent + " IS NULL";
    Map<String, String> indexes = new LinkedHashMap<>();
    // The pages of a list, in both orders.
    define(indexes, "started", List.of(tenant, started + " DESC", trace, span), roots);
    define(indexes, "ended", List.of(tenant, ended + " DESC", trace, span), roots);
    // Whether a root is the first of its trace.
    define(indexes, "root", List.of(tenant, trace, started, span), roots);
    // Whether a trace has an error.
    String errors = " WHERE " + sql().name(SpanColumn.ERROR) + " IS NOT NULL";
    define(indexes, "error", List.of(tenant, trace), errors);
    // The errors of a day.
    define(indexes, "failed", List.of(tenant, started + " DESC", trace, span), errors);
    // Spans by start, among them the heads of traces without a root.
    define(indexes, "span", List.of(tenant, started + " DESC"), " INCLUDE (" + parent + ")");
    return indexes;
  }

  private void define(
      Map<String, String> indexes, String what, List<String> columns, String ending) {
    String name = config().table() + "_" + what;
    indexes.put(
        name,
        "CREATE INDEX "
            + DIALECT.quote(name)
            + " ON "
            + sql().table()
            + " ("
            + String.join(", ", columns)
            + ")"
            + ending);
  }

  @Override
  protected List<String> indexStatements() {
    return List.copyOf(indexes().values());
  }

  /** Makes what is missing in a table that an older release made. */
  @Override
  protected void makeIndexes() throws Exception {
    SpanTable table = new SpanTable(config().schema(), config().table(), null);
    for (Map.Entry<String, String> index : indexes().entrySet()) {
      if (!connections.read(c -> migration.hasIndex(c, table, index.getKey()))) {
        try {
          connections.transact(c -> new SqlStatement(index.getValue()).execute(c));
        } catch (SQLException e) {
          if (!MsSqlFailures.isThereAlready(e)) { // else another process made it meanwhile
            throw e;
          }
        }
      }
    }
  }

  @Override
  protected String engineVersion(Connection connection) throws SQLException {
    return MsSqlServer.of(connection).product();
  }

  @Override
  protected MigrationDialect migrationDialect() {
    return migration;
  }

  // ---- writes ----------------------------------------------------------------------------------

  @Override
  protected boolean isBulk(int batchSize) {
    return batchSize > SpanWriter.SMALL_BATCH;
  }

  @Override
  protected void insertDirect(Connection connection, List<Span> batch) throws SQLException {
    writer.copy(connection, batch);
  }

  @Override
  protected WriteOutcome merge(Connection connection, List<Span> batch) throws SQLException {
    return isBulk(batch.size())
        ? writer.mergeStaged(connection, batch)
        : writer.mergeFew(connection, batch);
  }

  /** In portions, so that no statement has so many locks that the server takes the whole table. */
  @Override
  protected int deleteRows(Connection connection, SqlStatement condition) throws SQLException {
    SqlStatement portion =
        new SqlStatement(
                "DELETE TOP ("
                    + SpanWriter.ROWS_PER_STATEMENT
                    + ") FROM "
                    + sql().table()
                    + " WHERE ")
            .append(condition);
    int all = 0;
    int now;
    do {
      now = portion.execute(connection);
      all += now;
    } while (now == SpanWriter.ROWS_PER_STATEMENT);
    return all;
  }

  @Override
  protected boolean isDuplicateKey(Exception failure) {
    return MsSqlFailures.isDuplicateKey(failure);
  }

  @Override
  protected StorageException classify(String action, Exception failure) {
    return failures.classify(action, failure);
  }
}
