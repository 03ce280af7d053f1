package dev.tracekeep.adapter.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Health.SchemaState;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.WriteResult.Counts;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("engine")
class PgStorageTest {
  @RegisterExtension static final PgDatabase DATABASE = new PgDatabase();

  private static final Instant START = Instant.parse("2026-01-02T03:04:05.123456789Z");

  private static Span.Builder span(String trace, String id) {
    return Span.builder(SpanKey.of(trace, id))
        .name("work " + id)
        .startedAt(START)
        .createdAt(START)
        .updatedAt(START.plusNanos(1))
        .tags(List.of("a", "ž\"{}", ""))
        .payload(
            Payload.builder()
                .input(Json.parse("{\"b\":1.0,\"a\":[\"\\u0000\\ud800\"]}"))
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
  void create_readsBackExactly() {
    try (ObservabilityStorage storage = DATABASE.open()) {
      assertThat(storage.check().schema()).isEqualTo(SchemaState.ABSENT);
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.CREATED);
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.OPENED);
      assertThat(storage.check().schema()).isEqualTo(SchemaState.CURRENT);
      assertThat(storage.check().engine()).matches("PostgreSQL \\d+\\.\\d+");
      Span span = span("t1", "s1").startedAt(EpochNanos.MIN).endedAt(EpochNanos.MAX).build();
      assertThat(storage.createSpan(span).counts()).isEqualTo(new Counts(1, 0, 0));
      assertThat(storage.createSpan(span).counts()).isEqualTo(new Counts(0, 0, 1));
      assertThat(storage.getSpan(span.key())).contains(span);
      assertThat(storage.getTrace(TraceKey.of("t1")).orElseThrow().spans()).containsExactly(span);
      assertThat(storage.statistics()).isEqualTo(new StorageStatistics(1, 1, 0, 0, 1));
    }
  }

  /** 20 rows go by INSERT, 21 by COPY, and the second time by the temporary table. */
  @ParameterizedTest
  @ValueSource(ints = {1, 20, 21, 5000})
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
    }
  }

  @Test
  void batch_leavesNoTemporaryTableBehind() throws SQLException {
    try (ObservabilityStorage storage = DATABASE.open()) {
      storage.init();
      storage.batchCreateSpans(spans(100));
      storage.batchCreateSpans(spans(100));
      assertThat(DATABASE.rows("SELECT relname FROM pg_class WHERE relpersistence = 't'"))
          .isEmpty();
    }
  }

  @Test
  void update_ofManySpans_overridesFillsAndReportsMissing() {
    try (ObservabilityStorage storage = DATABASE.open()) {
      storage.init();
      List<Span> spans = spans(700);
      storage.batchCreateSpans(spans);
      List<SpanUpdate> ends = new ArrayList<>();
      for (Span span : spans) {
        ends.add(
            SpanUpdate.builder(span.key(), START.plusSeconds(5))
                .endedAt(START.plusSeconds(4))
                .output(Json.of("done"))
                .build());
      }
      SpanKey unknown = SpanKey.of("t1", "nobody");
      ends.add(SpanUpdate.builder(unknown, START).name("x").build());
      assertThat(storage.batchUpdateSpans(ends).counts()).isEqualTo(new Counts(0, 700, 0));
      assertThat(storage.batchUpdateSpans(ends).missing()).containsExactly(unknown);
      assertThat(storage.batchUpdateSpans(ends).counts()).isEqualTo(new Counts(0, 0, 700));
      assertThat(storage.batchCreateSpans(spans).counts()).isEqualTo(new Counts(0, 0, 700));
      assertThat(storage.getSpan(spans.get(699).key()).orElseThrow().payload().output())
          .isEqualTo(Json.of("done"));
    }
  }

  @Test
  void list_byEnd_putsRunningLatestAndWalksWithoutGaps() {
    try (ObservabilityStorage storage = DATABASE.open()) {
      storage.init();
      List<Span> spans = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        spans.add(span("t" + i, "s").endedAt(i % 4 == 0 ? null : START.plusNanos(i / 2)).build());
      }
      storage.batchCreateSpans(spans);
      for (TraceOrder order : TraceOrder.values()) {
        List<String> all = walk(storage, order, 100);
        assertThat(all).hasSize(40);
        assertThat(walk(storage, order, 7)).as(order.toString()).isEqualTo(all);
      }
      assertThat(walk(storage, TraceOrder.ENDED_AT_DESCENDING, 100).subList(0, 2))
          .containsExactly("t0", "t12");
    }
  }

  private static List<String> walk(ObservabilityStorage storage, TraceOrder order, int limit) {
    List<String> traces = new ArrayList<>();
    String cursor = null;
    do {
      Page<TraceSummary> page =
          storage.listTraces(
              TraceQuery.builder("default").order(order).limit(limit).cursor(cursor).build());
      page.items().forEach(item -> traces.add(item.key().traceId()));
      cursor = page.cursor();
    } while (cursor != null);
    return traces;
  }

  /** Each value is found under its other spellings, beside rows that no jsonb can hold. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"v\"",
        "\"\\u0076\"",
        "1",
        "1.0",
        "10e-1",
        "0.01",
        "-12.50",
        "-125E-1",
        "0",
        "true",
        "null",
        "{\"a\":[]}",
        "\"a\\\"b\\\\\"",
        "\"\\u0000\"",
        "\"žluť\"",
        "\"\\u017elu\\u0165\"",
        "1e200000",
        "\"\"",
        "\"\\/\""
      })
  void metadata_isFoundInEverySpelling(String value) {
    try (ObservabilityStorage storage = DATABASE.open()) {
      storage.init();
      List<String> metadata =
          List.of(
              "{\"m\":\"v\"}",
              "{ \"m\" :\n\"\\u0076\"}",
              "{\"\\u006d\":\"v\"}",
              "{\"m\":1}",
              "{\"m\":1e0}",
              "{\"m\":1e-2}",
              "{\"m\":-12.5}",
              "{\"m\":0}",
              "{\"m\":-0.0}",
              "{\"m\":true}",
              "{\"m\":null}",
              "{\"m\":{\"a\":[ ]}}",
              "{\"m\":\"a\\u0022b\\u005c\"}",
              "{\"m\":\"\\u0000\"}",
              "{\"m\":\"\\ud800\"}",
              "{\"m\":\"žluť\"}",
              "{\"m\":1e200000}",
              "{\"n\":{\"m\":\"v\"}}",
              "{}",
              "[]",
              "\"m\"",
              "null",
              "{\"m\":\"\"}",
              "{\"m\":\"/\"}");
      List<Span> spans = new ArrayList<>();
      for (int i = 0; i < metadata.size(); i++) {
        spans.add(
            span("t" + i, "s")
                .payload(Payload.builder().metadata(Json.parse(metadata.get(i))).build())
                .build());
      }
      storage.batchCreateSpans(spans);
      TraceQuery query =
          TraceQuery.builder("default").metadata("m", Json.parse(value)).limit(100).build();
      List<Span> expected = spans.stream().filter(query::matches).map(Span::toLight).toList();
      assertThat(storage.listTraces(query).items().stream().map(TraceSummary::head))
          .containsExactlyInAnyOrderElementsOf(expected)
          .isNotEmpty();
    }
  }

  @Test
  void writers_ofTheSameKeys_neverFailAndKeepTheBest() throws Exception {
    try (ObservabilityStorage storage = DATABASE.open()) {
      storage.init();
      int rounds = 12;
      ExecutorService threads = Executors.newFixedThreadPool(6);
      try {
        List<Future<Counts>> results = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
          List<Span> batch = new ArrayList<>();
          for (Span span : spans(300)) {
            batch.add(span.toBuilder().updatedAt(START.plusSeconds(round)).build());
          }
          Collections.shuffle(batch, new Random(round));
          Callable<Counts> write = () -> storage.batchCreateSpans(batch).counts();
          results.add(threads.submit(write));
        }
        long created = 0;
        for (Future<Counts> result : results) {
          Counts counts = result.get();
          created += counts.created();
          assertThat(counts.created() + counts.replaced() + counts.unchanged()).isEqualTo(300);
        }
        assertThat(created).isEqualTo(300);
      } finally {
        threads.shutdownNow();
      }
      assertThat(
              DATABASE.rows("SELECT DISTINCT updated_at, count(*) FROM tracekeep_spans GROUP BY 1"))
          .containsExactly(EpochNanos.of(START.plusSeconds(rounds - 1)) + "|300");
    }
  }

  /**
   * PostgreSQL gives a table a row type of the same name. A session that makes the table at the
   * same moment as another can find the other's type, and hear that the type is there already.
   */
  @Test
  void init_thatMeetsTheRowTypeOfAnother_triesAgain() throws SQLException {
    DATABASE.execute(
        "CREATE TYPE tracekeep_spans AS ENUM ('a')",
        "CREATE SEQUENCE attempts",
        // The type goes before the second attempt; a sequence keeps what a rollback takes back.
        "CREATE FUNCTION drop_type() RETURNS event_trigger LANGUAGE plpgsql AS"
            + " 'BEGIN IF nextval(''attempts'') = 2 THEN DROP TYPE tracekeep_spans; END IF; END'",
        "CREATE EVENT TRIGGER second_attempt ON ddl_command_start WHEN TAG IN ('CREATE TABLE')"
            + " EXECUTE FUNCTION drop_type()");
    try (ObservabilityStorage storage = DATABASE.open()) {
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.CREATED);
      assertThat(DATABASE.rows("SELECT last_value FROM attempts")).containsExactly("2");
    } finally {
      DATABASE.execute("DROP EVENT TRIGGER second_attempt");
    }
  }

  @Test
  void init_byTenAtOnce_createsOnce() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(10);
    try {
      List<Future<InitReport.Outcome>> outcomes = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        outcomes.add(
            threads.submit(
                () -> {
                  try (ObservabilityStorage storage = DATABASE.open()) {
                    return storage.init().outcome();
                  }
                }));
      }
      List<InitReport.Outcome> all = new ArrayList<>();
      for (Future<InitReport.Outcome> outcome : outcomes) {
        all.add(outcome.get());
      }
      assertThat(all).containsOnlyOnce(InitReport.Outcome.CREATED).hasSize(10);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void table_ofAnyNameAndSchema_works() throws SQLException {
    DATABASE.execute("CREATE SCHEMA \"Odd_Schema\"");
    try (ObservabilityStorage storage = DATABASE.open("schema", "Odd_Schema", "table", "Select")) {
      storage.init();
      storage.batchCreateSpans(spans(100));
      storage.batchCreateSpans(spans(100));
      assertThat(storage.statistics().spans()).isEqualTo(100);
      assertThat(DATABASE.rows("SELECT count(*) FROM \"Odd_Schema\".\"Select\""))
          .containsExactly("100");
    } finally {
      DATABASE.execute("DROP SCHEMA \"Odd_Schema\" CASCADE");
    }
  }

  @Test
  void schema_thatIsNotThere_isNamed() {
    try (ObservabilityStorage storage = DATABASE.open("schema", "nowhere")) {
      assertThatThrownBy(storage::init)
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("nowhere")
          .hasMessageContaining("Create the schema");
    }
  }
}
