package dev.tracekeep.adapter.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.storage.WriteResult.Counts;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A program's own pool: used for everything, and left open and as it was. */
@Tag("engine")
class PgResourcesTest {
  @RegisterExtension static final PgDatabase DATABASE = new PgDatabase();

  private static final Instant START = Instant.parse("2026-01-02T03:04:05.123456789Z");

  private static HikariDataSource pool(boolean isAutoCommit) {
    HikariDataSource pool = new HikariDataSource();
    pool.setJdbcUrl(DATABASE.url());
    pool.setMaximumPoolSize(4);
    pool.setAutoCommit(isAutoCommit);
    return pool;
  }

  private static List<Span> spans(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> Span.builder(SpanKey.of("t" + i / 10, "s" + i)).name("n").startedAt(START))
        .map(Span.Builder::build)
        .toList();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void pool_thatWasHandedInCarriesEverythingAndStaysOpen(boolean isAutoCommit) throws SQLException {
    DATABASE.execute(
        "CREATE TABLE old (trace_id text, span_id text, ended_at timestamp)",
        "INSERT INTO old VALUES ('t', 's', now()), ('t', 's', NULL), ('t', 'u', NULL)");
    try (HikariDataSource pool = pool(isAutoCommit)) {
      try (ObservabilityStorage storage =
          Storages.builder().url("jdbc:postgresql:").resource(DataSource.class, pool).open()) {
        storage.init();
        assertThat(storage.batchCreateSpans(spans(1000)).counts())
            .isEqualTo(new Counts(1000, 0, 0));
        assertThat(storage.batchCreateSpans(spans(1001)).counts())
            .isEqualTo(new Counts(1, 0, 1000));
        assertThat(
                storage
                    .updateSpan(
                        SpanUpdate.builder(SpanKey.of("t0", "s0"), START.plusSeconds(1))
                            .name("other")
                            .build())
                    .counts())
            .isEqualTo(new Counts(0, 1, 0));
        assertThat(storage.getTrace(TraceKey.of("t0")).orElseThrow().spans()).hasSize(10);
        assertThat(storage.statistics().spans()).isEqualTo(1001);
        MigrationReport report =
            storage.migration(SpanTable.named("old")).apply(MigrationListener.NONE);
        assertThat(report.rowsArchived()).isEqualTo(1);
      }
      assertThat(pool.isClosed()).isFalse();
      assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
      try (Connection connection = pool.getConnection()) {
        assertThat(connection.getAutoCommit()).isEqualTo(isAutoCommit);
        assertThat(connection.getNetworkTimeout()).isZero();
      }
    }
    assertThat(DATABASE.rows("SELECT count(*) FROM tracekeep_spans")).containsExactly("1001");
  }

  @Test
  void statementTimeout_holdsOnTheProgramsOwnConnections() throws Exception {
    try (HikariDataSource pool = pool(true);
        ObservabilityStorage storage =
            Storages.builder()
                .url("jdbc:postgresql:")
                .property("statement-timeout", "300ms")
                .property("lock-timeout", "300ms")
                .resource(DataSource.class, pool)
                .open()) {
      storage.init();
      try (Connection locker = DATABASE.connect()) {
        locker.setAutoCommit(false);
        locker.createStatement().execute("LOCK TABLE tracekeep_spans IN ACCESS EXCLUSIVE MODE");
        assertThatThrownBy(() -> storage.getSpan(SpanKey.of("t", "s")))
            .isInstanceOf(StorageException.class);
      }
      assertThat(storage.getSpan(SpanKey.of("t", "s"))).isEmpty();
    }
  }

  @Test
  void pool_thatIsClosedIsAFailureThatSaysSo() {
    HikariDataSource pool = pool(true);
    pool.close();
    try (ObservabilityStorage storage =
        Storages.builder().url("jdbc:postgresql:").resource(DataSource.class, pool).open()) {
      assertThatThrownBy(storage::init)
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("has been closed");
    }
  }
}
