package dev.tracekeep.storage.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.SpanAggregation;
import dev.tracekeep.storage.SpanQuery;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.UnsupportedCapabilityException;
import dev.tracekeep.storage.ValueQuery;
import dev.tracekeep.storage.WriteResult;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class AbstractObservabilityStorageTest {
  private static final Instant START = Instant.parse("2025-01-01T00:00:00Z");
  private static final TraceKey TRACE = TraceKey.of("t");

  // ---- life cycle

  @Test
  void store_thatIsNewRefusesAllButWhatNeedsNoTable() {
    FakeStorage storage = new FakeStorage(StorageConfig.of("fake:"));

    everyOperation(storage)
        .forEach(
            operation ->
                assertThatThrownBy(operation)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("Call init() on the store fake: first"));
    assertThat(storage.calls).isEmpty();

    assertThat(storage.check().up()).isTrue();
    assertThat(storage.tracingStrategy().preferred()).isEqualTo(TracingStrategy.REALTIME);
    assertThat(storage.capabilities()).isNotEmpty();
    assertThatThrownBy(storage::migration).hasMessageContaining("look at the table");
    assertThat(storage.calls).contains("migrationOf null");
  }

  @Test
  void store_thatIsClosedRefusesEverythingButCheckAndClose() {
    FakeStorage storage = FakeStorage.opened();
    storage.close();
    storage.close();

    assertThat(storage.calls).containsExactly("release");
    Stream.concat(
            everyOperation(storage),
            Stream.of(
                storage::init,
                storage::migration,
                () -> storage.migration(SpanTable.named("other"))))
        .forEach(
            operation ->
                assertThatThrownBy(operation)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("The store fake: is closed"));
    assertThat(storage.check().up()).isFalse();
    assertThat(storage.check().message()).isEqualTo("The store fake: is closed");
    assertThat(storage.calls).containsExactly("release");
  }

  @Test
  void store_thatIsReadOnlyReadsAndSaysHowToMigrate() {
    FakeStorage storage = new FakeStorage(StorageConfig.of("fake:"));
    storage.outcome = InitReport.Outcome.READ_ONLY;
    storage.init();

    assertThat(storage.getSpan(SpanKey.of("t", "s"))).isEmpty();
    StorageException e =
        catchThrowableOfType(StorageException.class, () -> storage.createSpan(span("s")));
    assertThat(e.kind()).isEqualTo(FailureKind.MIGRATION_REQUIRED);
    assertThat(e)
        .hasMessageContaining("tracekeep_spans")
        .hasMessageContaining("tracekeep migrate apply");
    assertThatThrownBy(() -> storage.updateSpan(update("s"))).isInstanceOf(StorageException.class);
    assertThatThrownBy(storage::dangerouslyClearAll).isInstanceOf(StorageException.class);
    assertThatThrownBy(() -> storage.batchDeleteTraces(List.of(TRACE)))
        .isInstanceOf(StorageException.class);

    storage.outcome = InitReport.Outcome.MIGRATED;
    storage.init();
    assertThat(storage.createSpan(span("s")).processed()).isEqualTo(1);
  }

  @Test
  void init_thatFailedCanBeCalledAgain() {
    FakeStorage storage = new FakeStorage(StorageConfig.of("fake:"));
    storage.failure = new IOException("no route");
    assertThatThrownBy(storage::init).isInstanceOf(StorageException.class);
    assertThatThrownBy(() -> storage.createSpan(span("s")))
        .isInstanceOf(IllegalStateException.class);

    storage.failure = null;
    assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.OPENED);
    assertThat(storage.createSpan(span("s")).processed()).isEqualTo(1);
  }

  @Test
  void close_neverThrows() {
    FakeStorage storage = FakeStorage.opened();
    storage.failure = new IOException("still busy");

    storage.close();

    assertThat(storage.check().up()).isFalse();
  }

  private static Stream<ThrowingCallable> everyOperation(FakeStorage storage) {
    return Stream.of(
        () -> storage.createSpan(span("s")),
        () -> storage.batchCreateSpans(List.of(span("s"))),
        () -> storage.updateSpan(update("s")),
        () -> storage.batchUpdateSpans(List.of(update("s"))),
        () -> storage.getSpan(SpanKey.of("t", "s")),
        () -> storage.getRootSpan(TRACE),
        () -> storage.getTrace(TRACE),
        () -> storage.getTraceLight(TRACE),
        () -> storage.listTraces(TraceQuery.builder("default").build()),
        () -> storage.batchDeleteTraces(List.of(TRACE)),
        () -> storage.pruneTraces(PruneRequest.before("default", START)),
        storage::statistics,
        storage::dangerouslyClearAll);
  }

  // ---- writes

  @Test
  void emptyBatch_doesNoIo() {
    FakeStorage storage = new FakeStorage(StorageConfig.of("fake:"));

    assertThat(storage.batchCreateSpans(List.of())).isEqualTo(WriteResult.EMPTY);
    assertThat(storage.batchUpdateSpans(List.of())).isEqualTo(WriteResult.EMPTY);
    assertThat(storage.batchDeleteTraces(List.of())).isZero();
    assertThat(storage.calls).isEmpty();
  }

  @Test
  void batch_isReducedAndSorted() {
    FakeStorage storage = FakeStorage.opened();
    Span better = span("a").toBuilder().endedAt(START).build();

    WriteResult result = storage.batchCreateSpans(List.of(span("b"), better, span("a"), span("b")));

    assertThat(storage.calls).containsExactly("write [a, b]");
    assertThat(result)
        .isEqualTo(new WriteResult(2, 2, new WriteResult.Counts(2, 0, 0), List.of(), List.of()));
    assertThat(storage.getSpan(better.key())).contains(better);
  }

  @Test
  void conflictingStarts_ofBatchAndRowsAreCountedOnce() {
    FakeStorage storage = FakeStorage.opened();
    storage.batchCreateSpans(List.of(span("a"), span("b"), span("c")));
    Span earlier = span("a").toBuilder().startedAt(START.minusNanos(1)).build();

    WriteResult result =
        storage.batchCreateSpans(
            List.of(
                earlier,
                span("a"),
                span("b").toBuilder().startedAt(START.minusNanos(1)).build(),
                span("c")));

    assertThat(result.conflictingStarts().count()).isEqualTo(2);
    assertThat(result.conflictingStarts().first()).containsExactly(earlier.key(), span("b").key());
  }

  @Test
  void conflictingStarts_areNamedUpToTheLimit() {
    FakeStorage storage = FakeStorage.opened();
    List<Span> twice =
        IntStream.range(0, 50)
            .mapToObj(
                i -> span("s" + (10 + i / 2)).toBuilder().startedAt(START.plusNanos(i)).build())
            .toList();

    WriteResult.ConflictingStarts conflicting = storage.batchCreateSpans(twice).conflictingStarts();

    assertThat(conflicting.count()).isEqualTo(25);
    assertThat(conflicting.first())
        .hasSize(20)
        .startsWith(span("s10").key())
        .endsWith(span("s29").key());
  }

  @Test
  void counts_areGivenByStoresThatDeclareThemAlone() {
    FakeStorage storage = FakeStorage.opened();
    storage.capabilities.clear();

    assertThat(storage.createSpan(span("a")).counts()).isNull();
    assertThat(storage.updateSpan(update("a")).counts()).isNull();
  }

  @Test
  void oversizedSpan_isRejectedAndTheRestIsStored() {
    FakeStorage storage = FakeStorage.opened("max-span-bytes", "100");
    Span large = span("large").toBuilder().payload(input("\u20ac".repeat(40))).build();

    WriteResult result = storage.batchCreateSpans(List.of(large, span("small")));

    assertThat(result.processed()).isEqualTo(1);
    assertThat(result.rejected())
        .containsExactly(
            new WriteResult.Rejection(
                large.key(),
                "has 143 bytes of text and JSON, more than the limit of 100 (max-span-bytes)"));
    assertThat(storage.rows).containsOnlyKeys(span("small").key());
    StorageException e =
        catchThrowableOfType(StorageException.class, () -> storage.createSpan(large));
    assertThat(e.kind()).isEqualTo(FailureKind.INVALID);
    assertThat(e.keys()).containsExactly(large.key());
    assertThat(e)
        .hasMessage(
            "1 of 1 spans were refused: default/t/large has 143 bytes of text and JSON, more than"
                + " the limit of 100 (max-span-bytes)");
  }

  @Test
  void spanSize_isThatOfItsUtf8() {
    // Ids 7 + 1 + 1, name 1, type 7: 17 bytes; the JSON string has two quotes and 81 of its own.
    FakeStorage storage = FakeStorage.opened("max-span-bytes", "100");
    Span fits = span("s").toBuilder().payload(input("\uD83D\uDE00".repeat(20) + "x")).build();
    Span tooLarge = span("s").toBuilder().payload(input("\uD83D\uDE00".repeat(20) + "xy")).build();

    assertThat(storage.batchCreateSpans(List.of(fits)).rejected()).isEmpty();
    assertThat(storage.batchCreateSpans(List.of(tooLarge)).rejected()).hasSize(1);
  }

  @Test
  void oversizedUpdate_isRejectedAndTheRestIsApplied() {
    FakeStorage storage = FakeStorage.opened("max-span-bytes", "100");
    storage.batchCreateSpans(List.of(span("a"), span("b")));
    SpanUpdate large =
        SpanUpdate.builder(span("a").key(), START).output(Json.of("x".repeat(99))).build();

    WriteResult result = storage.batchUpdateSpans(List.of(large, update("b")));

    assertThat(result.processed()).isEqualTo(1);
    assertThat(result.rejected())
        .containsExactly(
            new WriteResult.Rejection(
                large.key(),
                "has 101 bytes of text and JSON, more than the limit of 100 (max-span-bytes)"));
    assertThat(storage.calls).endsWith("update [b]");
    assertThatThrownBy(() -> storage.updateSpan(large))
        .isInstanceOf(StorageException.class)
        .hasMessageStartingWith("1 of 1 spans were refused: default/t/a has 101 bytes");
  }

  @Test
  void lightSpan_isRejectedAloneAndTheRestIsWritten() {
    FakeStorage storage = FakeStorage.opened();

    WriteResult result = storage.batchCreateSpans(List.of(span("a"), span("b").toLight()));

    assertThat(result.processed()).isEqualTo(1);
    assertThat(result.rejected()).hasSize(1);
    assertThat(result.rejected().get(0).key().spanId()).isEqualTo("b");
    assertThat(result.rejected().get(0).reason())
        .isEqualTo(
            "was read without its heavy fields and cannot be written back: read it with getSpan or"
                + " getTrace");
    assertThat(storage.calls).containsExactly("write [a]");
  }

  @Test
  void updates_areSortedCountedAndMissedOnce() {
    FakeStorage storage = FakeStorage.opened();
    storage.createSpan(span("b"));

    WriteResult result =
        storage.batchUpdateSpans(
            List.of(update("b"), update("a"), update("b"), update("a"), update("c")));

    assertThat(storage.calls).endsWith("update [a, a, b, b, c]");
    assertThat(result.processed()).isEqualTo(1);
    assertThat(result.duplicates()).isEqualTo(2);
    assertThat(result.missing()).containsExactly(span("a").key(), span("c").key());
  }

  @Test
  void deletes_areSortedAndDistinct() {
    FakeStorage storage = FakeStorage.opened();

    storage.batchDeleteTraces(List.of(TraceKey.of("b"), TraceKey.of("a"), TraceKey.of("b")));

    assertThat(storage.calls).containsExactly("deleteTraces [default/a, default/b]");
  }

  // ---- reads

  @Test
  void trace_isSortedAndAbsentWithoutSpans() {
    FakeStorage storage = FakeStorage.opened();
    storage.batchCreateSpans(List.of(span("b"), span("a")));

    assertThat(storage.getTrace(TRACE).orElseThrow().spans()).containsExactly(span("a"), span("b"));
    assertThat(storage.getTrace(TraceKey.of("none"))).isEmpty();
    storage.getTraceLight(TRACE);
    assertThat(storage.calls)
        .contains("readTrace " + SpanColumn.all().size(), "readTrace " + SpanColumn.light().size());
  }

  @Test
  void list_asksForOneMoreAndGivesACursorIfThereIsOne() {
    FakeStorage storage = FakeStorage.opened();
    for (String id : List.of("t1", "t2", "t3")) {
      storage.createSpan(Span.builder(SpanKey.of(id, "s")).name("n").startedAt(START).build());
    }
    TraceQuery.Builder query = TraceQuery.builder("default").limit(2);

    Page<TraceSummary> first = storage.listTraces(query.build());
    Page<TraceSummary> second = storage.listTraces(query.cursor(first.cursor()).build());

    assertThat(first.items()).extracting(TraceSummary::key).containsExactly(key("t1"), key("t2"));
    assertThat(first.nextCursor()).isPresent();
    assertThat(second.items()).extracting(TraceSummary::key).containsExactly(key("t3"));
    assertThat(second.nextCursor()).isEmpty();
    assertThat(storage.calls).contains("readHeads 3");
  }

  // ---- reads that a store declares

  @Test
  void read_thatIsNotDeclaredIsRefused() {
    FakeStorage storage = FakeStorage.opened();
    Map<Capability, ThrowingCallable> reads =
        Map.of(
            Capability.SPAN_LISTS, () -> storage.listSpans(SpanQuery.builder("t").build()),
            Capability.VALUE_LISTS, () -> storage.listValues(ValueQuery.ofTags("t").build()),
            Capability.BULK_READS, () -> storage.getSpans(List.of()),
            Capability.COUNTS, () -> storage.countTraces(TraceQuery.builder("t").build()),
            Capability.TRACE_STATISTICS,
                () -> storage.listTraces(TraceQuery.builder("t").withStatistics().build()),
            Capability.AGGREGATES, () -> storage.aggregate(SpanAggregation.builder("t").build()),
            Capability.SERVICE_LINKS, () -> storage.serviceLinks("t", TimeRange.ALL),
            Capability.SPAN_SCANS, () -> storage.scanSpans(SpanScan.ALL, span -> {}));

    reads.forEach(
        (capability, read) -> {
          assertThatThrownBy(read)
              .isInstanceOf(UnsupportedCapabilityException.class)
              .hasMessageContaining("does not declare " + capability);
          storage.capabilities.add(capability);
        });
    assertThatThrownBy(reads.get(Capability.SPAN_LISTS))
        .as("declared, and not overridden")
        .hasMessageContaining("classified");
    storage.close();
    reads.values().forEach(r -> assertThatThrownBy(r).isInstanceOf(IllegalStateException.class));
  }

  @Test
  void list_withStatisticsAsksForThePageAlone() {
    FakeStorage storage = FakeStorage.opened();
    storage.capabilities.add(Capability.TRACE_STATISTICS);
    for (String id : List.of("b", "a", "c")) {
      storage.createSpan(Span.builder(SpanKey.of(id, "s")).name("n").startedAt(START).build());
    }

    Page<TraceSummary> page =
        storage.listTraces(TraceQuery.builder("default").limit(2).withStatistics().build());

    assertThat(page.items()).extracting(item -> item.statistics().get().spans()).containsOnly(1L);
    assertThat(storage.calls).contains("readStatistics [default/a, default/b]");
  }

  @Test
  void spansAndTraces_comeOnceInKeyOrder() {
    FakeStorage storage = FakeStorage.opened();
    storage.capabilities.add(Capability.BULK_READS);
    List<TraceKey> keys = new ArrayList<>();
    for (int i = 0; i < 45; i++) {
      SpanKey key = SpanKey.of(String.format("t%02d", i), "s");
      storage.createSpan(Span.builder(key).name("n").startedAt(START).build());
      keys.add(0, key.trace());
    }
    List<TraceKey> read = new ArrayList<>();

    storage.getTraces(keys, trace -> read.add(trace.key()));
    List<Span> spans =
        storage.getSpans(
            List.of(
                SpanKey.of("t07", "s"),
                SpanKey.of("none", "s"),
                SpanKey.of("t03", "s"),
                SpanKey.of("t07", "s")));

    assertThat(read).hasSize(45).isSorted();
    assertThat(storage.calls).contains("readTraces 20", "readTraces 5", "readSpans 3");
    assertThat(spans).extracting(span -> span.key().traceId()).containsExactly("t03", "t07");
  }

  @Test
  void scan_goesOnBehindEachPartAndEndsWithWhatIsThrown() {
    FakeStorage storage = FakeStorage.opened();
    storage.capabilities.add(Capability.SPAN_SCANS);
    for (String id : List.of("a", "b", "c", "d", "e")) {
      storage.createSpan(span(id));
    }
    List<String> seen = new ArrayList<>();
    IllegalStateException mine = new IllegalStateException("mine");

    storage.scanSpans(
        SpanScan.ALL.after(TRACE.span("a")).upTo(TRACE.span("d")),
        stored -> seen.add(stored.span().key().spanId()));

    assertThat(seen).containsExactly("b", "c", "d");
    assertThatThrownBy(
            () ->
                storage.scanSpans(
                    SpanScan.ALL,
                    stored -> {
                      throw mine;
                    }))
        .isSameAs(mine);
  }

  private static TraceKey key(String traceId) {
    return TraceKey.of(traceId);
  }

  // ---- failures

  @Test
  void failure_isClassifiedOnce() {
    FakeStorage storage = FakeStorage.opened();
    storage.failure = new IOException("no route");

    assertThatThrownBy(() -> storage.batchCreateSpans(List.of(span("a"))))
        .isInstanceOf(StorageException.class)
        .hasMessage("classified")
        .hasCause(storage.failure);
    assertThat(storage.calls).containsExactly("write [a]", "classify write 1 spans");
  }

  @Test
  void failure_thatIsClassifiedAlreadyIsPassedOn() {
    FakeStorage storage = FakeStorage.opened();
    storage.failure = new StorageException(FailureKind.OVERLOADED, "later", null);

    assertThatThrownBy(() -> storage.getSpan(SpanKey.of("t", "s"))).isSameAs(storage.failure);
    assertThat(storage.calls).containsExactly("readSpan");
  }

  @Test
  void failure_afterCloseIsThatTheStoreIsClosed() {
    FakeStorage storage = FakeStorage.opened();
    storage.health =
        () -> {
          storage.close();
          throw new IOException("connection reset");
        };

    assertThat(storage.check().message()).isEqualTo("The store fake: is closed");
    assertThat(storage.calls).containsExactly("probe", "release");
  }

  @Test
  void interrupt_isNotLost() {
    FakeStorage storage = FakeStorage.opened();
    storage.failure = new InterruptedException();

    StorageException e = catchThrowableOfType(StorageException.class, storage::statistics);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(e.kind()).isEqualTo(FailureKind.INTERRUPTED);
    assertThat(e).hasMessage("Could not count the spans in fake:: the thread was interrupted.");
    assertThat(storage.calls).containsExactly("count");
  }

  @Test
  void everyEntry_namesTheArgumentThatIsNull() throws Exception {
    FakeStorage storage = FakeStorage.opened();
    Map<Class<?>, Object> others =
        Map.of(Collection.class, List.of(), String.class, "default", SpanScan.class, SpanScan.ALL);
    int arguments = 0;
    for (Method method : ObservabilityStorage.class.getMethods()) {
      for (int i = 0; i < method.getParameterCount(); i++) {
        Object[] given = new Object[method.getParameterCount()];
        for (int j = 0; j < i; j++) {
          given[j] = Objects.requireNonNull(others.get(method.getParameterTypes()[j]));
        }
        assertThatThrownBy(() -> method.invoke(storage, given))
            .as("%s", method)
            .cause()
            .isInstanceOf(NullPointerException.class)
            .hasMessage(method.getParameters()[i].getName());
        arguments++;
      }
    }
    assertThat(arguments).isGreaterThanOrEqualTo(23);
    assertThat(storage.calls).isEmpty();
  }

  @Test
  void interruptedThread_reachesNoHook() {
    FakeStorage storage = FakeStorage.opened();

    Thread.currentThread().interrupt();
    StorageException e = catchThrowableOfType(StorageException.class, storage::statistics);

    assertThat(Thread.interrupted()).isTrue();
    assertThat(e.kind()).isEqualTo(FailureKind.INTERRUPTED);
    assertThat(storage.calls).isEmpty();
  }

  @Test
  void closing_thatOvertakesACallKeepsWhatTheEngineSaid() {
    FakeStorage storage = FakeStorage.opened();
    storage.failure = new IOException("connection reset");
    storage.whileCalled = storage::close;

    assertThatThrownBy(storage::statistics)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("The store fake: is closed")
        .satisfies(e -> assertThat(e.getSuppressed()).containsExactly(storage.failure));
  }

  @Test
  void unknownHost_isToldInTheSameWordsByEveryEngine() {
    FakeStorage storage = FakeStorage.opened();
    storage.failure = new IOException("no", new UnknownHostException("db.invalid"));

    StorageException e = catchThrowableOfType(StorageException.class, storage::statistics);

    assertThat(e.kind()).isEqualTo(FailureKind.TRANSIENT);
    assertThat(e)
        .hasMessage(
            "Could not count the spans in fake:: no address is known of the host db.invalid. Check"
                + " the host's name.");
    storage.failure = new IOException(new UnresolvedAddressException());
    assertThatThrownBy(storage::statistics)
        .hasMessageEndingWith(": no address is known of its host. Check the host's name.");
  }

  @Test
  void check_neverThrows() {
    FakeStorage storage = FakeStorage.opened();

    storage.health =
        () -> {
          throw new IOException("no route");
        };
    assertThat(storage.check().up()).isFalse();
    assertThat(storage.check().message()).isEqualTo("classified");
    assertThat(storage.check().cause()).hasCause(new IOException("no route"));

    storage.classifier =
        failure -> {
          throw new IllegalArgumentException("url jdbc:x?password=s3cret");
        };
    assertThat(storage.check().message()).isEqualTo("url jdbc:x?password=***");

    storage.health = () -> null;
    assertThat(storage.check().message()).isEqualTo("The adapter returned null from: check fake:");
  }

  @Test
  void adapter_thatReturnsNullIsNamed() {
    FakeStorage storage = FakeStorage.opened();

    assertThatThrownBy(() -> storage.migration(SpanTable.named("other")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("The adapter returned null from: look at the table other");
  }

  private static Span span(String spanId) {
    return Span.builder(SpanKey.of("t", spanId)).name("n").startedAt(START).build();
  }

  private static SpanUpdate update(String spanId) {
    return SpanUpdate.builder(SpanKey.of("t", spanId), START).endedAt(START).build();
  }

  private static Payload input(String text) {
    return Payload.builder().input(Json.of(text)).build();
  }
}
