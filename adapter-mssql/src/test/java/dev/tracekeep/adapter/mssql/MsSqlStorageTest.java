package dev.tracekeep.adapter.mssql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.Health.SchemaState;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.WriteResult.Counts;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(1200)
class MsSqlStorageTest {
  @RegisterExtension static final MsSqlDatabase DATABASE = new MsSqlDatabase();

  private static final Instant START = Instant.parse("2026-01-02T03:04:05.123456789Z");

  private static Span.Builder span(String trace, String id) {
    return Span.builder(SpanKey.of(trace, id))
        .name("work " + id)
        .startedAt(START)
        .createdAt(START)
        .updatedAt(START.plusNanos(1))
        .tags(List.of("a", "ž\"{}😀", ""))
        .payload(
            Payload.builder()
                .input(Json.parse("{\"b\":1.0,\"a\":[\"\\u0000\\ud800😀\"]}"))
                .metadata(Json.parse("{\"k\":\"v\",\"n\":1}"))
                .build());
  }

  private static List<Span> spans(int count) {
    List<Span> spans = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      spans.add(
          span("t" + i / 50, "s" + i).parentSpanId(i % 50 == 0 ? null : "s" + i / 50 * 50).build());
    }
    return spans;
  }

  @Test
  void create_readsBackExactly() throws SQLException {
    try (ObservabilityStorage storage = DATABASE.open()) {
      assertThat(storage.check().schema()).isEqualTo(SchemaState.ABSENT);
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.CREATED);
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.OPENED);
      assertThat(storage.check().schema()).isEqualTo(SchemaState.CURRENT);
      Span span = span("t1", "s1").startedAt(EpochNanos.MIN).endedAt(EpochNanos.MAX).build();
      assertThat(storage.createSpan(span).counts()).isEqualTo(new Counts(1, 0, 0));
      assertThat(storage.createSpan(span).counts()).isEqualTo(new Counts(0, 0, 1));
      assertThat(storage.getSpan(span.key())).contains(span);
      assertThat(storage.getTrace(TraceKey.of("t1")).orElseThrow().spans()).containsExactly(span);
      assertThat(storage.statistics()).isEqualTo(new StorageStatistics(1, 1, 0, 0, 1));
    }
    // What people see beside the nanoseconds: 100 of them on SQL Server, 1,000 on Babelfish.
    assertThat(
            DATABASE.rows(
                "SELECT started_at_utc, ended_at_utc, updated_at_utc FROM tracekeep_spans"))
        .singleElement()
        .asString()
        .matches(
            "1900-01-01 00:00:00\\.0{7}\\|2262-04-11 \\S+\\|2026-01-02 03:04:05\\.12345(67|60|68|70|7)0?");
  }

  /** 20 rows go by parameters, 21 by bulk copy, and the second time by the temporary table. */
  @ParameterizedTest
  @ValueSource(ints = {1, 20, 21, 4500})
  void batch_ofNewThenMixedKeys_countsExactly(int count) {
    try (ObservabilityStorage storage = DATABASE.open()) {
      storage.init();
      List<Span> spans = spans(count);
      assertThat(storage.batchCreateSpans(spans).counts()).isEqualTo(new Counts(count, 0, 0));
      assertThat(storage.batchCreateSpans(spans).counts()).isEqualTo(new Counts(0, 0, count));
      for (Span span : spans.subList(0, Math.min(3, count))) {
        assertThat(storage.getSpan(span.key())).contains(span);
      }
      spans.add(span("new", "new").build());
      spans.set(0, spans.get(0).toBuilder().endedAt(START.plusSeconds(1)).build());
      assertThat(storage.batchCreateSpans(spans).counts()).isEqualTo(new Counts(1, 1, count - 1));
      assertThat(storage.getSpan(spans.get(0).key())).contains(spans.get(0));
      assertThat(storage.statistics().spans()).isEqualTo(count + 1);
      // Better versions of all of them: more rows than one statement takes.
      List<Span> better = new ArrayList<>();
      spans.forEach(
          span ->
              better.add(
                  span.toBuilder()
                      .endedAt(START.plusSeconds(9))
                      .updatedAt(START.plusSeconds(9))
                      .build()));
      assertThat(storage.batchCreateSpans(better).counts()).isEqualTo(new Counts(0, count + 1, 0));
    }
  }

  /**
   * A statement of 5,000 locks would take the whole table; a trigger tells how many rows each has.
   */
  @Test
  void delete_ofManyRows_isCutIntoPortions() throws SQLException {
    try (ObservabilityStorage storage = DATABASE.open()) {
      storage.init();
      List<Span> spans = new ArrayList<>();
      for (int i = 0; i < 4_001; i++) {
        spans.add(span("large", "s" + i).parentSpanId(i == 0 ? null : "s0").build());
      }
      spans.add(span("other", "s").build());
      storage.batchCreateSpans(spans);
      DATABASE.execute("CREATE TABLE portions (deleted_rows int)");
      DATABASE.execute(
          "CREATE TRIGGER count_portions ON tracekeep_spans AFTER DELETE AS"
              + " INSERT INTO portions SELECT count(*) FROM deleted");

      assertThat(storage.batchDeleteTraces(List.of(TraceKey.of("large")))).isEqualTo(1);

      assertThat(DATABASE.rows("SELECT deleted_rows FROM portions ORDER BY deleted_rows DESC"))
          .containsExactly("2000", "2000", "1");
      assertThat(storage.statistics()).isEqualTo(new StorageStatistics(1, 1, 1, 0, 1));
    }
  }

  /** 700 keys have 2,100 parts, which is one parameter too many. */
  @Test
  void update_ofMoreKeysThanParameters_isApplied() {
    try (ObservabilityStorage storage = DATABASE.open()) {
      storage.init();
      List<Span> spans = spans(750);
      storage.batchCreateSpans(spans);
      List<SpanUpdate> ends = new ArrayList<>();
      spans.forEach(
          span ->
              ends.add(
                  SpanUpdate.builder(span.key(), START.plusSeconds(2)).endedAt(START).build()));
      ends.add(SpanUpdate.builder(SpanKey.of("none", "none"), START).endedAt(START).build());
      assertThat(storage.batchUpdateSpans(ends).missing())
          .containsExactly(SpanKey.of("none", "none"));
      assertThat(storage.statistics().running()).isZero();
      assertThat(
              storage.batchDeleteTraces(
                  spans.stream().map(span -> span.key().trace()).distinct().toList()))
          .isEqualTo(15);
      assertThat(storage.statistics().spans()).isZero();
    }
  }

  /**
   * A connection of the pool is used again: the temporary tables of one batch must not meet those
   * of the next.
   */
  @Test
  void batch_leavesNoTemporaryTableBehind() {
    try (ObservabilityStorage storage = DATABASE.open("pool-size", "1")) {
      storage.init();
      List<Span> spans = spans(100);
      storage.batchCreateSpans(spans);
      for (int i = 0; i < 3; i++) {
        int later = i;
        List<Span> batch = new ArrayList<>();
        spans.forEach(
            span -> batch.add(span.toBuilder().updatedAt(START.plusSeconds(1 + later)).build()));
        assertThat(storage.batchCreateSpans(batch).counts()).isEqualTo(new Counts(0, 100, 0));
      }
    }
  }

  @Test
  void text_ofAnyLength_isKept() {
    try (ObservabilityStorage storage = DATABASE.open()) {
      storage.init();
      List<Span> spans = new ArrayList<>();
      for (int i = 0; i < 25; i++) {
        spans.add(
            span("t", "s" + i)
                .name("n".repeat(5_000))
                .parentSpanId("p".repeat(128))
                .payload(Payload.builder().input(Json.of("ü".repeat(500_000))).build())
                .build());
      }
      storage.batchCreateSpans(spans);
      storage.createSpan(spans.get(0).toBuilder().endedAt(START).build());
      assertThat(storage.getSpan(spans.get(1).key())).contains(spans.get(1));
      assertThat(storage.getSpan(spans.get(0).key()).orElseThrow().name()).hasSize(5_000);
    }
  }

  @Test
  void schema_isUsed_orNamedWithTheWayOut() throws SQLException {
    DATABASE.execute("CREATE SCHEMA traces");
    try (ObservabilityStorage storage = DATABASE.open("schema", "traces", "table", "Spans_1")) {
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.CREATED);
      List<Span> spans = spans(30);
      storage.batchCreateSpans(spans);
      storage.batchCreateSpans(spans);
      storage.createSpan(span("t", "one").build());
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.OPENED);
      assertThat(storage.statistics().spans()).isEqualTo(31);
    }
    assertThat(DATABASE.rows("SELECT count(*) FROM traces.Spans_1")).containsExactly("31");
    try (ObservabilityStorage storage = DATABASE.open("schema", "nowhere")) {
      assertThatThrownBy(storage::init)
          .isInstanceOfSatisfying(
              StorageException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
          .hasMessageContaining("CREATE SCHEMA");
    }
  }

  /** Like a table that an older release left without them. */
  @Test
  void init_makesMissingIndexes() throws SQLException {
    try (ObservabilityStorage storage = DATABASE.open()) {
      storage.init();
      DATABASE.execute("DROP INDEX tracekeep_spans_error ON tracekeep_spans");
      long before = indexes();
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.OPENED);
      assertThat(indexes()).isEqualTo(before + 1);
    }
  }

  private static long indexes() throws SQLException {
    return Long.parseLong(
        DATABASE
            .rows(
                "SELECT count(*) FROM sys.indexes i WHERE i.object_id = OBJECT_ID('tracekeep_spans')"
                    + " AND i.name IS NOT NULL")
            .get(0));
  }

  @Test
  void lock_thatIsHeldTooLong_isTransient() throws SQLException {
    try (ObservabilityStorage storage = DATABASE.open("lock-timeout", "300ms");
        Connection other = DATABASE.connect();
        Statement statement = other.createStatement()) {
      storage.init();
      Span span = span("t", "s").build();
      storage.createSpan(span);
      other.setAutoCommit(false);
      statement.executeUpdate("UPDATE tracekeep_spans SET name = N'held'");
      assertThatThrownBy(
              () -> storage.createSpan(span.toBuilder().endedAt(START.plusSeconds(1)).build()))
          .isInstanceOfSatisfying(
              StorageException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.TRANSIENT))
          .hasMessageContaining("lock-timeout");
      other.rollback();
    }
  }

  @Test
  void login_thatIsWrong_isConfigurationAndShowsNoPassword() {
    String url = DATABASE.url().replaceAll("(?i)password=[^;]*", "password=wrong-secret-1");
    try (ObservabilityStorage storage = DATABASE.open("url", url)) {
      assertThatThrownBy(storage::init)
          .isInstanceOfSatisfying(
              StorageException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
          .hasMessageNotContaining("wrong-secret-1");
    }
  }

  @Test
  void database_thatIsNotThere_isConfiguration() {
    String url = DATABASE.url().replaceAll("databaseName=.*", "databaseName=not_there");
    try (ObservabilityStorage storage = DATABASE.open("url", url)) {
      assertThatThrownBy(storage::init)
          .isInstanceOfSatisfying(
              StorageException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
          .hasMessageContaining("Create the database");
    }
  }

  /** A server for tests shows a certificate that nobody knows, or has none. */
  @Test
  void certificate_thatIsNotTrusted_namesTheTwoSettings() {
    String url =
        DATABASE.url().replaceAll("(?i);(encrypt|trustServerCertificate)=[^;]*", "")
            + ";encrypt=true";
    try (ObservabilityStorage storage = DATABASE.open("url", url)) {
      assertThatThrownBy(storage::init)
          .isInstanceOfSatisfying(
              StorageException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
          .hasMessageContaining("trustStore")
          .hasMessageContaining("encrypt=false");
    }
  }
}
