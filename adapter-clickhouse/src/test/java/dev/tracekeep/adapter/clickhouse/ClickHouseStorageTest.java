package dev.tracekeep.adapter.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.Health.SchemaState;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.PruneReport;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.WriteResult;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@Tag("engine")
class ClickHouseStorageTest {
  @RegisterExtension static final ClickHouseDatabase DATABASE = new ClickHouseDatabase();

  private static final Instant START = Instant.parse("2026-01-02T03:04:05.123456789Z");

  private static ObservabilityStorage open() {
    return new ClickHouseProvider().open(StorageConfig.of(DATABASE.url()));
  }

  private static ObservabilityStorage ready() {
    ObservabilityStorage storage = open();
    storage.init();
    return storage;
  }

  private static Span.Builder span(String trace, String id) {
    return Span.builder(SpanKey.of(trace, id))
        .name("work " + id)
        .startedAt(START)
        .createdAt(START)
        .updatedAt(START.plusNanos(1))
        .tags(List.of("a", "ž\"{}'\\\n\t", ""))
        .payload(
            Payload.builder()
                .input(Json.parse("{\"b\":1.0,\"a\":[\"\\u0000\\ud800\"]}"))
                .metadata(Json.parse("{\"k\":\"v\",\"n\":1}"))
                .build());
  }

  private static List<Span> spans(int count) {
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                span("t" + i / 50, "s" + i)
                    .parentSpanId(i % 50 == 0 ? null : "s" + i / 50 * 50)
                    .startedAt(START.plusMillis(i))
                    .build())
        .toList();
  }

  private static Page<TraceSummary> list(ObservabilityStorage storage, TraceQuery.Builder query) {
    return storage.listTraces(query.build());
  }

  private static TraceQuery.Builder all() {
    return TraceQuery.builder(SpanKey.DEFAULT_TENANT);
  }

  private static List<String> traceIds(Page<TraceSummary> page) {
    return page.items().stream().map(summary -> summary.head().key().traceId()).toList();
  }

  private static void mergeAll() throws IOException {
    DATABASE.execute("OPTIMIZE TABLE tracekeep_spans FINAL");
  }

  @Test
  void create_readsBackExactly() {
    try (ObservabilityStorage storage = open()) {
      assertThat(storage.check().schema()).isEqualTo(SchemaState.ABSENT);
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.CREATED);
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.OPENED);
      assertThat(storage.check().schema()).isEqualTo(SchemaState.CURRENT);
      assertThat(storage.check().engine()).matches("ClickHouse \\d+\\.\\d+\\..+");
      Span span = span("t'1\\", "s`1\\'").startedAt(EpochNanos.MIN).endedAt(EpochNanos.MAX).build();
      assertThat(storage.createSpan(span).counts()).isNull();
      storage.createSpan(span);
      assertThat(storage.getSpan(span.key())).contains(span);
      assertThat(storage.getSpan(span.key()).orElseThrow().payload().input())
          .hasToString("{\"b\":1.0,\"a\":[\"\\u0000\\ud800\"]}");
      assertThat(storage.getRootSpan(span.key().trace())).contains(span);
      assertThat(storage.getTrace(span.key().trace()).orElseThrow().spans()).containsExactly(span);
      assertThat(storage.statistics()).isEqualTo(new StorageStatistics(1, 1, 0, 0, 1));
    }
  }

  @Test
  void rowsOfOlderVersions_showNowhereBeforeAMerge() throws IOException {
    try (ObservabilityStorage storage = ready()) {
      DATABASE.execute("SYSTEM STOP MERGES tracekeep_spans");
      Span old = span("t", "s").name("old").build();
      Span now =
          old.toBuilder()
              .name("new")
              .parentSpanId(null)
              .startedAt(START.plusSeconds(9))
              .endedAt(START.plusSeconds(10))
              .build();
      Span child = span("t", "r").updatedAt(START).build();
      storage.createSpan(old);
      storage.createSpan(now);
      storage.createSpan(old);
      storage.createSpan(child);
      // The first root in time, until a better row says that it is none.
      storage.createSpan(
          child.toBuilder().parentSpanId("s").updatedAt(START.plusSeconds(1)).build());
      assertThat(DATABASE.rows("SELECT count() FROM tracekeep_spans")).containsExactly("5");
      assertThat(storage.getSpan(now.key())).contains(now);
      assertThat(storage.getTrace(now.key().trace()).orElseThrow().spans()).hasSize(2);
      assertThat(storage.getRootSpan(now.key().trace())).contains(now);
      assertThat(list(storage, all()).items())
          .extracting(TraceSummary::head)
          .containsExactly(now.toLight());
      assertThat(list(storage, all().where(SpanColumn.NAME, "old")).items()).isEmpty();
      assertThat(storage.statistics()).isEqualTo(new StorageStatistics(2, 1, 1, 0, 1));
      DATABASE.execute("SYSTEM START MERGES tracekeep_spans");
      mergeAll();
      assertThat(DATABASE.rows("SELECT count() FROM tracekeep_spans")).containsExactly("2");
      assertThat(storage.statistics()).isEqualTo(new StorageStatistics(2, 1, 1, 0, 1));
      assertThat(list(storage, all()).items())
          .extracting(TraceSummary::head)
          .containsExactly(now.toLight());
    }
  }

  @Test
  void rowInTheSamePlaceAsAnOlderOne_isNotSkippedAtTheEndOfAWindow() throws IOException {
    try (ObservabilityStorage storage = ready()) {
      DATABASE.execute("SYSTEM STOP MERGES tracekeep_spans");
      List<Span> roots =
          IntStream.range(0, 7)
              .mapToObj(i -> span("t" + i, "s").startedAt(START.plusMillis(i)).build())
              .toList();
      for (int version = 0; version < 5; version++) {
        Instant updated = START.plusSeconds(version);
        storage.batchCreateSpans(
            roots.stream().map(root -> root.toBuilder().updatedAt(updated).build()).toList());
      }
      for (TraceOrder order : TraceOrder.values()) {
        List<String> walked = new ArrayList<>();
        String cursor = null;
        do {
          Page<TraceSummary> page = list(storage, all().order(order).limit(2).cursor(cursor));
          walked.addAll(traceIds(page));
          page.items()
              .forEach(
                  trace ->
                      assertThat(trace.head().times().updatedAt()).isEqualTo(START.plusSeconds(4)));
          cursor = page.cursor();
        } while (cursor != null);
        assertThat(walked)
            .as("%s", order)
            .containsExactlyElementsOf(
                roots.stream()
                    .sorted(order.comparator())
                    .map(root -> root.key().traceId())
                    .toList());
      }
    }
  }

  @Test
  void deleted_staysDeletedWhenOlderPartsMergeLater() throws IOException {
    try (ObservabilityStorage storage = ready()) {
      DATABASE.execute("SYSTEM STOP MERGES tracekeep_spans");
      List<Span> running = spans(100);
      storage.batchCreateSpans(running);
      storage.batchCreateSpans(
          running.stream()
              .map(span -> span.toBuilder().endedAt(START.plusSeconds(5)).build())
              .toList());
      DATABASE.execute("SYSTEM START MERGES tracekeep_spans");
      assertThat(
              storage.batchDeleteTraces(
                  List.of(TraceKey.of("t0"), TraceKey.of("none"), new TraceKey("other", "t1"))))
          .isEqualTo(1);
      for (int round = 0; round < 2; round++) {
        assertThat(storage.getTrace(TraceKey.of("t0"))).isEmpty();
        assertThat(storage.getTraceLight(TraceKey.of("t0"))).isEmpty();
        assertThat(storage.getRootSpan(TraceKey.of("t0"))).isEmpty();
        assertThat(storage.statistics()).isEqualTo(new StorageStatistics(50, 1, 0, 0, 1));
        assertThat(traceIds(list(storage, all()))).containsExactly("t1");
        mergeAll();
      }
      // The very batch of before, which a table that remembers blocks would take for a retry.
      storage.batchCreateSpans(running);
      assertThat(storage.getTrace(TraceKey.of("t0")).orElseThrow().spans()).hasSize(50);
      assertThat(traceIds(list(storage, all()))).containsExactly("t1", "t0");
    }
  }

  @Test
  void prune_judgesByNewestRowsAlone() throws IOException {
    try (ObservabilityStorage storage = ready()) {
      DATABASE.execute("SYSTEM STOP MERGES tracekeep_spans");
      Instant cut = START.plusSeconds(100);
      Span old = span("old", "s").endedAt(START.plusSeconds(200)).build();
      storage.createSpan(old);
      // A better row says that it ended earlier.
      storage.createSpan(
          old.toBuilder().endedAt(START.plusSeconds(99)).updatedAt(START.plusSeconds(300)).build());
      Span young = span("young", "s").endedAt(START.plusSeconds(99)).build();
      storage.createSpan(young);
      storage.createSpan(young.toBuilder().endedAt(cut).updatedAt(START.plusSeconds(300)).build());
      DATABASE.execute("SYSTEM START MERGES tracekeep_spans");
      assertThat(storage.pruneTraces(PruneRequest.before(SpanKey.DEFAULT_TENANT, cut)))
          .isEqualTo(new PruneReport(1, 1, true));
      mergeAll();
      assertThat(traceIds(list(storage, all()))).containsExactly("young");
    }
  }

  /** The engine compiles an aggregation when it has run it three times. */
  @Test
  void prune_ofTimesBefore1970_isTheSameEachTime() {
    try (ObservabilityStorage storage = ready()) {
      storage.createSpan(span("t", "a").startedAt(EpochNanos.MIN).endedAt(START).build());
      storage.createSpan(span("t", "b").startedAt(EpochNanos.MIN).endedAt(EpochNanos.MIN).build());
      PruneRequest before = PruneRequest.before(SpanKey.DEFAULT_TENANT, START);
      for (int i = 0; i < 8; i++) {
        assertThat(storage.pruneTraces(before)).isEqualTo(new PruneReport(0, 0, true));
      }
      assertThat(storage.statistics().spans()).isEqualTo(2);
    }
  }

  @Test
  void list_readsTheProjectionInOrder() throws IOException {
    try (ObservabilityStorage storage = ready()) {
      storage.batchCreateSpans(spans(20_000));
      String statement =
          new HeadList(null, "tracekeep_spans").candidates(all().build()).statement(null, 11);
      assertThat(DATABASE.rows("EXPLAIN indexes = 1, projections = 1 " + statement))
          .anyMatch(line -> line.contains("ReadFromMergeTree (" + ClickHouseTable.ROOTS + ")"))
          .anyMatch(line -> line.contains("Read type: InReverseOrder"));
      assertThat(traceIds(list(storage, all().limit(2)))).containsExactly("t399", "t398");
    }
  }

  @Test
  void members_areNarrowedByTextAndDecidedByStructure() {
    try (ObservabilityStorage storage = ready()) {
      List<String> metadata =
          List.of(
              "{\"k\":\"v\",\"n\":1e400}",
              "{\"\\u006b\":\"v\"}",
              "{\"k\":\"\\u0076\"}",
              "{\"k\":[\"v\"]}",
              "{\"other\":\"v\",\"x\":{\"k\":\"v\"}}",
              "[\"k\",\"v\"]");
      for (int i = 0; i < metadata.size(); i++) {
        storage.createSpan(
            span("t" + i, "s")
                .payload(Payload.builder().metadata(Json.parse(metadata.get(i))).build())
                .build());
      }
      assertThat(traceIds(list(storage, all().metadata("k", Json.of("v")))))
          .containsExactly("t0", "t1", "t2");
      assertThat(traceIds(list(storage, all().metadata("n", Json.parse("10e399")))))
          .containsExactly("t0");
    }
  }

  @Test
  void batchLargerThanOneInsert_isStoredWhole() throws IOException {
    try (ObservabilityStorage storage = ready()) {
      String text = "x".repeat(1 << 20);
      List<Span> large =
          spans(70).stream()
              .map(
                  span ->
                      span.toBuilder()
                          .payload(Payload.builder().output(Json.of(text)).build())
                          .build())
              .toList();
      WriteResult result = storage.batchCreateSpans(large);
      assertThat(result.processed()).isEqualTo(70);
      assertThat(storage.statistics().spans()).isEqualTo(70);
      assertThat(storage.getSpan(large.get(69).key())).contains(large.get(69));
    }
  }

  @Test
  void updatesOfOneStore_areAllApplied() throws Exception {
    try (ObservabilityStorage storage = ready()) {
      Span row = span("t", "s").build();
      storage.createSpan(row);
      ExecutorService threads = Executors.newFixedThreadPool(4);
      try {
        List<Callable<WriteResult>> work = new ArrayList<>();
        // What is absent yet: in whatever order they come, each update sets its field.
        work.add(() -> storage.updateSpan(update(row).attributes(Json.of("set")).build()));
        work.add(() -> storage.updateSpan(update(row).output(Json.of("done")).build()));
        work.add(() -> storage.updateSpan(update(row).endedAt(START.plusSeconds(2)).build()));
        work.add(() -> storage.updateSpan(update(row).links(Json.array(List.of())).build()));
        for (Future<WriteResult> result : threads.invokeAll(work)) {
          assertThat(result.get().processed()).isEqualTo(1);
        }
      } finally {
        threads.shutdown();
      }
      Span now = storage.getSpan(row.key()).orElseThrow();
      assertThat(now.payload().attributes()).isEqualTo(Json.of("set"));
      assertThat(now.payload().output()).isEqualTo(Json.of("done"));
      assertThat(now.times().endedAt()).isEqualTo(START.plusSeconds(2));
      assertThat(now.links()).isEqualTo(Json.array(List.of()));
      assertThat(storage.updateSpan(update(span("no", "s").build()).name("x").build()).missing())
          .containsExactly(SpanKey.of("no", "s"));
    }
  }

  private static SpanUpdate.Builder update(Span row) {
    return SpanUpdate.builder(row.key(), START.plusSeconds(1));
  }

  @Test
  void manyKeys_fitIntoOneStatement() {
    try (ObservabilityStorage storage = ready()) {
      List<Span> many =
          IntStream.range(0, 3000).mapToObj(i -> span("t".repeat(120) + i, "s").build()).toList();
      storage.batchCreateSpans(many);
      List<TraceKey> keys = many.stream().map(span -> span.key().trace()).toList();
      assertThat(
              storage
                  .batchUpdateSpans(many.stream().map(s -> update(s).name("x").build()).toList())
                  .processed())
          .isEqualTo(3000);
      assertThat(storage.batchDeleteTraces(keys)).isEqualTo(3000);
      assertThat(storage.statistics().spans()).isZero();
    }
  }

  @Test
  void tableOfAnOlderRelease_getsItsColumnsInPlace() throws IOException {
    Span span = span("t", "s").origin(new Origin("test", null, null, null, null)).build();
    try (ObservabilityStorage storage = ready()) {
      storage.createSpan(span);
      DATABASE.execute(
          "ALTER TABLE tracekeep_spans DROP PROJECTION " + ClickHouseTable.ROOTS,
          "ALTER TABLE tracekeep_spans DROP COLUMN environment",
          "ALTER TABLE tracekeep_spans DROP COLUMN request_context");
    }
    String uuid =
        "SELECT uuid FROM system.tables WHERE name = 'tracekeep_spans' AND database ="
            + " currentDatabase()";
    List<String> before = DATABASE.rows(uuid);
    try (ObservabilityStorage storage = open()) {
      assertThat(storage.check().schema()).isEqualTo(SchemaState.MIGRATION_REQUIRED);
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.OPENED);
      assertThat(storage.check().schema()).isEqualTo(SchemaState.CURRENT);
      assertThat(DATABASE.rows(uuid)).as("the same table").isEqualTo(before);
      Span without = span("t", "s").build();
      assertThat(storage.getSpan(span.key())).contains(without);
      assertThat(list(storage, all()).items())
          .extracting(TraceSummary::head)
          .containsExactly(without.toLight());
      Span next = span.toBuilder().endedAt(START).build();
      storage.createSpan(next);
      assertThat(storage.getSpan(span.key())).contains(next);
      assertThat(traceIds(list(storage, all().where(SpanColumn.ENVIRONMENT, "test"))))
          .containsExactly("t");
    }
  }

  @Test
  void missingDatabase_isAFaultOfTheConfiguration() {
    try (ObservabilityStorage storage =
        new ClickHouseProvider()
            .open(
                StorageConfig.fromProperties(
                    Map.of("url", DATABASE.url(), "schema", "no_such_database")))) {
      assertThatThrownBy(storage::init)
          .isInstanceOfSatisfying(
              StorageException.class,
              failure -> assertThat(failure.kind()).isEqualTo(FailureKind.CONFIGURATION))
          .hasMessageContaining("code 81")
          .hasMessageContaining("Create the database, or name another.");
    }
  }
}
