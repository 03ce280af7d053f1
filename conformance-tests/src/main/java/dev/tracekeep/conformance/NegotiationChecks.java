package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.storage.UnsupportedCapabilityException;
import dev.tracekeep.storage.WriteResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Strategies, failures, life cycle and configuration. */
@CheckGroup("Strategies, failures, life cycle, configuration")
abstract class NegotiationChecks extends TenantChecks {
  /** Short ones, since the check is about them. */
  private static final Map<String, String> LIMITS =
      Map.of("connect-timeout", "1s", "statement-timeout", "1s", "lock-timeout", "1s");

  /** For a call that hangs: dozens of times the limits, which a busy machine may exceed. */
  private static final int GIVEN_UP_MINUTES = 5;

  /** The preferred strategy is supported, and the same before and after init. */
  @Test
  public final void preferredStrategy_isSupported_andStable() {
    ObservabilityStorage storage = open(Map.of());
    TracingStrategySupport before = storage.tracingStrategy();
    Set<Capability> capabilities = storage.capabilities();
    assertThat(before.supported()).contains(before.preferred());
    assertThat(before.resolve(TracingStrategySupport.AUTO)).isEqualTo(before.preferred());
    storage.init();
    assertThat(storage.tracingStrategy()).isEqualTo(before);
    assertThat(storage.capabilities()).isEqualTo(capabilities);
    assertThatThrownBy(() -> storage.capabilities().clear())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  /** One workload through each supported strategy gives the same rows. */
  @Test
  public final void everySupportedStrategy_givesSameRows() {
    ObservabilityStorage storage = storage();
    List<Span> ended = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      ended.add(
          Spans.full(SpanKey.of("t" + i % 4, "s" + i)).toBuilder()
              .parentSpanId(i < 4 ? null : "s" + i % 4)
              .endedAt(Spans.at(50 + i))
              .updatedAt(Spans.at(50 + i))
              .build());
    }
    for (TracingStrategy strategy : storage.tracingStrategy().supported()) {
      assertThat(storage.tracingStrategy().resolve(strategy.configName())).isEqualTo(strategy);
      storage.dangerouslyClearAll();
      export(storage, strategy, ended);
      for (Span span : ended) {
        assertSame(storage.getSpan(span.key()), span);
      }
      assertThat(storage.statistics().spans()).as("%s", strategy).isEqualTo(20);
    }
  }

  private static void export(
      ObservabilityStorage storage, TracingStrategy strategy, List<Span> ended) {
    List<Span> started =
        ended.stream()
            .map(
                span ->
                    span.toBuilder()
                        .endedAt(null)
                        .updatedAt(Spans.T0)
                        .name("not yet named")
                        .build())
            .toList();
    List<SpanUpdate> ends =
        ended.stream()
            .map(
                span ->
                    SpanUpdate.builder(span.key(), Spans.at(50 + ended.indexOf(span)))
                        .endedAt(span.times().endedAt())
                        .name(span.name())
                        .build())
            .toList();
    switch (strategy) {
      case REALTIME -> {
        started.forEach(storage::createSpan);
        ends.forEach(storage::updateSpan);
      }
      case BATCH_WITH_UPDATES -> {
        storage.batchCreateSpans(started);
        storage.batchUpdateSpans(ends);
      }
      case INSERT_ONLY -> storage.batchCreateSpans(ended);
      case EVENT_SOURCED -> {
        storage.batchCreateSpans(ended);
        storage.batchCreateSpans(started);
      }
    }
  }

  /** A strategy that is not supported, or not known, is refused by name with those that are. */
  @Test
  public final void undeclared_isRefusedByName_notApproximated() {
    TracingStrategySupport support = open(Map.of()).tracingStrategy();
    List<String> refused = new ArrayList<>(List.of("no-such-strategy", "Realtime", ""));
    for (TracingStrategy strategy : TracingStrategy.values()) {
      if (!support.supported().contains(strategy)) {
        refused.add(strategy.configName());
      }
    }
    for (String wish : refused) {
      UnsupportedCapabilityException failure =
          thrown(UnsupportedCapabilityException.class, () -> support.resolve(wish));
      assertThat(failure.kind()).isEqualTo(FailureKind.CONFIGURATION);
      assertThat(failure)
          .hasMessageContaining("'" + wish + "'")
          .hasMessageContaining(support.preferred().configName());
    }
  }

  /** A store that cannot be reached is a matter of retrying or of its configuration, no more. */
  @Test
  public final void classification_table() {
    Map<String, String> unreachable = unreachable();
    try (ObservabilityStorage storage = provide(unreachable)) {
      StorageException failure = thrown(StorageException.class, storage::init);
      assertThat(failure.kind()).isIn(FailureKind.TRANSIENT, FailureKind.CONFIGURATION);
    }
    ObservabilityStorage there = storage();
    StorageException invalid =
        thrown(
            StorageException.class, () -> there.migration().verify("a migration that never was"));
    assertThat(invalid.kind()).isEqualTo(FailureKind.INVALID);
  }

  private Map<String, String> unreachable() {
    return fixture()
        .unreachable()
        .orElseThrow(() -> new NotApplicable("the fixture has nothing that is unreachable"));
  }

  /** Success comes after the fact: another store of the same database sees it at once. */
  @Test
  public final void failedBatch_namesKeys_andIsAllOrNothingIfDeclared() {
    ObservabilityStorage storage = open(Map.of("max-span-bytes", "2000"));
    storage.init();
    Span good = Spans.root("good").build();
    Span bad = Spans.root("bad").name("x".repeat(3000)).build();
    WriteResult result = storage.batchCreateSpans(List.of(bad, good));
    assertThat(result.processed()).isEqualTo(1);
    assertThat(result.rejected()).extracting(WriteResult.Rejection::key).containsExactly(bad.key());
    assertThat(thrown(StorageException.class, result::orThrow).keys()).containsExactly(bad.key());
    if (has(Capability.SHARED) || has(Capability.DURABLE)) {
      if (!has(Capability.SHARED)) {
        storage.close();
      }
      ObservabilityStorage reader = open(Map.of());
      reader.init();
      assertThat(reader.getSpan(good.key())).contains(good);
      assertThat(reader.statistics().spans()).isEqualTo(1);
    } else {
      assertThat(storage.getSpan(good.key())).contains(good);
    }
  }

  /**
   * A call in an interrupted thread does nothing on any engine, says so, and leaves the thread
   * interrupted; when the flag is off, everything goes on.
   */
  @Test
  public final void interruptedThread_isToldSo_andStaysInterrupted() {
    ObservabilityStorage storage = storage();
    Span span = Spans.root("t").build();
    storage.createSpan(span);
    TraceKey trace = span.key().trace();
    List<ThrowingCallable> calls =
        List.of(
            () -> storage.getSpan(span.key()),
            () -> storage.getRootSpan(trace),
            () -> storage.getTrace(trace),
            () -> storage.getTraceLight(trace),
            () -> storage.listTraces(TraceQuery.builder(SpanKey.DEFAULT_TENANT).build()),
            storage::statistics,
            () -> storage.createSpan(Spans.root("u").build()),
            () -> storage.batchCreateSpans(List.of(Spans.root("u").build())),
            () ->
                storage.updateSpan(
                    SpanUpdate.builder(span.key(), Spans.at(900)).name("other").build()),
            () -> storage.batchDeleteTraces(List.of(trace)),
            () -> storage.pruneTraces(new PruneRequest(SpanKey.DEFAULT_TENANT, Spans.at(900), 10)),
            storage::dangerouslyClearAll);
    for (ThrowingCallable call : calls) {
      StorageException failure;
      boolean isInterrupted;
      Thread.currentThread().interrupt();
      try {
        failure = thrown(StorageException.class, call);
      } finally {
        isInterrupted = Thread.interrupted();
      }
      assertThat(failure.kind()).isEqualTo(FailureKind.INTERRUPTED);
      assertThat(failure.kind().isRetryable()).isFalse();
      assertThat(failure)
          .hasMessageContaining("interrupted")
          .message()
          .doesNotContainIgnoringCase("try again");
      assertThat(isInterrupted).isTrue();
    }
    assertThat(storage.getTrace(trace).orElseThrow().spans()).containsExactly(span);
    assertThat(storage.statistics().spans()).isEqualTo(1);
  }

  /** What is null is the caller's fault, not the store's, and is named. */
  @Test
  public final void nullArguments_areNamed() {
    ObservabilityStorage storage = storage();
    Span span = Spans.root("t").build();
    Map<String, ThrowingCallable> calls = new LinkedHashMap<>();
    calls.put("span", () -> storage.createSpan(absent()));
    calls.put("spans", () -> storage.batchCreateSpans(absent()));
    calls.put("spans[1]", () -> storage.batchCreateSpans(Arrays.asList(span, absent())));
    calls.put("update", () -> storage.updateSpan(absent()));
    calls.put("updates", () -> storage.batchUpdateSpans(absent()));
    calls.put("updates[0]", () -> storage.batchUpdateSpans(Arrays.asList(absent(), absent())));
    calls.put("key", () -> storage.getSpan(absent()));
    calls.put("trace", () -> storage.getRootSpan(absent()));
    calls.put("trace ", () -> storage.getTrace(absent()));
    calls.put("trace  ", () -> storage.getTraceLight(absent()));
    calls.put("query", () -> storage.listTraces(absent()));
    calls.put("traces", () -> storage.batchDeleteTraces(absent()));
    calls.put("traces[0]", () -> storage.batchDeleteTraces(Arrays.asList(absent(), absent())));
    calls.put("request", () -> storage.pruneTraces(absent()));
    calls.put("table", () -> storage.migration(absent()));
    calls.forEach(
        (name, call) ->
            assertThat(thrown(NullPointerException.class, call)).hasMessage(name.strip()));
    assertThat(storage.statistics().spans()).isZero();
  }

  /** Null, where the contract has none. */
  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
  private static <T> T absent() {
    return null;
  }

  /** What a store writes down of its own accord is dated by the clock that it was given. */
  @Test
  public final void clockOfTheProgram_datesTheMigration() throws Exception {
    Instant time = Instant.parse("2031-05-06T07:08:09Z");
    Span span = Spans.root("t").build();
    raw().createLegacyTable(List.of(span, span.toBuilder().endedAt(Spans.at(3)).build()));
    ObservabilityStorage storage = open(Clock.fixed(time, ZoneOffset.UTC));
    storage.init();

    List<MigrationRecord> history = storage.migration().history();
    assertThat(history).hasSize(1);
    assertThat(history.get(0).startedAt()).isEqualTo(time);
    assertThat(history.get(0).finishedAt()).isBetween(time, time.plusSeconds(1));
    List<String> archivedAt = new ArrayList<>();
    storage
        .migration()
        .archived(history.get(0).migrationId(), row -> archivedAt.add(row.archivedAt()));
    assertThat(archivedAt).hasSize(1).allMatch(text -> text.startsWith("2031-05-06"));
  }

  /** A failure keeps the native cause, and shows neither a password nor a payload. */
  @Test
  public final void errors_keepNativeCause_andHideSecrets() {
    Map<String, String> unreachable = unreachable();
    try (ObservabilityStorage storage = provide(unreachable)) {
      StorageException failure = thrown(StorageException.class, storage::init);
      assertThat(failure).hasCauseInstanceOf(Throwable.class);
      StringWriter trace = new StringWriter();
      failure.printStackTrace(new PrintWriter(trace));
      Health health = storage.check();
      assertThat(trace + " " + health + " " + storage).doesNotContain(StorageConformanceKit.SECRET);
      assertThat(StorageConfig.fromProperties(unreachable, fixture().provider().engineProperties()))
          .asString()
          .doesNotContain(StorageConformanceKit.SECRET);
      assertThat(failure.getMessage()).isNotBlank().doesNotContain("null");
    }
    Span secret =
        Spans.root("t")
            .name("n".repeat(100))
            .payload(
                Payload.builder().input(Json.of(StorageConformanceKit.SECRET.repeat(100))).build())
            .build();
    ObservabilityStorage narrow = open(Map.of("max-span-bytes", "1000"));
    narrow.init();
    assertThat(thrown(StorageException.class, () -> narrow.createSpan(secret)))
        .hasMessageNotContaining(StorageConformanceKit.SECRET);
  }

  /**
   * A server that stalls, at whatever point, is given up within the limits of the configuration.
   */
  @Test
  public final void stallingServer_isGivenUp() {
    if (fixture().at(1).isEmpty()) {
      throw new NotApplicable("the engine has no servers");
    }
    // Each stage is little more than waiting, so all of them wait at once.
    ExecutorService threads = Executors.newFixedThreadPool(StallingServer.Stage.values().length);
    try {
      Stream.of(StallingServer.Stage.values())
          .map(stage -> CompletableFuture.runAsync(() -> assertGivenUp(stage), threads))
          .toList()
          .forEach(stage -> stage.orTimeout(GIVEN_UP_MINUTES, TimeUnit.MINUTES).join());
    } finally {
      threads.shutdownNow();
    }
  }

  private void assertGivenUp(StallingServer.Stage stage) {
    try (StallingServer server = new StallingServer(stage)) {
      Map<String, String> properties = new HashMap<>(fixture().at(server.port()).orElseThrow());
      LIMITS.forEach(properties::put);
      try (ObservabilityStorage storage = provide(properties)) {
        StorageException failure = thrown(StorageException.class, storage::init);
        assertThat(failure.kind())
            .as("%s: %s", stage, failure.getMessage())
            .isIn(FailureKind.TRANSIENT, FailureKind.CONFIGURATION, FailureKind.OVERLOADED);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Making a store does no I/O, init may be called again, check reports and never throws. */
  @Test
  public final void construction_doesNoIo_andInitIsIdempotent() {
    Optional<Map<String, String>> unreachable = fixture().unreachable();
    if (unreachable.isPresent()) {
      try (ObservabilityStorage storage = provide(unreachable.get())) {
        Health health = storage.check();
        assertThat(health.up()).isFalse();
        assertThat(health.message()).isNotBlank();
        assertThat(health.cause()).isNotNull();
      }
    }
    ObservabilityStorage storage = open(Map.of());
    assertThatThrownBy(() -> storage.createSpan(Spans.root("t").build()))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(storage::statistics).isInstanceOf(IllegalStateException.class);
    storage.init();
    storage.createSpan(Spans.root("t").build());
    storage.init();
    assertThat(storage.statistics().spans()).isEqualTo(1);
    Health health = storage.check();
    assertThat(health.up()).isTrue();
    assertThat(health.engine()).matches("(?s).*[0-9].*");
    assertThat(health.schema()).isEqualTo(Health.SchemaState.CURRENT);
  }

  /** Closing twice is fine; everything else on a closed store says that it is closed. */
  @Test
  public final void close_isIdempotent_andReleasesOnlyOwned() {
    ObservabilityStorage other = open(Map.of());
    other.init();
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    ObservabilityStorage storage = open(Map.of());
    storage.init();
    Span span = Spans.root("t").build();
    storage.createSpan(span);
    storage.close();
    storage.close();
    TraceQuery query = TraceQuery.builder("default").build();
    List<ThrowingCallable> calls =
        List.of(
            storage::init,
            () -> storage.createSpan(span),
            () -> storage.batchCreateSpans(List.of(span)),
            () -> storage.updateSpan(SpanUpdate.builder(span.key(), Spans.T0).name("x").build()),
            () -> storage.getSpan(span.key()),
            () -> storage.getRootSpan(span.key().trace()),
            () -> storage.getTrace(span.key().trace()),
            () -> storage.getTraceLight(span.key().trace()),
            () -> storage.listTraces(query),
            () -> storage.batchDeleteTraces(List.of(span.key().trace())),
            () -> storage.pruneTraces(PruneRequest.before("default", Spans.T0)),
            storage::statistics,
            storage::dangerouslyClearAll,
            storage::migration);
    for (ThrowingCallable call : calls) {
      assertThatThrownBy(call).isInstanceOf(IllegalStateException.class);
    }
    assertThat(storage.check().up()).isFalse();
    assertThat(other.statistics()).as("another store of the same database").isNotNull();
    Set<Thread> left = new HashSet<>(Thread.getAllStackTraces().keySet());
    left.removeAll(before);
    left.removeIf(thread -> thread.isDaemon() || !thread.isAlive());
    assertThat(left).as("threads that keep the JVM alive").isEmpty();
  }

  /** What is durable survives closing and opening; two databases never share. */
  @Test
  public final void reopen_keepsData_inMemoryIsIsolated() {
    ObservabilityStorage first = storage();
    Span span = Spans.full(SpanKey.of("t", "s"));
    first.createSpan(span);
    ObservabilityStorage elsewhere = open(anotherDatabase(), Map.of());
    elsewhere.init();
    assertThat(elsewhere.statistics().spans()).as("spans of another database").isZero();
    first.close();
    if (has(Capability.DURABLE)) {
      for (int i = 0; i < 2; i++) {
        ObservabilityStorage again = open(Map.of());
        again.init();
        assertSame(again.getSpan(span.key()), span);
        again.close();
      }
    } else {
      refusedAsDeclared("what is stored need not survive the store");
    }
  }

  /**
   * Rows whose versions have another length were written by another rule: said, not compared,
   * whatever number is kept with their table.
   */
  @Test
  public final void versionsOfAnotherLength_areRefusedInWords() throws Exception {
    Span span = Spans.root("t").build();
    storage().createSpan(span);
    closeStorage();
    raw().storeVersion(span.key(), Arrays.copyOf(span.version().toBytes(), 25));
    assertRefusedAsOfAnotherFormat();
    raw().storeFormat(OptionalInt.empty());
    assertRefusedAsOfAnotherFormat();
  }

  private String assertRefusedAsOfAnotherFormat() {
    ObservabilityStorage storage = open(Map.of());
    StorageException refused = thrown(StorageException.class, storage::init);
    assertThat(refused.kind()).isEqualTo(FailureKind.CONFIGURATION);
    assertThat(refused.getMessage()).contains("another").contains("Use another table");
    Health health = storage.check();
    assertThat(health.up()).isFalse();
    assertThat(health.message()).isEqualTo(refused.getMessage());
    storage.close();
    return String.valueOf(refused.getMessage());
  }

  /**
   * The number of a table's format is kept with it, written where it is missing, and read at every
   * opening: rows in another format are refused in words, a table without rows is taken over.
   */
  @Test
  public final void formatNumber_isKeptWithTheTableAndRead() throws Exception {
    RawAccess raw = raw();
    Span span = Spans.root("t").build();
    storage().createSpan(span);
    closeStorage();
    OptionalInt ours = raw.storedFormat();
    if (!raw.storeFormat(OptionalInt.empty())) {
      refusedAsDeclared("this engine keeps no number with a table");
      return;
    }
    assertThat(ours).isPresent();
    ObservabilityStorage unnumbered = open(Map.of());
    assertThat(unnumbered.check().up()).isTrue();
    unnumbered.init();
    assertSame(unnumbered.getSpan(span.key()), span);
    unnumbered.close();
    assertThat(raw.storedFormat()).isEqualTo(ours);

    raw.storeFormat(OptionalInt.of(917));
    assertThat(assertRefusedAsOfAnotherFormat()).contains("format 917");
    assertThat(raw.storedFormat()).hasValue(917);

    raw.storeFormat(ours);
    ObservabilityStorage again = open(Map.of());
    again.init();
    assertSame(again.getSpan(span.key()), span);
    again.dangerouslyClearAll();
    again.close();

    raw.storeFormat(OptionalInt.of(917));
    ObservabilityStorage empty = open(Map.of());
    empty.init();
    empty.createSpan(span);
    assertSame(empty.getSpan(span.key()), span);
    assertThat(raw.storedFormat()).isEqualTo(ours);
  }

  /** A wrong address says which adapters there are; all faults of a configuration come at once. */
  @Test
  public final void unknownOrDuplicateAdapterName_failsClearly() {
    ConfigurationException unknown =
        thrown(
            ConfigurationException.class,
            () ->
                Storages.open("jdbc:no-such-engine://u:" + StorageConformanceKit.SECRET + "@h/d"));
    assertThat(unknown.problems()).hasSize(1);
    assertThat(unknown)
        .hasMessageContaining("jdbc:no-such-engine:")
        .hasMessageNotContaining(StorageConformanceKit.SECRET);
    assertThat(fixture().provider().name()).matches("[a-z][a-z0-9-]*");
    assertThat(fixture().provider().uriPrefixes()).isNotEmpty();
    String url = database().properties().getOrDefault("url", "");
    assertThat(fixture().provider().accepts(StorageUri.of(url)))
        .as("the provider accepts the address of its own test database")
        .isTrue();
  }

  /** Missing, blank, misspelt and hostile properties are all named in one exception. */
  @Test
  public final void allConfigProblemsReportedAtOnce() {
    Map<String, String> properties = new HashMap<>(database().properties());
    properties.put("table", "a\"b; DROP TABLE x");
    properties.put("migrations", "auto");
    properties.put("strategy", "sometimes");
    properties.put("pool-size", "many");
    properties.put("tenant", " ");
    ConfigurationException refused =
        thrown(ConfigurationException.class, () -> provide(properties));
    assertThat(refused.problems()).hasSize(5);
    for (String key : List.of("table", "migrations", "strategy", "pool-size", "tenant")) {
      assertThat(refused).hasMessageContaining(key);
    }
    Map<String, String> tooLong = new HashMap<>(database().properties());
    tooLong.put("table", "t".repeat(64));
    assertThat(thrown(ConfigurationException.class, () -> provide(tooLong)).problems()).hasSize(1);
  }
}
