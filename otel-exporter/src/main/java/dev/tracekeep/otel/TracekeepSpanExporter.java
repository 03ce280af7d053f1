package dev.tracekeep.otel;

import dev.tracekeep.conventions.Conventions;
import dev.tracekeep.ingest.SpanPipeline;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;

/**
 * Writes spans that have ended through a {@link SpanPipeline}. An export succeeds when all of its
 * spans are in the store or in the dead-letter log; unlike most exporters it loses none while the
 * database is away. A span that no store can keep is refused with a line in the log, and costs
 * nobody else anything.
 *
 * <p>Thread-safe. By {@code otel.traces.exporter=tracekeep} it is made of properties.
 */
public final class TracekeepSpanExporter implements SpanExporter {
  private final SpanWriter writer;

  TracekeepSpanExporter(SpanWriter writer) {
    this.writer = writer;
  }

  /**
   * An exporter for the default tenant, with the standard conventions.
   *
   * @param pipeline which the caller closes, after the SDK
   */
  public static TracekeepSpanExporter create(SpanPipeline pipeline) {
    return create(pipeline, "default", Conventions.standard());
  }

  /**
   * An exporter.
   *
   * @param pipeline which the caller closes, after the SDK
   * @param tenant whose spans they are
   * @param conventions what their attributes mean
   */
  public static TracekeepSpanExporter create(
      SpanPipeline pipeline, String tenant, Conventions conventions) {
    return new TracekeepSpanExporter(SpanWriter.through(pipeline, tenant, conventions));
  }

  /** What the spans go through; for its statistics. */
  public SpanPipeline pipeline() {
    return writer.pipeline();
  }

  SpanWriter writer() {
    return writer;
  }

  @Override
  public CompletableResultCode export(Collection<SpanData> spans) {
    return writer.write(spans);
  }

  @Override
  public CompletableResultCode flush() {
    return writer.flush();
  }

  /** Closes the pipeline and the store that were made of properties; flushes others. */
  @Override
  public CompletableResultCode shutdown() {
    return writer.close();
  }

  @Override
  public String toString() {
    return "TracekeepSpanExporter";
  }
}
