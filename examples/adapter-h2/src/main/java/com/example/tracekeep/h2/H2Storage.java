package com.example.tracekeep.h2;

import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.jdbc.JdbcStorage;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.storage.WriteResult;
import dev.tracekeep.storage.spi.WriteOutcome;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Spans in H2. */
final class H2Storage extends JdbcStorage {
  private static final H2Dialect DIALECT = new H2Dialect();

  private final MigrationDialect migration;
  private final Set<Capability> capabilities;

  H2Storage(StorageConfig config, ConnectionSource connections) {
    super(config, DIALECT, connections);
    this.migration = new H2Migration(DIALECT, connections, config.uri().raw());
    EnumSet<Capability> declared =
        EnumSet.of(
            Capability.ENFORCED_UNIQUENESS,
            Capability.ATOMIC_BATCH,
            Capability.EXACT_WRITE_COUNTS,
            Capability.ATOMIC_UPDATE);
    if (!config.uri().startsWith("jdbc:h2:mem:")) {
      declared.add(Capability.DURABLE);
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
    new SqlStatement("CREATE TABLE " + sql().table() + " (" + sql().columnDefinitions() + ")")
        .execute(connection);
    new SqlStatement(
            "CREATE UNIQUE INDEX "
                + DIALECT.quote(SqlDialect.derivedName(config().table(), "key"))
                + (" ON " + sql().table() + " (" + sql().keyNames() + ")"))
        .execute(connection);
  }

  @Override
  protected List<String> indexStatements() {
    return List.of();
  }

  @Override
  protected boolean isBulk(int batchSize) {
    return batchSize > 1;
  }

  @Override
  protected boolean isDuplicateKey(Exception failure) {
    return failure instanceof SQLException sql && "23505".equals(sql.getSQLState());
  }

  @Override
  protected void insertDirect(Connection connection, List<Span> batch) throws SQLException {
    List<String> names = sql().columnNames();
    String statement =
        "INSERT INTO "
            + sql().table()
            + " ("
            + String.join(", ", names)
            + ") VALUES ("
            + names.stream().map(name -> "?").collect(Collectors.joining(", "))
            + ")";
    try (PreparedStatement insert = connection.prepareStatement(statement)) {
      for (Span stored : batch) {
        int index = 1;
        for (SpanColumn column : SpanColumn.all()) {
          DIALECT.bind(insert, index++, column, column.read(stored));
        }
        insert.setBytes(index, stored.version().toBytes());
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  @Override
  protected WriteOutcome merge(Connection connection, List<Span> batch) throws SQLException {
    List<Span> changed = new ArrayList<>();
    List<SpanKey> conflicting = new ArrayList<>();
    int replaced = 0;
    for (Span span : batch) {
      Row before = row(connection, span.key()).orElse(null);
      if (before == null || span.version().compareTo(before.version()) > 0) {
        changed.add(span);
        if (before != null) {
          delete(connection, span.key());
          replaced++;
        }
      }
      if (before != null && before.startedAt() != EpochNanos.of(span.times().startedAt())) {
        conflicting.add(span.key());
      }
    }
    insertDirect(connection, changed);
    return new WriteOutcome(
        new WriteResult.Counts(changed.size() - replaced, replaced, batch.size() - changed.size()),
        conflicting);
  }

  private record Row(SpanVersion version, long startedAt) {}

  private Optional<Row> row(Connection connection, SpanKey key) throws SQLException {
    String started = sql().name(SpanColumn.STARTED_AT);
    return keyed("SELECT " + sql().versionName() + ", " + started + " FROM " + sql().table(), key)
        .list(connection, row -> new Row(SpanVersion.ofBytes(row.getBytes(1)), row.getLong(2)))
        .stream()
        .findFirst();
  }

  private void delete(Connection connection, SpanKey key) throws SQLException {
    keyed("DELETE FROM " + sql().table(), key).execute(connection);
  }

  private static SqlStatement keyed(String start, SpanKey key) {
    return new SqlStatement(
        start + " WHERE \"tenant_id\" = ? AND \"trace_id\" = ? AND \"span_id\" = ?",
        key.tenantId(),
        key.traceId(),
        key.spanId());
  }

  @Override
  protected String engineVersion(Connection connection) throws SQLException {
    return new SqlStatement("SELECT H2VERSION()")
        .list(connection, row -> "H2 " + row.getString(1))
        .get(0);
  }

  @Override
  protected MigrationDialect migrationDialect() {
    return migration;
  }

  @Override
  protected StorageException classify(String action, Exception failure) {
    return StorageException.couldNot(
        kind(failure), action, config().uri(), failure.getMessage(), "", failure);
  }

  private static FailureKind kind(Exception failure) {
    if (failure instanceof SQLTimeoutException) {
      return FailureKind.TRANSIENT;
    }
    String state = failure instanceof SQLException sql ? String.valueOf(sql.getSQLState()) : "";
    return switch (state) {
      case "90020", "HYT00", "40001", "90131", "23505" -> FailureKind.TRANSIENT;
      case "22001" -> FailureKind.INVALID;
      case "90146", "90013", "90031", "28000", "42S02", "42S04" -> FailureKind.CONFIGURATION;
      default -> FailureKind.PERMANENT;
    };
  }
}
