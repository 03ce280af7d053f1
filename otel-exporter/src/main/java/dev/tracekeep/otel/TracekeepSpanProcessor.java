package dev.tracekeep.otel;

import dev.tracekeep.conventions.Conventions;
import dev.tracekeep.ingest.SpanPipeline;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;

/**
 * Writes spans when they start and when they end, so that what runs can be seen, and a crash leaves
 * a running span behind. It takes the place of a batch processor and an exporter: the pipeline
 * batches by itself. What its strategy sends at a start is up to the {@link SpanPipeline}.
 *
 * <p>Thread-safe. Spans that are not sampled are left out.
 */
public final class TracekeepSpanProcessor implements SpanProcessor {
  private final SpanWriter writer;
  private final boolean writesEnds;

  /**
   * @param writesEnds false if an exporter writes them
   */
  TracekeepSpanProcessor(SpanWriter writer, boolean writesEnds) {
    this.writer = writer;
    this.writesEnds = writesEnds;
  }

  /**
   * A processor for the default tenant, with the standard conventions.
   *
   * @param pipeline which the caller closes, after the SDK
   */
  public static TracekeepSpanProcessor create(SpanPipeline pipeline) {
    return create(pipeline, "default", Conventions.standard());
  }

  /**
   * A processor.
   *
   * @param pipeline which the caller closes, after the SDK
   * @param tenant whose spans they are
   * @param conventions what their attributes mean
   */
  public static TracekeepSpanProcessor create(
      SpanPipeline pipeline, String tenant, Conventions conventions) {
    return new TracekeepSpanProcessor(SpanWriter.through(pipeline, tenant, conventions), true);
  }

  @Override
  public void onStart(Context parentContext, ReadWriteSpan span) {
    if (span.getSpanContext().isSampled()) {
      writer.started(span.toSpanData());
    }
  }

  @Override
  public boolean isStartRequired() {
    return true;
  }

  @Override
  public void onEnd(ReadableSpan span) {
    if (writesEnds && span.getSpanContext().isSampled()) {
      writer.ended(span.toSpanData());
    }
  }

  @Override
  public boolean isEndRequired() {
    return writesEnds;
  }

  @Override
  public CompletableResultCode forceFlush() {
    return writer.flush();
  }

  /** Closes the pipeline and the store that were made of properties; flushes others. */
  @Override
  public CompletableResultCode shutdown() {
    return writesEnds ? writer.close() : writer.flush();
  }

  @Override
  public String toString() {
    return "TracekeepSpanProcessor";
  }
}
