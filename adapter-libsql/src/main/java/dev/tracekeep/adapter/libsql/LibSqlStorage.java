package dev.tracekeep.adapter.libsql;

import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.jdbc.JdbcStorage;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.SqlStatement;
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
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Spans in libSQL or SQLite. */
final class LibSqlStorage extends JdbcStorage {
  private static final LibSqlDialect DIALECT = new LibSqlDialect();

  private final LibSqlConnections connections;
  private final LibSqlFailures failures;
  private final LibSqlMigration migration;
  private final SpanWriter writer;
  private final Set<Capability> capabilities;

  LibSqlStorage(StorageConfig config, LibSqlConnections connections) {
    super(config, DIALECT, connections);
    this.connections = connections;
    this.failures = new LibSqlFailures(config.uri());
    this.migration = new LibSqlMigration(DIALECT, connections);
    this.writer = new SpanWriter(DIALECT, sql());
    EnumSet<Capability> declared =
        EnumSet.of(
            Capability.ENFORCED_UNIQUENESS,
            Capability.ATOMIC_BATCH,
            Capability.EXACT_WRITE_COUNTS,
            Capability.ATOMIC_UPDATE,
            Capability.TRANSACTIONAL_MIGRATION);
    if (connections.isShared()) {
      declared.add(Capability.DURABLE);
      declared.add(Capability.SHARED);
    }
    declared.addAll(READS);
    this.capabilities = Collections.unmodifiableSet(declared);
  }

  @Override
  public TracingStrategySupport tracingStrategy() {
    return TracingStrategySupport.allPreferring(TracingStrategy.BATCH_WITH_UPDATES);
  }

  @Override
  public Set<Capability> capabilities() {
    return capabilities;
  }

  @Override
  protected void createTable(Connection connection) throws SQLException {
    List<String> definitions = new ArrayList<>();
    SpanColumn.all().stream()
        .filter(SpanColumn::isKey)
        .forEach(column -> definitions.add(sql().definition(column)));
    // In front of the large values: SQLite reads a row from its start, page by page.
    definitions.add(sql().versionDefinition());
    SpanColumn.all().stream()
        .filter(column -> !column.isKey())
        .forEach(column -> definitions.add(sql().definition(column)));
    // Not WITHOUT ROWID: rows of this size in the tree of the key are written at half the speed.
    new SqlStatement("CREATE TABLE " + sql().table() + " (" + String.join(", ", definitions) + ")")
        .execute(connection);
    new SqlStatement(
            "CREATE UNIQUE INDEX "
                + DIALECT.quote(LibSqlMigration.keyName(config().table()))
                + " ON "
                + DIALECT.quote(config().table())
                + " ("
                + sql().keyNames()
                + ")")
        .execute(connection);
  }

  /**
   * The number of each table's format. Not {@code PRAGMA user_version}, which belongs to the whole
   * file, and so to the program whose file it is.
   */
  private static final String FORMATS = DIALECT.quote("tracekeep_formats");

  @Override
  protected OptionalInt readFormat(Connection connection, TableIdentity table) throws SQLException {
    if (new SqlStatement("SELECT count(*) FROM sqlite_schema WHERE name = 'tracekeep_formats'")
            .number(connection)
        == 0) {
      return OptionalInt.empty();
    }
    return new SqlStatement("SELECT format FROM " + FORMATS + " WHERE table_name = ?", table.name())
        .list(connection, row -> row.getInt(1)).stream().mapToInt(Integer::intValue).findFirst();
  }

  @Override
  protected void writeFormat(Connection connection, TableIdentity table) throws SQLException {
    new SqlStatement(
            "CREATE TABLE IF NOT EXISTS "
                + FORMATS
                + " (table_name TEXT NOT NULL PRIMARY KEY, format INTEGER NOT NULL)")
        .execute(connection);
    new SqlStatement(
            "INSERT INTO "
                + FORMATS
                + " (table_name, format) VALUES (?, ?) ON CONFLICT (table_name) DO UPDATE SET"
                + " format = excluded.format",
            table.name(),
            TableFormat.CURRENT)
        .execute(connection);
  }

  @Override
  protected List<String> indexStatements() {
    return List.copyOf(new SpanIndexes(DIALECT, sql(), config().table()).statements().values());
  }

  @Override
  protected List<List<SpanColumn>> indexedValues() {
    return SpanIndexes.values();
  }

  @Override
  protected boolean isBulk(int batchSize) {
    return false; // SQLite has no faster way in than the one that the merge takes
  }

  @Override
  protected void insertDirect(Connection connection, List<Span> batch) throws SQLException {
    writer.merge(connection, batch);
  }

  @Override
  protected WriteOutcome merge(Connection connection, List<Span> batch) throws SQLException {
    return writer.merge(connection, batch);
  }

  @Override
  protected void overwrite(Connection connection, List<Span> better) throws SQLException {
    writer.replace(connection, better);
  }

  @Override
  protected boolean isDuplicateKey(Exception failure) {
    return LibSqlFailures.isDuplicateKey(failure);
  }

  @Override
  protected String engineVersion(Connection connection) throws SQLException {
    return new SqlStatement("SELECT sqlite_version()")
        .list(connection, row -> connections.engineName() + " " + row.getString(1))
        .get(0);
  }

  @Override
  protected MigrationDialect migrationDialect() {
    return migration;
  }

  @Override
  protected StorageException classify(String action, Exception failure) {
    return failures.classify(action, failure);
  }
}
