package dev.tracekeep.adapter.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.adapter.pg.PgServer.Kind;
import dev.tracekeep.jdbc.SpanTableSql;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.WriteResult.Counts;
import dev.tracekeep.storage.spi.SpanBatch;
import dev.tracekeep.storage.spi.WriteOutcome;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is done where the server is a distributed relative; run on PostgreSQL itself. */
@Tag("engine")
class PgRelativesTest {
  @RegisterExtension static final PgDatabase DATABASE = new PgDatabase();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PostgreSQL 18.6 on x86_64-pc-linux-gnu, compiled by gcc | POSTGRESQL",
        "PostgreSQL 14.20 (Debian 14.20-1) on x86_64-pc-linux-gnu, compiled by gcc, 64-bit | POSTGRESQL",
        "CockroachDB CCL v24.3.0 (x86_64-pc-linux-gnu, built 2024/11/18 14:37:24, go1.22.8) | COCKROACHDB",
        "PostgreSQL 15.12-YB-2.25.2.0-b0 on x86_64-pc-linux-gnu, compiled by clang, 64-bit | YUGABYTEDB"
      })
  void kind_isToldByTheVersion(String version, Kind kind) {
    assertThat(Kind.of(version)).isEqualTo(kind);
  }

  @Test
  void mergeLooking_countsLikeTheOtherMerges() throws Exception {
    StorageConfig config = StorageConfig.of(DATABASE.url());
    PgDialect dialect = new PgDialect();
    SpanWriter writer =
        new SpanWriter(new SpanTableSql(dialect, "tracekeep_spans"), dialect, "tracekeep_spans");
    List<Span> spans = new ArrayList<>();
    for (int i = 0; i < 450; i++) {
      spans.add(Span.builder(SpanKey.of("t" + i, "s")).name("n").startedAt(Instant.EPOCH).build());
    }
    try (ObservabilityStorage storage = DATABASE.open();
        PgConnections connections = new PgConnections(config)) {
      storage.init();
      connections.transact(
          c -> {
            writer.insert(c, SpanBatch.of(spans.subList(0, 300)).spans());
            return true;
          });
      assertThat(
              connections.<WriteOutcome>transact(
                  c -> writer.mergeLooking(c, SpanBatch.of(spans).spans())))
          .isEqualTo(new WriteOutcome(new Counts(150, 0, 300), List.of()));
      spans.set(0, spans.get(0).toBuilder().endedAt(Instant.EPOCH).build());
      assertThat(
              connections.<WriteOutcome>transact(
                  c -> writer.mergeLooking(c, SpanBatch.of(spans).spans())))
          .isEqualTo(new WriteOutcome(new Counts(0, 1, 449), List.of()));
      Span other = spans.get(1).toBuilder().startedAt(Instant.EPOCH.plusNanos(1)).build();
      assertThat(
              connections
                  .<WriteOutcome>transact(c -> writer.mergeLooking(c, List.of(other)))
                  .conflictingStarts())
          .containsExactly(other.key());
      spans.set(1, spans.get(1).orBetter(other));
      for (Span span : spans) {
        assertThat(storage.getSpan(span.key())).contains(span);
      }
    }
  }

  @Test
  void distribution_withoutCitus_isRefusedWithTheCommand() {
    try (ObservabilityStorage storage = DATABASE.open("distribution", "trace")) {
      assertThatThrownBy(storage::init)
          .isInstanceOf(ConfigurationException.class)
          .hasMessageContaining("CREATE EXTENSION citus");
    }
  }

  @Test
  void distribution_ofAnotherWord_isRefusedWithThoseThatThereAre() {
    assertThatThrownBy(() -> DATABASE.open("distribution", "span"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("none, trace or tenant");
  }
}
