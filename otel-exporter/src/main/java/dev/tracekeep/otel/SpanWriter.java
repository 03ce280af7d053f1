package dev.tracekeep.otel;

import dev.tracekeep.conventions.Conventions;
import dev.tracekeep.ingest.SpanPipeline;
import dev.tracekeep.span.Span;
import dev.tracekeep.storage.ObservabilityStorage;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** What exporter and processor share: the pipeline, and the way of a span into it. Thread-safe. */
final class SpanWriter {
  /** The SDK itself waits for ten seconds when a program ends. */
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(9);

  private static final Duration FLUSH_LIMIT = Duration.ofSeconds(30);

  private final SpanPipeline pipeline;
  private final SdkSpanMapper mapper;
  private final @Nullable ObservabilityStorage owned;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param owned closed behind the pipeline; null if pipeline and store belong to the caller
   */
  SpanWriter(
      SpanPipeline pipeline,
      @Nullable ObservabilityStorage owned,
      String tenant,
      Conventions conventions) {
    this.pipeline = pipeline;
    this.owned = owned;
    this.mapper = new SdkSpanMapper(tenant, conventions);
  }

  /** Through a pipeline that belongs to the caller. */
  static SpanWriter through(SpanPipeline pipeline, String tenant, Conventions conventions) {
    return new SpanWriter(
        Objects.requireNonNull(pipeline, "pipeline"),
        null,
        Objects.requireNonNull(tenant, "tenant"),
        Objects.requireNonNull(conventions, "conventions"));
  }

  SpanPipeline pipeline() {
    return pipeline;
  }

  /** Succeeds when all spans are in the store, or in the dead-letter log. */
  CompletableResultCode write(Collection<SpanData> spans) {
    List<Span> mapped = new ArrayList<>(spans.size());
    for (SpanData data : spans) {
      Span span = mapper.map(data);
      if (span != null) {
        mapped.add(span);
      }
    }
    boolean complete = mapped.size() == spans.size();
    CompletableResultCode result = new CompletableResultCode();
    pipeline
        .accept(mapped)
        .whenComplete(
            (receipt, failure) -> {
              if (failure == null && receipt.isSafe() && complete) {
                result.succeed();
              } else {
                result.fail();
              }
            });
    return result;
  }

  void started(SpanData data) {
    Span span = mapper.map(data);
    if (span != null) {
      pipeline.spanStarted(span);
    }
  }

  void ended(SpanData data) {
    Span span = mapper.map(data);
    if (span != null) {
      pipeline.spanEnded(span);
    }
  }

  CompletableResultCode flush() {
    return Waiting.inBackground("tracekeep-flush", () -> pipeline.flush(FLUSH_LIMIT).isComplete());
  }

  /** Closes what is owned; only flushes what belongs to the caller. */
  CompletableResultCode close() {
    if (owned == null) {
      return flush();
    }
    if (!closed.compareAndSet(false, true)) {
      return CompletableResultCode.ofSuccess();
    }
    ObservabilityStorage storage = owned;
    return Waiting.inBackground(
        "tracekeep-close",
        () -> {
          try (storage) {
            return pipeline.close(CLOSE_LIMIT).isComplete();
          }
        });
  }
}
