package dev.tracekeep.ingest;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.storage.WriteResult;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The methods of a store that a pipeline calls. */
final class FakeStore {
  final List<String> calls = new CopyOnWriteArrayList<>();
  volatile Function<List<Span>, WriteResult> onCreate = spans -> written(spans.size());
  volatile Function<List<SpanUpdate>, WriteResult> onUpdate = updates -> written(updates.size());
  volatile Runnable onInit =
      () -> {
        throw new AssertionError("the store is initialized");
      };
  TracingStrategySupport strategies =
      TracingStrategySupport.allPreferring(TracingStrategy.EVENT_SOURCED);

  static WriteResult written(int spans) {
    return new WriteResult(spans, 0, new WriteResult.Counts(spans, 0, 0), List.of(), List.of());
  }

  ObservabilityStorage storage() {
    return (ObservabilityStorage)
        Proxy.newProxyInstance(
            FakeStore.class.getClassLoader(),
            new Class<?>[] {ObservabilityStorage.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "tracingStrategy" -> strategies;
                  case "init" -> init();
                  case "batchCreateSpans" -> create(Spans.cast(arguments[0], Span.class));
                  case "batchUpdateSpans" -> update(Spans.cast(arguments[0], SpanUpdate.class));
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  private @Nullable Object init() {
    calls.add("init");
    onInit.run();
    return null;
  }

  private WriteResult create(List<Span> spans) {
    calls.add("create " + spans.stream().map(span -> span.key().spanId()).toList());
    return onCreate.apply(spans);
  }

  private WriteResult update(List<SpanUpdate> updates) {
    calls.add("update " + updates.stream().map(update -> update.key().spanId()).toList());
    return onUpdate.apply(updates);
  }
}
