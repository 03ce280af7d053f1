package dev.tracekeep.adapter.pg;

import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.jdbc.JdbcStorage;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ConfigurationException;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Spans in PostgreSQL. */
final class PgStorage extends JdbcStorage {
  private static final Set<Capability> CAPABILITIES = all();

  private static final Logger LOG = LoggerFactory.getLogger(PgStorage.class);

  /** What spans are most often looked for by, each with an index of its own. */
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

  private final PgDialect dialect;
  private final PgConnections connections;
  private final PgFailures failures;
  private final PgMigration migration;
  private final SpanWriter writer;

  /** What a new table is to be distributed by on Citus. */
  private final @Nullable SpanColumn distribution;

  private volatile boolean distributed;

  PgStorage(StorageConfig config, PgConnections connections) {
    this(config, connections, new PgDialect());
  }

  private PgStorage(StorageConfig config, PgConnections connections, PgDialect dialect) {
    super(config, dialect, connections);
    this.dialect = dialect;
    this.connections = connections;
    this.failures = new PgFailures(config.uri());
    this.migration = new PgMigration(dialect, connections, config);
    this.writer = new SpanWriter(sql(), dialect, config.table());
    this.distribution =
        switch (config.engineProperty(PgProvider.DISTRIBUTION).orElse("none")) {
          case "trace" -> SpanColumn.TRACE_ID;
          case "tenant" -> SpanColumn.TENANT_ID;
          default -> null;
        };
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
    dialect.comparesByBytesAnyway(connections.server().kind() == PgServer.Kind.COCKROACHDB);
    new SqlStatement(
            "CREATE TABLE "
                + sql().table()
                + " ("
                + columnDefinitions()
                + ", CONSTRAINT "
                + dialect.quote(PgMigration.keyName(config().table()))
                + " PRIMARY KEY ("
                + sql().keyNames()
                + "))")
        .execute(connection);
    for (String definition : indexes().values()) {
      new SqlStatement("CREATE INDEX " + definition).execute(connection);
    }
    if (distribution != null) {
      if (!connections.server().hasCitus()) {
        throw new ConfigurationException(
            List.of(
                "The property "
                    + PgProvider.DISTRIBUTION
                    + " asks for a distributed table, and this database has no Citus: run CREATE"
                    + " EXTENSION citus in it, or leave the property away."));
      }
      new SqlStatement(
              "SELECT create_distributed_table(to_regclass(?), ?)",
              sql().table(),
              distribution.columnName())
          .list(connection, row -> true);
    }
  }

  /** Whether Citus has spread the table over its workers; asked again until it has. */
  private boolean isDistributed(Connection connection) throws SQLException {
    if (!distributed && connections.server().hasCitus()) {
      distributed = migration.distributionColumn(connection, spanTable()).isPresent();
    }
    return distributed;
  }

  private SpanTable spanTable() {
    return new SpanTable(config().schema(), config().table(), null);
  }

  /** To distribute a table that is there is for people to do, while nobody writes. */
  private void compareDistribution() throws Exception {
    SpanColumn wanted = distribution;
    if (wanted == null) {
      return;
    }
    Optional<String> found = connections.read(c -> migration.distributionColumn(c, spanTable()));
    if (found.isEmpty()) {
      LOG.warn(
          "{} is not distributed, so all of it is on the coordinator. While nobody writes, run:"
              + " SELECT create_distributed_table('{}', '{}')",
          spanTable(),
          sql().table(),
          wanted.columnName());
    } else if (!found.get().equals(wanted.columnName())) {
      LOG.warn(
          "{} is distributed by {}, and the property {} says otherwise: change the property; or,"
              + " while nobody writes, run: SELECT alter_distributed_table('{}',"
              + " distribution_column := '{}')",
          spanTable(),
          found.get(),
          PgProvider.DISTRIBUTION,
          sql().table(),
          wanted.columnName());
    }
  }

  @Override
  protected OptionalInt readFormat(Connection connection, TableIdentity table) throws SQLException {
    return TableFormat.in(comment(connection));
  }

  @Override
  protected void writeFormat(Connection connection, TableIdentity table) throws SQLException {
    String comment = TableFormat.commentWith(comment(connection));
    new SqlStatement(
            "COMMENT ON TABLE " + sql().table() + " IS '" + comment.replace("'", "''") + "'")
        .execute(connection);
  }

  private @Nullable String comment(Connection connection) throws SQLException {
    return new SqlStatement(
            "SELECT obj_description(CAST(? AS regclass), 'pg_class')", sql().table())
        .list(connection, row -> row.getString(1))
        .get(0);
  }

  /** CockroachDB compares all text byte by byte, and refuses to be told so. */
  private String columnDefinitions() throws SQLException {
    String definitions = sql().columnDefinitions();
    return connections.server().kind() == PgServer.Kind.COCKROACHDB
        ? definitions.replace(PgDialect.BYTE_ORDER, "")
        : definitions;
  }

  /**
   * The indexes, from their names to their definitions. Those of roots and errors are one entry in
   * fifty spans; those of correlations cost the spans nothing that have none.
   */
  private Map<String, String> indexes() {
    String tenant = sql().name(SpanColumn.TENANT_ID);
    String trace = sql().name(SpanColumn.TRACE_ID);
    String span = sql().name(SpanColumn.SPAN_ID);
    String started = sql().name(SpanColumn.STARTED_AT);
    String ended = sql().name(SpanColumn.ENDED_AT);
    String roots = " WHERE " + sql().name(SpanColumn.PARENT_SPAN_ID) + " IS NULL";
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
    define(indexes, "failed", List.of(tenant, started + " DESC"), errors);
    // Spans by start, among them the heads of traces without a root. Without ids: of equal starts
    // the few are sorted, and an entry is half as long.
    define(indexes, "span", List.of(tenant, started + " DESC"), "");
    // Whatever the field puts into them, a text that is too long for an index must not fail.
    for (SpanColumn column : PgDialect.INDEXED_TEXTS) {
      define(
          indexes,
          column.columnName().replace("_id", "").replace("_name", ""),
          List.of(tenant, text(column)),
          " WHERE " + PgDialect.isShort(sql().name(column)));
    }
    return indexes;
  }

  private String text(SpanColumn column) {
    return dialect.byteOrder(sql().name(column));
  }

  /** No index has all values of a text column, so those of the trace id alone are walked. */
  @Override
  protected List<List<SpanColumn>> indexedValues() {
    return List.of(List.of(SpanColumn.TRACE_ID));
  }

  private void define(
      Map<String, String> indexes, String what, List<String> columns, String condition) {
    String name = config().table() + "_" + what;
    indexes.put(
        name,
        dialect.quote(name)
            + " ON "
            + sql().table()
            + " ("
            + String.join(", ", columns)
            + ")"
            + condition);
  }

  @Override
  protected List<String> indexStatements() {
    return indexes().values().stream().map(index -> "CREATE INDEX IF NOT EXISTS " + index).toList();
  }

  /**
   * Makes what is missing in a table that an older release made, while others write to it. IF NOT
   * EXISTS alone would wait for all writers at each start, even where nothing is missing.
   */
  @Override
  protected void makeIndexes() throws Exception {
    dialect.comparesByBytesAnyway(connections.server().kind() == PgServer.Kind.COCKROACHDB);
    compareDistribution();
    SpanTable table = spanTable();
    if (!connections.server().isPostgres() || connections.isPooledByTransaction()) {
      if (!connections
          .read(c -> migration.validIndexes(c, table))
          .containsAll(indexes().keySet())) {
        super.makeIndexes();
      }
      return;
    }
    if (connections.read(c -> migration.validIndexes(c, table)).containsAll(indexes().keySet())) {
      return;
    }
    Optional<MigratorLock> lock = migration.tryLock(table);
    if (lock.isEmpty()) {
      return; // another process is at it, and they are for speed alone
    }
    MigratorLock held = lock.get();
    try (held;
        Connection connection = connections.dedicated(config().lockTimeout())) {
      Set<String> present = migration.validIndexes(connection, table);
      for (Map.Entry<String, String> index : indexes().entrySet()) {
        if (!present.contains(index.getKey())) {
          migration.dropIndex(connection, table, index.getKey());
          new SqlStatement("CREATE INDEX CONCURRENTLY " + index.getValue()).execute(connection);
        }
      }
    }
  }

  @Override
  protected String engineVersion(Connection connection) throws SQLException {
    return PgServer.of(connection).product();
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
    if (connections.server().isPostgres()) {
      isDistributed(connection); // so that what the copy fails with is understood
      writer.copy(connection, batch);
    } else {
      writer.insert(connection, batch);
    }
  }

  @Override
  protected WriteOutcome merge(Connection connection, List<Span> batch) throws SQLException {
    if (!connections.server().isPostgres()) {
      return writer.mergeLooking(connection, batch);
    }
    return isBulk(batch.size())
        ? writer.mergeStaged(connection, batch, isDistributed(connection))
        : writer.mergeFew(connection, batch);
  }

  /** Citus locks rows of one shard alone, so a statement may name those of one trace. */
  @Override
  protected List<List<SpanKey>> lockedTogether(Connection connection, List<SpanKey> keys)
      throws SQLException {
    if (!isDistributed(connection)) {
      return super.lockedTogether(connection, keys);
    }
    Map<TraceKey, List<SpanKey>> byTrace =
        keys.stream()
            .collect(
                Collectors.groupingBy(SpanKey::trace, LinkedHashMap::new, Collectors.toList()));
    List<List<SpanKey>> all = new ArrayList<>();
    for (List<SpanKey> ofTrace : byTrace.values()) {
      all.addAll(super.lockedTogether(connection, ofTrace));
    }
    return all;
  }

  /**
   * Citus has one state for all that can go wrong on a worker during COPY; what it was, the merge
   * that follows is told properly.
   */
  @Override
  protected boolean isDuplicateKey(Exception failure) {
    return PgFailures.isDuplicateKey(failure) || (distributed && PgFailures.isUnknown(failure));
  }

  @Override
  protected StorageException classify(String action, Exception failure) {
    return failures.classify(action, failure);
  }
}
