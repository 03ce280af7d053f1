package dev.tracekeep.adapter.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import dev.tracekeep.storage.Storages;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("engine")
class PgFailuresTest {
  @RegisterExtension static final PgDatabase DATABASE = new PgDatabase();

  private static final Span SPAN =
      Span.builder(SpanKey.of("t", "s")).name("n").startedAt(Instant.EPOCH).build();

  private static final PgFailures FAILURES =
      new PgFailures(StorageUri.of("jdbc:postgresql://db/spans?user=u&password=secret-1"));

  @ParameterizedTest
  @CsvSource({
    "08001, TRANSIENT",
    "08003, TRANSIENT",
    "08004, CONFIGURATION",
    "08006, TRANSIENT",
    "08P01, CONFIGURATION",
    "22021, INVALID",
    "22P05, INVALID",
    "22003, INVALID",
    "23502, INVALID",
    "23514, INVALID",
    "25006, CONFIGURATION",
    "25P03, TRANSIENT",
    "25P04, TRANSIENT",
    "26000, CONFIGURATION",
    "28000, CONFIGURATION",
    "28P01, CONFIGURATION",
    "3D000, CONFIGURATION",
    "3F000, CONFIGURATION",
    "40001, TRANSIENT",
    "40P01, TRANSIENT",
    "42501, CONFIGURATION",
    "42703, CONFIGURATION",
    "42710, CONFIGURATION",
    "42P01, CONFIGURATION",
    "42P05, CONFIGURATION",
    "42601, PERMANENT",
    "53100, OVERLOADED",
    "53200, OVERLOADED",
    "53300, OVERLOADED",
    "54000, INVALID",
    "55P03, TRANSIENT",
    "57014, TRANSIENT",
    "57P01, TRANSIENT",
    "57P03, TRANSIENT",
    "XX000, PERMANENT",
    "'', PERMANENT"
  })
  void state_meansKind(String state, FailureKind kind) {
    StorageException failure =
        FAILURES.classify(
            "write 3 spans", new SQLException("it broke\n  Detail: secret row", state));
    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure)
        .hasMessageStartingWith(
            "Could not write 3 spans in jdbc:postgresql://db/spans?user=u&password=***: it broke")
        .hasMessageNotContaining("secret");
  }

  @Test
  void pool_thatCouldNotConnect_isJudgedByTheReason() {
    SQLException pool =
        new SQLTransientConnectionException(
            "not available",
            "08001",
            new org.postgresql.util.PSQLException(
                "password authentication failed", org.postgresql.util.PSQLState.INVALID_PASSWORD));
    assertThat(FAILURES.classify("read", pool).kind()).isEqualTo(FailureKind.CONFIGURATION);
  }

  @Test
  @Timeout(1200)
  void pool_thatIsExhausted_isOverloaded() throws Exception {
    StorageConfig config =
        StorageConfig.fromProperties(
            Map.of("url", DATABASE.url(), "pool-size", "1", "connect-timeout", "300ms"));
    try (PgConnections connections = new PgConnections(config)) {
      assertThatThrownBy(() -> connections.read(one -> connections.read(two -> true)))
          .isInstanceOfSatisfying(
              SQLException.class,
              e ->
                  assertThat(FAILURES.classify("read", e))
                      .hasMessageContaining("raise pool-size")
                      .extracting(StorageException::kind)
                      .isEqualTo(FailureKind.OVERLOADED));
    }
  }

  @Test
  @Timeout(1200) // a third of what it would wait for a connection
  void server_thatIsNotThere_isReportedAtOnceAndWithoutPassword() {
    try (ObservabilityStorage storage =
        Storages.open(
            Map.of(
                "url",
                "jdbc:postgresql://localhost:1/x",
                "username",
                "u",
                "password",
                "secret-2",
                "connect-timeout",
                "1h"))) {
      Health health = storage.check();
      assertThat(health.up()).isFalse();
      assertThat(health.message())
          .contains("Check that the server is running")
          .doesNotContain("secret");
      assertThatThrownBy(storage::init)
          .isInstanceOfSatisfying(
              StorageException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.TRANSIENT));
    }
  }

  @Test
  void database_thatIsNotThere_isConfiguration() {
    String url = DATABASE.url().replaceFirst("/tracekeep_test_[0-9_]+", "/no_such_database");
    try (ObservabilityStorage storage = Storages.open(url)) {
      assertThatThrownBy(storage::init)
          .isInstanceOfSatisfying(
              StorageException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
          .hasMessageContaining("no_such_database");
    }
  }

  @Test
  void timeouts_ofTheConfiguration_hold() throws SQLException {
    try (ObservabilityStorage storage = DATABASE.open("lock-timeout", "200ms");
        Connection other = DATABASE.connect();
        Statement statement = other.createStatement()) {
      storage.init();
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE tracekeep_spans");
      assertThatThrownBy(() -> storage.createSpan(SPAN))
          .isInstanceOfSatisfying(
              StorageException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.TRANSIENT))
          .hasMessageContaining("lock-timeout");
      other.rollback();
      assertThat(storage.createSpan(SPAN).processed()).isEqualTo(1);
    }
  }

  @Test
  void connection_thatTheServerEnds_isReplaced() throws SQLException {
    try (ObservabilityStorage storage = DATABASE.open("pool-size", "1")) {
      storage.init();
      storage.createSpan(SPAN);
      DATABASE.execute(
          "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name ="
              + " 'tracekeep' AND datname = current_database()");
      try {
        storage.getSpan(SPAN.key());
      } catch (StorageException e) {
        assertThat(e.kind()).isEqualTo(FailureKind.TRANSIENT);
      }
      assertThat(storage.getSpan(SPAN.key())).contains(SPAN);
    }
  }

  /** A server whose machine is gone says nothing: not even that a statement took too long. */
  @Test
  void server_thatFallsSilent_isGivenUp() throws Exception {
    try (SilencedServer server = SilencedServer.inFrontOf(DATABASE.url());
        ObservabilityStorage storage =
            Storages.open(Map.of("url", server.url(), "statement-timeout", "1s"))) {
      storage.init();
      storage.createSpan(SPAN);
      server.silence();
      assertThatThrownBy(() -> storage.getSpan(SPAN.key()))
          .isInstanceOfSatisfying(
              StorageException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.TRANSIENT));
    }
  }

  @Test
  void failureOfClass0A_doesNotBreakTheConnection() throws Exception {
    StorageConfig config =
        StorageConfig.fromProperties(Map.of("url", DATABASE.url(), "pool-size", "1"));
    try (PgConnections connections = new PgConnections(config)) {
      String before = backend(connections);
      assertThatThrownBy(
              () ->
                  connections.<Boolean>read(
                      connection -> {
                        try (Statement statement = connection.createStatement()) {
                          return statement.execute("SELECT count(*) FROM (SELECT 1) x FOR UPDATE");
                        }
                      }))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("0A000"));
      assertThat(backend(connections)).isEqualTo(before);
    }
  }

  private static String backend(PgConnections connections) throws Exception {
    return connections.read(
        connection -> {
          try (Statement statement = connection.createStatement();
              var rows = statement.executeQuery("SELECT pg_backend_pid()")) {
            rows.next();
            return rows.getString(1);
          }
        });
  }

  @Test
  void transactionPooling_mustBeTrueOrFalse() {
    assertThatThrownBy(() -> DATABASE.open("transaction-pooling", "yes"))
        .hasMessageContaining("must be true or false");
  }

  /** What a proxy leaves: no start-up options, no prepared statement, settings per transaction. */
  @Test
  void transactionPooling_leavesNoSessionState() throws Exception {
    StorageConfig config =
        StorageConfig.fromProperties(
            Map.of("url", DATABASE.url(), "transaction-pooling", "true", "statement-timeout", "7s"),
            new PgProvider().engineProperties());
    try (PgConnections connections = new PgConnections(config)) {
      for (int i = 0; i < 7; i++) {
        assertThat(setting(connections)).isEqualTo("7s");
      }
      assertThat(
              connections.<String>transact(
                  "",
                  connection -> {
                    try (Statement statement = connection.createStatement();
                        var rows =
                            statement.executeQuery(
                                "SELECT current_setting('statement_timeout') || (SELECT count(*)"
                                    + " FROM pg_prepared_statements)")) {
                      rows.next();
                      return rows.getString(1);
                    }
                  }))
          .isEqualTo("00");
      assertThat(connections.isPooledByTransaction()).isTrue();
      assertThat(connections.dedicated(Duration.ofSeconds(1)))
          .satisfies(connection -> connection.close());
    }
  }

  private static String setting(PgConnections connections) throws Exception {
    return connections.read(
        connection -> {
          try (var statement =
                  connection.prepareStatement("SELECT current_setting('statement_timeout')");
              var rows = statement.executeQuery()) {
            rows.next();
            return rows.getString(1);
          }
        });
  }
}
