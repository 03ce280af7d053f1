package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.WriteResult;
import java.time.Instant;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Combinators;
import org.junit.jupiter.api.Test;

/** The best version wins, in any order, any number of times. */
@CheckGroup("Merge and idempotency")
abstract class MergeChecks extends CrudChecks {
  /** A batch with events, links and lists again: nothing changes. */
  @Test
  public final void replayBatch_isNoop() {
    ObservabilityStorage storage = storage();
    List<Span> batch = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      batch.add(Spans.full(SpanKey.of("t" + i % 5, "s" + i)));
    }
    storage.batchCreateSpans(batch);
    for (int i = 0; i < 3; i++) {
      Collections.reverse(batch);
      WriteResult again = storage.batchCreateSpans(batch);
      assertThat(again.processed()).isEqualTo(50);
      assertThat(again.rejected()).isEmpty();
      assertThat(again.duplicates()).isZero();
      if (has(Capability.EXACT_WRITE_COUNTS)) {
        assertThat(again.counts()).isEqualTo(new WriteResult.Counts(0, 0, 50));
      }
    }
    assertThat(storage.statistics().spans()).isEqualTo(50);
    batch.forEach(span -> assertThat(storage.getSpan(span.key())).contains(span));
  }

  /** One key several times in one batch: merged by the rule, no error of the driver. */
  @Test
  public final void duplicateKeyInsideBatch_yieldsOneRow() {
    ObservabilityStorage storage = storage();
    List<Span> batch = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      Span start = Spans.root("t" + i).build();
      Span end = start.toBuilder().endedAt(Spans.at(i)).updatedAt(Spans.at(i)).build();
      batch.addAll(i % 2 == 0 ? List.of(start, end) : List.of(end, start, end));
    }
    WriteResult result = storage.batchCreateSpans(batch);
    assertThat(result.processed()).isEqualTo(20);
    assertThat(result.duplicates()).isEqualTo(30);
    assertThat(storage.statistics().spans()).isEqualTo(20);
    for (int i = 0; i < 20; i++) {
      assertThat(storage.getSpan(SpanKey.of("t" + i, Spans.SPAN)).orElseThrow().times().endedAt())
          .isEqualTo(Spans.at(i));
    }
  }

  /** A batch that fails on the way, and all of it again: exactly its rows. */
  @Test
  public final void retryAfterPartialFailure_isExact() {
    ObservabilityStorage storage = storage();
    List<Span> batch =
        IntStream.range(0, 200).mapToObj(i -> Spans.full(SpanKey.of("t", "s" + i))).toList();
    List<Span> failing =
        new AbstractList<>() {
          @Override
          public Span get(int index) {
            if (index == 120) {
              throw new IllegalStateException("the exporter broke here");
            }
            return batch.get(index);
          }

          @Override
          public int size() {
            return batch.size();
          }
        };
    assertThatThrownBy(() -> storage.batchCreateSpans(failing))
        .hasStackTraceContaining("the exporter broke here");
    if (has(Capability.ATOMIC_BATCH)) {
      assertThat(storage.statistics().spans()).isZero();
    }
    storage.batchCreateSpans(batch);
    assertThat(storage.statistics().spans()).isEqualTo(200);
    assertThat(storage.getTrace(batch.get(0).key().trace()).orElseThrow().spans())
        .containsExactlyInAnyOrderElementsOf(batch);
  }

  /** Random descriptions of one span in any order, with repeats, alone or together: one result. */
  @Test
  public final void fragments_commute() {
    ObservabilityStorage storage = storage();
    SpanKey key = SpanKey.of("t", "s");
    PropertyCheck.check(
        20,
        SpanArbitraries.spans(Arbitraries.just(key)).list().ofMinSize(1).ofMaxSize(5),
        Described::spans,
        fragments -> {
          Span expected = fragments.stream().reduce(TheRule::better).orElseThrow();
          List<Span> reversed = new ArrayList<>(fragments);
          Collections.reverse(reversed);
          storage.dangerouslyClearAll();
          fragments.forEach(storage::createSpan);
          assertSame(storage.getSpan(key), expected);
          reversed.forEach(storage::createSpan);
          assertSame(storage.getSpan(key), expected);
          storage.dangerouslyClearAll();
          storage.batchCreateSpans(reversed);
          assertSame(storage.getSpan(key), expected);
          assertThat(storage.statistics().spans()).isEqualTo(1);
        });
  }

  /** The older, running description again does not take the end, the output or the status. */
  @Test
  public final void completedSpan_neverRegresses() {
    ObservabilityStorage storage = storage();
    Span running = Spans.root("t").build();
    Span done =
        running.toBuilder()
            .endedAt(Spans.at(9))
            .updatedAt(Spans.at(9))
            .payload(Payload.builder().output(Json.of("done")).build())
            .build();
    storage.createSpan(running);
    storage.createSpan(done);
    storage.createSpan(running);
    storage.batchCreateSpans(List.of(running, running.toBuilder().updatedAt(Spans.at(99)).build()));
    assertThat(storage.getSpan(done.key())).contains(done);
  }

  /**
   * With all times equal the copy that says more wins in every order: more columns, however little
   * is in them, and of as many columns more text.
   */
  @Test
  public final void equalTimes_theCopyThatSaysMoreWins() throws Exception {
    Span bare = Spans.root("t").endedAt(Spans.at(5)).build();
    Span wordy = bare.toBuilder().name("a name of many letters").build();
    Span tagged = bare.toBuilder().tags(List.of("")).build();
    Span rich = Spans.with(tagged, SpanColumn.USER_ID, "u");
    assertWinner(rich, tagged, wordy);
    assertWinner(wordy, bare);
    assertWinner(tagged.toBuilder().event(true).build(), tagged, wordy);
  }

  /** A span is replaced as a whole: the winner takes no field of the loser, however bare it is. */
  @Test
  public final void bareWinner_takesNothingFromTheLoser() throws Exception {
    SpanKey key = SpanKey.of("t", "full");
    Span full = Spans.full(key);
    Span bare =
        Span.builder(key)
            .name("bare")
            .startedAt(full.times().startedAt())
            .endedAt(full.times().startedAt())
            .updatedAt(Instant.parse("2100-01-01T00:00:00Z"))
            .build();
    assertWinner(bare, full);
  }

  /** JSON is compared letter by letter, so the stored spelling depends on no order. */
  @Test
  public final void equalTimes_twoSpellingsHaveOneWinner() throws Exception {
    Span one = spelled("{\"a\":1,\"b\":10}");
    List<Span> sorted = new ArrayList<>(List.of(one, spelled("{\"b\":10,\"a\":1}")));
    sorted.sort(TheRule::compare);
    assertWinner(sorted.get(1), sorted.get(0));
    assertWinner(spelled("{\"a\": 1, \"b\": 1e1}"), sorted.get(1), sorted.get(0));
  }

  private static Span spelled(String json) {
    return Spans.root("t").payload(Payload.builder().output(Json.parse(json)).build()).build();
  }

  /** Two spans under one id in one batch: whichever comes first, one row, and the key is named. */
  @Test
  public final void conflictingStarts_withinABatch_areNamed() {
    ObservabilityStorage storage = storage();
    Span monday = Spans.root("t").build();
    Span tuesday = monday.toBuilder().startedAt(Spans.T0.plusNanos(1)).build();
    Span other = Spans.root("u").build();
    for (List<Span> batch :
        List.of(List.of(monday, other, tuesday), List.of(tuesday, monday, monday, other, other))) {
      storage.dangerouslyClearAll();
      assertThat(storage.batchCreateSpans(batch).conflictingStarts())
          .isEqualTo(new WriteResult.ConflictingStarts(1, List.of(monday.key())));
      assertThat(storage.getSpan(monday.key())).contains(TheRule.better(monday, tuesday));
      assertThat(storage.statistics().spans()).isEqualTo(2);
    }
    assertThat(storage.createSpan(other).conflictingStarts())
        .isEqualTo(WriteResult.ConflictingStarts.NONE);
  }

  /**
   * A span that starts at another time than the row of its key, whether it wins or loses, alone or
   * in a large batch. Updates move a start on purpose and never count. A store that does not look
   * at the rows that are there says nothing of them, and nothing wrong.
   */
  @Test
  public final void conflictingStarts_withStoredSpans_areCountedAndNamed() {
    for (int spans : List.of(1, 3, 60)) {
      ObservabilityStorage storage = storage();
      storage.dangerouslyClearAll();
      List<Span> monday = new ArrayList<>();
      for (int i = 0; i < spans; i++) {
        monday.add(Spans.root(String.format("t%02d", i)).updatedAt(Spans.at(100)).build());
      }
      assertThat(storage.batchCreateSpans(monday).conflictingStarts())
          .isEqualTo(WriteResult.ConflictingStarts.NONE);
      assertThat(storage.batchCreateSpans(monday).conflictingStarts())
          .isEqualTo(WriteResult.ConflictingStarts.NONE);
      List<Span> tuesday =
          monday.stream().map(span -> movedTo(span, Spans.at(5), Spans.at(200))).toList();
      WriteResult.ConflictingStarts all =
          new WriteResult.ConflictingStarts(
              spans, monday.stream().map(Span::key).limit(20).toList());
      assertConflicts(storage.batchCreateSpans(tuesday), all); // wins, and moves the rows
      assertConflicts(storage.batchCreateSpans(monday), all); // loses
      List<Span> mixed = new ArrayList<>(tuesday);
      mixed.set(spans - 1, movedTo(monday.get(spans - 1), Spans.at(6), Spans.at(50)));
      mixed.add(Spans.root("z").build());
      assertConflicts(
          storage.batchCreateSpans(mixed),
          new WriteResult.ConflictingStarts(1, List.of(monday.get(spans - 1).key())));
      assertThat(storage.getSpan(tuesday.get(0).key())).contains(tuesday.get(0));
      assertThat(storage.statistics().spans()).isEqualTo(spans + 1);

      List<SpanUpdate> moves =
          tuesday.stream()
              .map(
                  span ->
                      SpanUpdate.builder(span.key(), Spans.at(300))
                          .set(SpanColumn.STARTED_AT, Spans.at(7))
                          .build())
              .toList();
      assertThat(storage.batchUpdateSpans(moves).conflictingStarts())
          .isEqualTo(WriteResult.ConflictingStarts.NONE);
      assertThat(storage.getSpan(tuesday.get(0).key()).orElseThrow().times().startedAt())
          .isEqualTo(Spans.at(7));
    }
  }

  private static Span movedTo(Span span, Instant startedAt, Instant updatedAt) {
    return span.toBuilder().startedAt(startedAt).updatedAt(updatedAt).build();
  }

  private void assertConflicts(WriteResult result, WriteResult.ConflictingStarts expected) {
    assertThat(result.conflictingStarts())
        .isEqualTo(
            has(Capability.EXACT_WRITE_COUNTS) ? expected : WriteResult.ConflictingStarts.NONE);
  }

  /** A row is stored under the version of what is in it, also where an update has filled it. */
  @Test
  public final void version_ofReadRow_isTheStoredVersion() throws Exception {
    ObservabilityStorage storage = storage();
    RawAccess raw = raw();
    SpanKey key = SpanKey.of("t", "s");
    PropertyCheck.check(
        20,
        Combinators.combine(
                SpanArbitraries.spans(Arbitraries.just(key)).list().ofMinSize(1).ofMaxSize(3),
                SpanArbitraries.updates(Arbitraries.just(key)).list().ofMaxSize(2))
            .as(Map::entry),
        history -> Described.spans(history.getKey()) + " " + history.getValue(),
        history -> {
          storage.dangerouslyClearAll();
          for (Span span : history.getKey()) {
            storage.createSpan(span);
            assertStoredUnderItsVersion(storage, raw, key);
          }
          for (SpanUpdate update : history.getValue()) {
            storage.updateSpan(update);
            assertStoredUnderItsVersion(storage, raw, key);
          }
        });
  }

  private static void assertStoredUnderItsVersion(
      ObservabilityStorage storage, RawAccess raw, SpanKey key) throws Exception {
    assertThat(SpanVersion.ofBytes(raw.storedVersion(key)))
        .isEqualTo(storage.getSpan(key).orElseThrow().version());
  }

  /** With all else equal the hash decides: the same winner in every order. */
  @Test
  public final void ties_areDeterministic() throws Exception {
    Span one = Spans.root("t").endedAt(Spans.at(5)).name("one").build();
    Span two = one.toBuilder().name("two").build();
    Span three = one.toBuilder().name("six").build();
    List<Span> sorted = new ArrayList<>(List.of(one, two, three));
    sorted.sort(TheRule::compare);
    assertWinner(sorted.get(2), sorted.get(0), sorted.get(1));
  }

  /** A start that moves across midnight, another type or name: still the same row. */
  @Test
  public final void identity_ignoresMutableFields() {
    ObservabilityStorage storage = storage();
    Span one = Spans.root("t").startedAt(Spans.at(0)).build();
    Span two =
        one.toBuilder()
            .startedAt(Spans.at(86_400_000L * 40))
            .updatedAt(Spans.at(1))
            .name("another name")
            .type(SpanType.TOOL_CALL)
            .parentSpanId("p")
            .event(true)
            .build();
    storage.createSpan(one);
    storage.createSpan(two);
    assertThat(storage.getTrace(one.key().trace()).orElseThrow().spans()).containsExactly(two);
    assertThat(storage.statistics().spans()).isEqualTo(1);
  }

  /** Right after writes that conflict, every read shows the span once, in its best version. */
  @Test
  public final void everyReadPath_isDeduplicated() {
    ObservabilityStorage storage = storage();
    Span best = Spans.root("t").build();
    storage.createSpan(best);
    for (int i = 0; i < 12; i++) {
      Span version =
          best.toBuilder().updatedAt(Spans.at(i * 5 % 12)).name("v" + i * 5 % 12).build();
      storage.createSpan(version);
      best = TheRule.better(best, version);
      TraceQuery query = TraceQuery.builder(SpanKey.DEFAULT_TENANT).build();
      assertThat(storage.getSpan(best.key())).contains(best);
      assertThat(storage.getRootSpan(best.key().trace())).contains(best);
      assertThat(storage.getTrace(best.key().trace()).orElseThrow())
          .isEqualTo(new Trace(best.key().trace(), List.of(best)));
      assertThat(storage.getTraceLight(best.key().trace()).orElseThrow().spans())
          .containsExactly(best.toLight());
      assertThat(storage.listTraces(query).items())
          .containsExactly(new TraceSummary(best.toLight()));
      assertThat(storage.statistics().spans()).isEqualTo(1);
    }
  }

  /** A filter must not find a version that has lost. */
  @Test
  public final void filters_seeTheBestVersionAlone() {
    ObservabilityStorage storage = storage();
    Span old = Spans.root("t").tags(List.of("old")).name("old").build();
    Span now = old.toBuilder().updatedAt(Spans.at(1)).name("now").tags(List.of("now")).build();
    storage.createSpan(now);
    storage.createSpan(old);
    TraceQuery.Builder query = TraceQuery.builder(SpanKey.DEFAULT_TENANT);
    assertThat(storage.listTraces(query.tag("old").build()).items()).isEmpty();
    assertThat(
            storage
                .listTraces(
                    TraceQuery.builder(SpanKey.DEFAULT_TENANT)
                        .where(SpanColumn.NAME, "old")
                        .build())
                .items())
        .isEmpty();
  }

  /** A newer update overrides what it carries, and leaves the rest. */
  @Test
  public final void update_newerOverrides() {
    ObservabilityStorage storage = storage();
    Span start =
        Spans.full(SpanKey.of("t", "s")).toBuilder().endedAt(null).updatedAt(Spans.T0).build();
    storage.createSpan(start);
    WriteResult result =
        storage.updateSpan(
            SpanUpdate.builder(start.key(), Spans.at(5))
                .endedAt(Spans.at(5))
                .output(Json.parse("{\"answer\":42}"))
                .tags(List.of("z"))
                .build());
    assertThat(result.processed()).isEqualTo(1);
    assertThat(result.missing()).isEmpty();
    if (has(Capability.EXACT_WRITE_COUNTS)) {
      assertThat(result.counts()).isEqualTo(new WriteResult.Counts(0, 1, 0));
    } else {
      assertThat(result.counts()).isNull();
    }
    Payload before = start.payload();
    Span expected =
        start.toBuilder()
            .endedAt(Spans.at(5))
            .updatedAt(Spans.at(5))
            .tags(List.of("z"))
            .payload(
                new Payload(
                    before.input(),
                    Json.parse("{\"answer\":42}"),
                    before.error(),
                    before.metadata(),
                    before.attributes(),
                    before.requestContext()))
            .build();
    assertSame(storage.getSpan(start.key()), expected);
    // What the row was made from cannot undo the update, nor what lies between the two.
    storage.createSpan(start);
    assertSame(storage.getSpan(start.key()), expected);
    storage.createSpan(start.toBuilder().updatedAt(Spans.at(3)).build());
    assertSame(storage.getSpan(start.key()), expected);
  }

  /** An older update only fills what is absent; it never reopens a span. */
  @Test
  public final void update_olderOnlyFills() {
    ObservabilityStorage storage = storage();
    Span row = Spans.root("t").endedAt(Spans.at(9)).updatedAt(Spans.at(9)).name("kept").build();
    storage.createSpan(row);
    storage.updateSpan(
        SpanUpdate.builder(row.key(), Spans.at(1))
            .name("too old")
            .endedAt(Spans.at(1))
            .input(Json.of("filled"))
            .build());
    Span expected =
        row.toBuilder().payload(Payload.builder().input(Json.of("filled")).build()).build();
    assertSame(storage.getSpan(row.key()), expected);
    // A replay of the row must not take away what was filled.
    storage.createSpan(row);
    assertSame(storage.getSpan(row.key()), expected);
  }

  /** An update of a span that is not there is reported and stores nothing. */
  @Test
  public final void update_ofMissingSpanIsReported() {
    ObservabilityStorage storage = storage();
    Span there = Spans.root("t").build();
    storage.createSpan(there);
    SpanKey gone = SpanKey.of("t", "gone");
    WriteResult result =
        storage.batchUpdateSpans(
            List.of(
                SpanUpdate.builder(gone, Spans.at(1)).name("x").build(),
                SpanUpdate.builder(there.key(), Spans.at(1)).name("x").build(),
                SpanUpdate.builder(gone, Spans.at(2)).name("y").build()));
    assertThat(result.missing()).containsExactly(gone);
    assertThat(result.processed()).isEqualTo(1);
    assertThat(storage.getSpan(gone)).isEmpty();
    assertThat(storage.getSpan(there.key()).orElseThrow().name()).isEqualTo("x");
    assertThat(storage.statistics().spans()).isEqualTo(1);
  }

  /** Several updates of one span in a batch are applied by their time, not by their place. */
  @Test
  public final void updatesInsideBatch_areAppliedByTime() {
    ObservabilityStorage storage = storage();
    Span row = Spans.root("t").build();
    storage.createSpan(row);
    List<SpanUpdate> updates = new ArrayList<>();
    for (int i = 1; i <= 9; i++) {
      updates.add(
          SpanUpdate.builder(row.key(), Spans.at(i * 4 % 9 + 1))
              .name("n" + (i * 4 % 9 + 1))
              .build());
    }
    storage.batchUpdateSpans(updates);
    Span now = storage.getSpan(row.key()).orElseThrow();
    assertThat(now.name()).isEqualTo("n9");
    // The earlier one overrides an input that the later one would have made it keep.
    Span second = Spans.root("u").payload(Payload.builder().input(Json.of("old")).build()).build();
    storage.createSpan(second);
    storage.batchUpdateSpans(
        List.of(
            SpanUpdate.builder(second.key(), Spans.at(2)).name("later").build(),
            SpanUpdate.builder(second.key(), Spans.at(1)).input(Json.of("new")).build()));
    Span both = storage.getSpan(second.key()).orElseThrow();
    assertThat(both.name()).isEqualTo("later");
    assertThat(both.payload().input()).isEqualTo(Json.of("new"));
    assertThat(now.times().updatedAt()).isEqualTo(Spans.at(9));
  }
}
