package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.PruneReport;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.TraceQuery;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Nothing crosses tenants; a trace goes whole or stays whole. */
@CheckGroup("Tenants, deletion and retention")
abstract class TenantChecks extends FidelityChecks {
  /** The same ids in two tenants are two spans. */
  @Test
  public final void sameIdsInTwoTenants_areTwoSpans() {
    ObservabilityStorage storage = storage();
    List<Span> spans = sameIds();
    storage.batchCreateSpans(spans);
    assertThat(storage.statistics().spans()).isEqualTo(spans.size());
    assertThat(storage.statistics().tenants()).isEqualTo(spans.size());
    spans.forEach(span -> assertSame(storage.getSpan(span.key()), span));
  }

  private static List<Span> sameIds() {
    return List.of("default", "Default", "default ", "a/b", "%").stream()
        .map(tenant -> Spans.span(new SpanKey(tenant, "t", "s")).name("of " + tenant).build())
        .toList();
  }

  /** Read, list, update, delete and prune touch the tenant that they name, and no other. */
  @Test
  public final void noOperationCrossesTenants() {
    ObservabilityStorage storage = storage();
    List<Span> spans = sameIds();
    storage.batchCreateSpans(spans);
    Span mine = spans.get(0);
    List<Span> others = spans.subList(1, spans.size());
    for (Span span : spans) {
      TraceQuery query = TraceQuery.builder(span.key().tenantId()).build();
      assertThat(storage.listTraces(query).items())
          .extracting(summary -> summary.head())
          .containsExactly(span.toLight());
      assertThat(storage.getTrace(span.key().trace()).orElseThrow().spans()).containsExactly(span);
      assertThat(storage.getRootSpan(span.key().trace())).contains(span);
    }
    assertThat(storage.listTraces(TraceQuery.builder("nobody").build()).items()).isEmpty();
    storage.updateSpan(
        SpanUpdate.builder(mine.key(), Spans.at(1)).error(Json.of("mine alone")).build());
    others.forEach(span -> assertThat(storage.getSpan(span.key())).contains(span));
    for (Span span : others) {
      TraceQuery query = TraceQuery.builder(span.key().tenantId()).hasChildError(true).build();
      assertThat(storage.listTraces(query).items()).as("child error of another tenant").isEmpty();
    }
    storage.pruneTraces(PruneRequest.before(mine.key().tenantId(), Spans.at(1000)));
    assertThat(storage.getSpan(mine.key())).isEmpty();
    others.forEach(span -> assertThat(storage.getSpan(span.key())).contains(span));
    assertThat(storage.batchDeleteTraces(List.of(others.get(0).key().trace()))).isEqualTo(1);
    others
        .subList(1, others.size())
        .forEach(span -> assertThat(storage.getSpan(span.key())).contains(span));
    assertThatThrownBy(() -> TraceQuery.builder("")).isInstanceOf(IllegalArgumentException.class);
  }

  /** Deletion takes whole traces, knows which were there, and leaves the neighbours. */
  @Test
  public final void deleteTraces_isExactAndIdempotent() throws Exception {
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (String trace : List.of("a", "A", "a ", "ab", "b", "%")) {
      for (int i = 0; i < 3; i++) {
        all.add(Spans.span(SpanKey.of(trace, "s" + i)).parentSpanId(i == 0 ? null : "s0").build());
      }
    }
    storage.batchCreateSpans(all);
    List<TraceKey> keys =
        List.of(TraceKey.of("a"), TraceKey.of("a"), TraceKey.of("gone"), TraceKey.of("%"));
    assertThat(storage.batchDeleteTraces(keys)).isEqualTo(2);
    assertThat(storage.batchDeleteTraces(keys)).isZero();
    for (Span span : all) {
      boolean deleted = Set.of("a", "%").contains(span.key().traceId());
      assertThat(storage.getSpan(span.key()).isPresent()).as("%s", span.key()).isEqualTo(!deleted);
    }
    assertThat(storage.statistics().spans()).isEqualTo(12);
    assertThat(storage.statistics().traces()).isEqualTo(4);
  }

  /** Clearing empties the own table, every tenant of it, and leaves the archive. */
  @Test
  public final void clearAll_touchesOnlyItsOwnTable() throws Exception {
    LegacyTable legacy = LegacyTable.create(raw());
    ObservabilityStorage storage = storage();
    ObservabilityStorage other = open(Map.of("table", "kit_other"));
    other.init();
    Span span = Spans.root("t").build();
    other.createSpan(span);
    storage.createSpan(Spans.span(new SpanKey("another", "t", "s")).build());
    storage.dangerouslyClearAll();
    assertThat(storage.statistics().spans()).isZero();
    assertThat(other.getSpan(span.key())).contains(span);
    closeStorage();
    assertThat(raw().archivedRows()).hasSize((int) legacy.surplus());
  }

  /** A late write of a deleted span stays away, or stores it anew, as it is declared. */
  @Test
  public final void writeAfterDelete_followsDeclaredPolicy() {
    ObservabilityStorage storage = storage();
    Span span = Spans.root("t").endedAt(Spans.at(1)).build();
    storage.createSpan(span);
    storage.batchDeleteTraces(List.of(span.key().trace()));
    storage.createSpan(span.toBuilder().endedAt(null).build());
    assertThat(storage.updateSpan(SpanUpdate.builder(span.key(), Spans.at(9)).name("x").build()))
        .isNotNull();
    if (has(Capability.DELETION_IS_REMEMBERED)) {
      assertThat(storage.getSpan(span.key())).isEmpty();
      assertThat(storage.statistics().spans()).isZero();
    } else {
      assertThat(storage.getSpan(span.key()).orElseThrow().name()).isEqualTo("x");
      refusedAsDeclared("deletion is not remembered: a late write stores the span anew");
    }
  }

  /** Traces go whole, by their last activity, oldest first, up to the limit, once. */
  @Test
  public final void retention_cutsWholeTracesAtFixedClock() {
    ObservabilityStorage storage = storage();
    Instant cut = Spans.at(100);
    trace(storage, "old", Spans.at(10), Spans.at(20));
    trace(storage, "older", Spans.at(1), Spans.at(2));
    trace(storage, "at-the-cut", Spans.at(10), cut);
    trace(storage, "just-before", Spans.at(10), cut.minusNanos(1));
    trace(storage, "straddling", Spans.at(10), Spans.at(200));
    storage.createSpan(
        Spans.span(SpanKey.of("running-child", "root"))
            .startedAt(Spans.at(1))
            .endedAt(Spans.at(2))
            .build());
    storage.createSpan(
        Spans.span(SpanKey.of("running-child", "c"))
            .parentSpanId("root")
            .startedAt(Spans.at(300))
            .build());
    storage.createSpan(Spans.span(SpanKey.of("running", "root")).startedAt(Spans.at(3)).build());
    storage.createSpan(
        Spans.span(SpanKey.of("orphan", "c"))
            .parentSpanId("never")
            .startedAt(Spans.at(4))
            .endedAt(Spans.at(5))
            .build());

    assertThat(storage.pruneTraces(new PruneRequest("default", cut, 2)))
        .isEqualTo(new PruneReport(2, 4, false));
    assertThat(storage.getTrace(TraceKey.of("older"))).isEmpty();
    assertThat(storage.getTrace(TraceKey.of("running"))).isEmpty();
    assertThat(storage.getTrace(TraceKey.of("orphan"))).isPresent();

    assertThat(storage.pruneTraces(PruneRequest.before("default", cut)))
        .isEqualTo(new PruneReport(3, 7, true));
    assertThat(storage.pruneTraces(PruneRequest.before("default", cut)))
        .isEqualTo(new PruneReport(0, 0, true));
    for (String kept : List.of("at-the-cut", "straddling", "running-child")) {
      assertThat(storage.getTrace(TraceKey.of(kept))).as(kept).isPresent();
    }
    assertThat(storage.statistics().traces()).isEqualTo(3);
    assertThat(storage.statistics().spans()).isEqualTo(8);
  }

  /** A root and two children, of which the last one ends last. */
  private static void trace(
      ObservabilityStorage storage, String traceId, Instant start, Instant lastEnd) {
    for (int i = 0; i < 3; i++) {
      storage.createSpan(
          Spans.span(SpanKey.of(traceId, "s" + i))
              .parentSpanId(i == 0 ? null : "s0")
              .startedAt(start)
              .endedAt(i == 2 ? lastEnd : start)
              .build());
    }
  }
}
