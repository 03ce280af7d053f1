package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import org.junit.jupiter.api.Test;

/** The adapter against the oracle. */
@CheckGroup("Against the oracle")
abstract class ModelChecks extends ConcurrencyChecks {
  /** Batches of versions of spans, written by some threads at once. */
  private record Workload(List<List<Span>> batches, int threads) {
    List<Span> spans() {
      return batches.stream().flatMap(List::stream).toList();
    }

    String description() {
      return threads
          + " threads\n"
          + batches.stream().map(Described::spans).collect(Collectors.joining("\n  --\n"));
    }
  }

  /**
   * The property at the heart: any versions, split into any batches, in any order, with any
   * repeats, from 1 to 8 threads, end in the rows of the oracle.
   */
  @Test
  public final void anyBatchesInAnyOrderFromAnyThreads_endInTheSameRows() {
    ObservabilityStorage storage = storage();
    Arbitrary<Workload> workloads =
        SpanArbitraries.spans(
                Arbitraries.of(
                    SpanKey.of("t", "s"),
                    SpanKey.of("t", "S"),
                    SpanKey.of("t", "s "),
                    SpanKey.of("T", "s"),
                    new SpanKey("Default", "t", "s")))
            .list()
            .ofMinSize(1)
            .ofMaxSize(8)
            .flatMap(
                versions ->
                    Combinators.combine(
                            Arbitraries.of(versions)
                                .list()
                                .ofMinSize(1)
                                .ofMaxSize(5)
                                .list()
                                .ofMinSize(1)
                                .ofMaxSize(8),
                            Arbitraries.integers().between(1, 8))
                        .as(Workload::new));
    PropertyCheck.check(
        20,
        workloads,
        Workload::description,
        workload -> {
          storage.dangerouslyClearAll();
          ReferenceStorage oracle = oracle();
          oracle.batchCreateSpans(workload.spans());
          atOnce(
              workload.threads(),
              thread -> {
                for (int i = thread; i < workload.batches().size(); i += workload.threads()) {
                  List<Span> batch = workload.batches().get(i);
                  patiently(() -> storage.batchCreateSpans(batch));
                }
                return thread;
              });
          assertReadsTheSame(storage, oracle, keys(workload.spans()));
        });
  }

  /**
   * Random sequences of creates, updates, replays, deletes, prunes and queries, in several tenants:
   * every result and everything that can be read is what the oracle says.
   */
  @Test
  public final void randomOperations_readLikeTheOracle() {
    ObservabilityStorage storage = storage();
    PropertyCheck.check(
        25,
        Operations.sequences(),
        operations ->
            operations.stream().map(Operation::toString).collect(Collectors.joining("\n")),
        operations -> {
          storage.dangerouslyClearAll();
          ReferenceStorage oracle = oracle();
          Set<SpanKey> keys = new TreeSet<>();
          for (Operation operation : operations) {
            if (operation instanceof Operation.Create create) {
              keys.addAll(keys(create.spans()));
            }
            assertThat(operation.on(storage)).as("%s", operation).isEqualTo(operation.on(oracle));
          }
          assertReadsTheSame(storage, oracle, keys);
        });
  }

  private ReferenceStorage oracle() {
    Set<Capability> capabilities = new TreeSet<>(capabilities());
    Set<Capability> readable = new TreeSet<>(ReferenceStorage.READS);
    readable.addAll(Set.of(Capability.EXACT_WRITE_COUNTS, Capability.DELETION_IS_REMEMBERED));
    capabilities.retainAll(readable);
    ReferenceStorage oracle =
        new ReferenceStorage(
            new ReferenceDatabase(StorageConfig.DEFAULT_TABLE, true),
            StorageConfig.of("reference:"),
            capabilities);
    oracle.init();
    return oracle;
  }

  private static Set<SpanKey> keys(List<Span> spans) {
    return spans.stream().map(Span::key).collect(Collectors.toCollection(TreeSet::new));
  }

  private static void assertReadsTheSame(
      ObservabilityStorage storage, ObservabilityStorage oracle, Set<SpanKey> keys) {
    assertThat(storage.statistics()).isEqualTo(oracle.statistics());
    for (SpanKey key : keys) {
      oracle
          .getSpan(key)
          .ifPresentOrElse(
              expected -> assertSame(storage.getSpan(key), expected),
              () -> assertThat(storage.getSpan(key)).as("%s", key).isEmpty());
    }
    Set<TraceKey> traces = keys.stream().map(SpanKey::trace).collect(Collectors.toSet());
    for (TraceKey trace : traces) {
      assertThat(storage.getTrace(trace)).as("%s", trace).isEqualTo(oracle.getTrace(trace));
      assertThat(storage.getTraceLight(trace)).isEqualTo(oracle.getTraceLight(trace));
      assertThat(storage.getRootSpan(trace)).isEqualTo(oracle.getRootSpan(trace));
    }
    Set<String> tenants = keys.stream().map(SpanKey::tenantId).collect(Collectors.toSet());
    for (String tenant : tenants) {
      for (TraceOrder order : TraceOrder.values()) {
        TraceQuery query = TraceQuery.builder(tenant).order(order).limit(100).build();
        assertThat(new ArrayList<>(storage.listTraces(query).items()))
            .as("%s of %s", order, tenant)
            .isEqualTo(oracle.listTraces(query).items());
      }
    }
  }
}
