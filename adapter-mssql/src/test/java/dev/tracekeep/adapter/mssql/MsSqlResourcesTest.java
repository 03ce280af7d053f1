package dev.tracekeep.adapter.mssql;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.storage.WriteResult.Counts;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A program's own pool: used for everything, and left open and as it was. */
@Timeout(1200)
class MsSqlResourcesTest {
  @RegisterExtension static final MsSqlDatabase DATABASE = new MsSqlDatabase();

  private static final Instant START = Instant.parse("2026-01-02T03:04:05.123456789Z");

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
        "CREATE TABLE old (trace_id varchar(40), span_id varchar(40), ended_at datetime2)",
        "INSERT INTO old VALUES ('t', 's', '2026-01-01'), ('t', 's', NULL), ('t', 'u', NULL)");
    try (HikariDataSource pool = new HikariDataSource()) {
      pool.setJdbcUrl(DATABASE.url());
      pool.setMaximumPoolSize(4);
      pool.setAutoCommit(isAutoCommit);
      try (ObservabilityStorage storage =
          Storages.builder().url("jdbc:sqlserver:").resource(DataSource.class, pool).open()) {
        storage.init();
        assertThat(storage.batchCreateSpans(spans(100)).counts()).isEqualTo(new Counts(100, 0, 0));
        assertThat(storage.batchCreateSpans(spans(101)).counts()).isEqualTo(new Counts(1, 0, 100));
        assertThat(storage.getSpan(SpanKey.of("t0", "s0"))).contains(spans(1).get(0));
        assertThat(
                storage
                    .migration(SpanTable.named("old"))
                    .apply(MigrationListener.NONE)
                    .rowsArchived())
            .isEqualTo(1);
      }
      assertThat(pool.isClosed()).isFalse();
      assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
      try (Connection connection = pool.getConnection();
          var answer = connection.createStatement().executeQuery("SELECT @@LOCK_TIMEOUT")) {
        assertThat(connection.getAutoCommit()).isEqualTo(isAutoCommit);
        answer.next();
        assertThat(answer.getLong(1)).isEqualTo(-1);
      }
    }
  }
}
