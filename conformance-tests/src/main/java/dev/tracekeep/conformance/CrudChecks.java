package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.WriteResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Write and read back. */
@CheckGroup("Create and read")
abstract class CrudChecks extends ScenarioChecks {
  private static final List<String> NOTHINGS = List.of("null", "\"\"", "{}", "[]", "0", "false");

  /** Every column comes back as it went in, also the six kinds of nothing, on every read path. */
  @Test
  public final void get_returnsEveryFieldExactly() {
    ObservabilityStorage storage = storage();
    Span full = Spans.full(SpanKey.of(Spans.TRACE, Spans.SPAN));
    Span bare = Span.builder(SpanKey.of("bare", "s")).name("").startedAt(Spans.T0).build();
    List<Span> spans = new ArrayList<>(List.of(full, bare));
    for (int i = 0; i < NOTHINGS.size(); i++) {
      Json nothing = Json.parse(NOTHINGS.get(i));
      spans.add(
          Spans.root("nothing-" + i)
              .payload(new Payload(nothing, nothing, nothing, nothing, nothing, nothing))
              .links(nothing)
              .events(nothing)
              .build());
    }
    storage.batchCreateSpans(spans);
    for (Span span : spans) {
      assertSame(storage.getSpan(span.key()), span);
      TraceKey trace = span.key().trace();
      assertThat(storage.getTrace(trace)).contains(new Trace(trace, List.of(span)));
      assertThat(storage.getTraceLight(trace)).contains(new Trace(trace, List.of(span.toLight())));
      assertThat(storage.getRootSpan(trace))
          .isEqualTo(span.isRoot() ? Optional.of(span) : Optional.empty());
    }
  }

  /** Says which column differs, which the equality of spans does not. */
  static void assertSame(Optional<Span> actual, Span expected) {
    assertThat(actual).as("%s", expected.key()).isPresent();
    for (SpanColumn column : SpanColumn.all()) {
      assertThat(column.read(actual.orElseThrow()))
          .as("%s of %s", column.columnName(), expected.key())
          .isEqualTo(column.read(expected));
    }
  }

  /** What is not there is empty; a prefix, suffix or case variant of an id is not there. */
  @Test
  public final void get_unknownIdIsEmptyNotError() {
    ObservabilityStorage storage = storage();
    storage.createSpan(Spans.span(SpanKey.of("trAce", "spAn")).build());
    for (String trace : List.of("trace", "TRACE", "trAc", "trAce ", " trAce", "rAce", "trAce%")) {
      assertThat(storage.getSpan(SpanKey.of(trace, "spAn"))).as(trace).isEmpty();
      assertThat(storage.getTrace(TraceKey.of(trace))).as(trace).isEmpty();
      assertThat(storage.getTraceLight(TraceKey.of(trace))).as(trace).isEmpty();
      assertThat(storage.getRootSpan(TraceKey.of(trace))).as(trace).isEmpty();
    }
    for (String span : List.of("span", "SPAN", "spA", "spAn ", "%", "_pAn")) {
      assertThat(storage.getSpan(SpanKey.of("trAce", span))).as(span).isEmpty();
    }
    for (String tenant : List.of("Default", "default ", "defaul")) {
      assertThat(storage.getSpan(new SpanKey(tenant, "trAce", "spAn"))).as(tenant).isEmpty();
    }
  }

  /** Empty batches succeed before the store was ever reached. */
  @Test
  public final void emptyBatch_doesNoIo() {
    ObservabilityStorage notInitialized =
        fixture().unreachable().map(this::provide).orElseGet(() -> open(Map.of()));
    try (notInitialized) {
      assertThat(notInitialized.batchCreateSpans(List.of())).isEqualTo(WriteResult.EMPTY);
      assertThat(notInitialized.batchUpdateSpans(List.of())).isEqualTo(WriteResult.EMPTY);
      assertThat(notInitialized.batchDeleteTraces(List.of())).isZero();
    }
  }

  /** Changing a list after the call changes nothing; what is returned cannot be changed. */
  @Test
  public final void returnedObjects_areDetached() {
    ObservabilityStorage storage = storage();
    Span one = Spans.root("one").tags(List.of("x")).build();
    List<Span> batch = new ArrayList<>(List.of(one));
    WriteResult result = storage.batchCreateSpans(batch);
    batch.set(0, Spans.root("two").build());
    batch.clear();
    assertThat(storage.getTrace(one.key().trace()).orElseThrow().spans()).containsExactly(one);
    assertThat(storage.statistics().spans()).isEqualTo(1);
    List<Span> read = storage.getTrace(one.key().trace()).orElseThrow().spans();
    assertThatThrownBy(() -> read.add(one)).isInstanceOf(UnsupportedOperationException.class);
    assertThatThrownBy(() -> result.missing().add(one.key()))
        .isInstanceOf(UnsupportedOperationException.class);
    List<TraceSummary> listed =
        storage.listTraces(TraceQuery.builder(SpanKey.DEFAULT_TENANT).build()).items();
    assertThatThrownBy(listed::clear).isInstanceOf(UnsupportedOperationException.class);
  }

  /** The root is the first span without a parent by start and span id; two roots are no error. */
  @Test
  public final void getRootSpan_isTheFirstOfSeveral() {
    ObservabilityStorage storage = storage();
    Span late = Spans.span(SpanKey.of("t", "a")).startedAt(Spans.at(2)).build();
    Span first = Spans.span(SpanKey.of("t", "c")).startedAt(Spans.at(1)).build();
    Span second = Spans.span(SpanKey.of("t", "d")).startedAt(Spans.at(1)).build();
    Span child = Spans.span(SpanKey.of("t", "b")).parentSpanId("c").startedAt(Spans.at(0)).build();
    storage.batchCreateSpans(List.of(late, second, child, first));
    assertThat(storage.getRootSpan(TraceKey.of("t"))).contains(first);
    assertThat(storage.getTrace(TraceKey.of("t")).orElseThrow().spans())
        .containsExactly(child, first, second, late);
    assertThat(
            storage.listTraces(TraceQuery.builder(SpanKey.DEFAULT_TENANT).build()).items().stream()
                .map(TraceSummary::head))
        .containsExactly(first.toLight());
  }

  /** A trace of which no root was written can be read, and is listed by its first span. */
  @Test
  public final void traceWithoutRoot_isReadAndListed() {
    ObservabilityStorage storage = storage();
    Span orphan = Spans.root("t").parentSpanId("gone").build();
    storage.createSpan(orphan);
    assertThat(storage.getTrace(TraceKey.of("t")).orElseThrow().spans()).containsExactly(orphan);
    assertThat(storage.getRootSpan(TraceKey.of("t"))).isEmpty();
    List<TraceSummary> listed =
        storage.listTraces(TraceQuery.builder(SpanKey.DEFAULT_TENANT).build()).items();
    if (has(Capability.SPAN_FILTERS)) {
      assertThat(listed).containsExactly(new TraceSummary(orphan.toLight()));
      assertThat(listed.get(0).hasRoot()).isFalse();
    } else {
      assertThat(listed).isEmpty();
      refusedAsDeclared("traces without a stored root are not listed");
    }
  }

  /** A span that was read light lacks fields: it is refused, and does not hurt its batch. */
  @Test
  public final void lightSpan_isNeverWrittenBack() {
    ObservabilityStorage storage = storage();
    Span full = Spans.full(SpanKey.of("t", "s"));
    storage.createSpan(full);
    Span light = storage.getTraceLight(TraceKey.of("t")).orElseThrow().spans().get(0);
    assertThat(light.isLight()).isTrue();
    StorageException refusal = thrown(StorageException.class, () -> storage.createSpan(light));
    assertThat(refusal.kind()).isEqualTo(FailureKind.INVALID);
    assertThat(refusal.keys()).containsExactly(full.key());
    Span good = Spans.span(SpanKey.of("u", "s")).build();
    WriteResult result = storage.batchCreateSpans(List.of(light, good));
    assertThat(result.processed()).isEqualTo(1);
    assertThat(result.rejected())
        .extracting(WriteResult.Rejection::key)
        .containsExactly(full.key());
    assertThat(storage.getSpan(full.key())).contains(full);
    assertThat(storage.getSpan(good.key())).contains(good);
  }

  /** The counts of an operator are those of the spans, over all tenants. */
  @Test
  public final void statistics_countEverySpanOnce() {
    ObservabilityStorage storage = storage();
    Payload failed = Payload.builder().error(Json.of("x")).build();
    storage.batchCreateSpans(
        List.of(
            Spans.span(SpanKey.of("t", "1")).build(),
            Spans.span(SpanKey.of("t", "2")).endedAt(Spans.T0).build(),
            Spans.span(SpanKey.of("t", "2")).build(),
            Spans.span(SpanKey.of("T", "1")).payload(failed).build(),
            Spans.span(new SpanKey("other", "t", "1")).endedAt(Spans.T0).payload(failed).build(),
            Spans.span(new SpanKey("other", "u", "1"))
                .payload(Payload.builder().error(Json.NULL).build())
                .build()));
    assertThat(storage.statistics()).isEqualTo(new StorageStatistics(5, 4, 1, 3, 2));
    storage.dangerouslyClearAll();
    assertThat(storage.statistics()).isEqualTo(new StorageStatistics(0, 0, 0, 0, 0));
  }
}
