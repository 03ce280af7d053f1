package dev.tracekeep.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.storage.StoredSpan;
import dev.tracekeep.storage.WriteResult;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From DuckDB to SQLite: every span, once, in the better version, and on where it was stopped. */
class StoreCopyTest {
  private static final int SPANS = 500;
  private static final int BATCH = 60;
  private static final Instant T = Instant.parse("2026-11-20T10:00:00Z");

  @TempDir private Path folder;
  private ObservabilityStorage from;
  private ObservabilityStorage to;

  @BeforeEach
  void open() {
    from = opened("jdbc:duckdb:");
    to = opened("jdbc:sqlite::memory:");
    List<Span> spans = new ArrayList<>();
    for (int i = 0; i < SPANS; i++) {
      spans.add(
          span(i, i % 3 == 0 ? null : T.plusSeconds(i + 5L), "\"Grüße 😀 " + i + "\\u0000\""));
    }
    from.batchCreateSpans(spans);
  }

  private static ObservabilityStorage opened(String url) {
    ObservabilityStorage storage = Storages.open(Map.of("url", url));
    storage.init();
    return storage;
  }

  private static Span span(int i, @Nullable Instant end, String output) {
    Instant start = T.plusSeconds(i);
    return Span.builder(new SpanKey(i % 2 == 0 ? "acme" : "default", "trace " + i / 7, "s" + i))
        .name("span " + i)
        .startedAt(start)
        .endedAt(end)
        .createdAt(start)
        .updatedAt(start)
        .tags(List.of("t" + i % 5))
        .payload(Payload.builder().output(Json.parse(output)).build())
        .build();
  }

  @AfterEach
  void close() {
    from.close();
    to.close();
  }

  private StoreCopy.Builder copy() {
    return StoreCopy.builder(from, to).batch(BATCH, 1 << 20);
  }

  private static List<StoredSpan> rows(ObservabilityStorage storage) {
    List<StoredSpan> rows = new ArrayList<>();
    storage.scanSpans(SpanScan.ALL, rows::add);
    return rows;
  }

  private static WriteResult.Counts counts(CopyReport report) {
    return report.counts().orElseThrow();
  }

  @Test
  void copy_bringsEverySpanOnce_andAgainNothing() throws IOException {
    CopyReport first = copy().build().run();
    assertThat(first.read()).isEqualTo(SPANS);
    assertThat(counts(first)).isEqualTo(new WriteResult.Counts(SPANS, 0, 0));
    assertThat(rows(to)).isEqualTo(rows(from));
    CopyReport second = copy().build().run();
    assertThat(counts(second)).isEqualTo(new WriteResult.Counts(0, 0, SPANS));
    assertThat(copy().build().compare())
        .isEqualTo(new CopyComparison(SPANS, 0, 0, 0, List.of()))
        .matches(CopyComparison::isComplete);
  }

  @Test
  void betterVersionsOnEitherSide_win() throws IOException {
    to.batchCreateSpans(
        List.of(
            span(0, T.plusSeconds(99), "\"better\""), // runs in the source
            span(1, null, "\"worse\""))); // has ended there
    Span better = to.getSpan(span(0, null, "0").key()).orElseThrow();

    CopyReport report = copy().build().run();

    assertThat(counts(report)).isEqualTo(new WriteResult.Counts(SPANS - 2, 1, 1));
    assertThat(to.getSpan(better.key())).contains(better);
    assertThat(copy().build().compare())
        .isEqualTo(new CopyComparison(SPANS - 1, 1, 0, 0, List.of()));
  }

  @Test
  void rangeAndFilter_areKept() throws IOException {
    CopyReport report =
        copy()
            .scan(SpanScan.ofTenant("acme"))
            .filter(SpanFilter.builder().tag("t0").build())
            .build()
            .run();
    assertThat(report.read()).isEqualTo(SPANS / 10);
    assertThat(rows(to))
        .hasSize(SPANS / 10)
        .allMatch(row -> row.span().key().tenantId().equals("acme"))
        .allMatch(row -> row.span().tags().equals(List.of("t0")));
  }

  /** The target, but that one of its calls fails for good, before or after its commit. */
  private ObservabilityStorage failingAt(int call, boolean afterTheCommit) {
    AtomicInteger calls = new AtomicInteger();
    return (ObservabilityStorage)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {ObservabilityStorage.class},
            (proxy, method, arguments) -> {
              boolean fails =
                  method.getName().equals("batchCreateSpans") && calls.incrementAndGet() == call;
              if (fails && !afterTheCommit) {
                throw new StorageException(FailureKind.PERMANENT, "the disk is full", null);
              }
              try {
                Object result = method.invoke(to, arguments);
                if (fails) {
                  throw new StorageException(FailureKind.PERMANENT, "the answer is lost", null);
                }
                return result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private CopyCheckpoint checkpoint(String target) throws IOException {
    return CopyCheckpoint.open(
        folder.resolve("copy.checkpoint"), Map.of("to", target, "what", "x"));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 9})
  void stoppedCopy_goesOnWhereItWas(int call) throws IOException {
    for (boolean afterTheCommit : List.of(false, true)) {
      to.dangerouslyClearAll();
      CopyCheckpoint kept = checkpoint("a");
      assertThatThrownBy(
              () ->
                  StoreCopy.builder(from, failingAt(call, afterTheCommit))
                      .batch(BATCH, 1 << 20)
                      .checkpoint(kept)
                      .build()
                      .run())
          .isInstanceOf(StorageException.class);

      CopyCheckpoint again = checkpoint("a");
      assertThat(again.after().isPresent()).isEqualTo(call > 1);
      CopyReport rest = copy().checkpoint(again).build().run();

      assertThat(rest.read()).isEqualTo(SPANS - (call - 1L) * BATCH);
      assertThat(rows(to)).isEqualTo(rows(from));
      assertThat(folder.resolve("copy.checkpoint")).doesNotExist();
    }
  }

  @Test
  void failureThatPasses_isTriedAgain() throws IOException {
    AtomicInteger calls = new AtomicInteger();
    ObservabilityStorage busy =
        (ObservabilityStorage)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {ObservabilityStorage.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("batchCreateSpans") && calls.incrementAndGet() == 2) {
                    throw new StorageException(FailureKind.TRANSIENT, "try again", null);
                  }
                  return method.invoke(to, arguments);
                });
    StoreCopy.builder(from, busy).batch(BATCH, 1 << 20).build().run();
    assertThat(rows(to)).isEqualTo(rows(from));
  }

  @Test
  void checkpointOfAnotherCopy_isRefusedByName() throws IOException {
    checkpoint("a").reached(new SpanKey("default", "t/1 = #!", "s"));
    assertThat(checkpoint("a").after()).contains(new SpanKey("default", "t/1 = #!", "s"));
    assertThatThrownBy(() -> checkpoint("b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "The checkpoint "
                + folder.resolve("copy.checkpoint")
                + " is of another copy: to is 'a' there and 'b' here");
    Files.writeString(folder.resolve("copy.checkpoint"), "something else");
    assertThatThrownBy(() -> checkpoint("a"))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith(" is no checkpoint of a copy");
  }

  @Test
  void comparison_findsOneMissingAndOneChangedSpan() throws IOException {
    copy().build().run();
    Span changed = to.getSpan(span(8, null, "0").key()).orElseThrow();
    Span missing = to.getSpan(span(9, null, "0").key()).orElseThrow();
    List<Span> others =
        rows(to).stream()
            .map(StoredSpan::span)
            .filter(span -> !span.key().equals(changed.key()))
            .filter(span -> !span.key().equals(missing.key()))
            .toList();
    to.dangerouslyClearAll();
    to.batchCreateSpans(others);
    // The same span, said with fewer letters.
    to.createSpan(changed.toBuilder().payload(Payload.NONE).build());

    CopyComparison comparison = copy().build().compare();

    assertThat(comparison.isComplete()).isFalse();
    assertThat(comparison)
        .isEqualTo(new CopyComparison(SPANS - 2, 0, 1, 1, comparison.firstKeys()));
    assertThat(comparison.firstKeys()).containsExactlyInAnyOrder(changed.key(), missing.key());
  }
}
