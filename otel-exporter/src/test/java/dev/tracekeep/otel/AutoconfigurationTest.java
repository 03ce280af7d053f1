package dev.tracekeep.otel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The exporter as programs get it: by properties, on the SDK of the application. */
class AutoconfigurationTest {
  @TempDir Path folder;

  private String url() {
    return "jdbc:duckdb:" + folder.resolve("spans.duckdb");
  }

  private static OpenTelemetrySdk sdk(Map<String, String> more) {
    Map<String, String> properties = new HashMap<>();
    properties.put("otel.traces.exporter", "tracekeep");
    properties.put("otel.metrics.exporter", "none");
    properties.put("otel.logs.exporter", "none");
    properties.put("otel.service.name", "shop");
    properties.putAll(more);
    return AutoConfiguredOpenTelemetrySdk.builder()
        .addPropertiesSupplier(() -> properties)
        .disableShutdownHook()
        .build()
        .getOpenTelemetrySdk();
  }

  private Optional<Span> stored(io.opentelemetry.api.trace.Span span, String tenant) {
    try (ObservabilityStorage storage = Storages.open(url())) {
      storage.init();
      return storage.getSpan(
          new SpanKey(
              tenant, span.getSpanContext().getTraceId(), span.getSpanContext().getSpanId()));
    }
  }

  @Test
  void sdk_isTheOneThatTheBuildNames() {
    assertThat(OpenTelemetrySdk.class.getProtectionDomain().getCodeSource().getLocation().getPath())
        .endsWith("opentelemetry-sdk-" + System.getProperty("tracekeep.sdk") + ".jar");
  }

  @Test
  void endedSpan_isStored() {
    OpenTelemetrySdk sdk =
        sdk(Map.of("otel.exporter.tracekeep.url", url(), "otel.exporter.tracekeep.tenant", "acme"));
    Tracer tracer = sdk.getTracer("lib", "1.0");
    io.opentelemetry.api.trace.Span span =
        tracer.spanBuilder("chat").setAttribute("gen_ai.operation.name", "chat").startSpan();
    span.end();
    sdk.close();

    Span stored = stored(span, "acme").orElseThrow();
    assertThat(stored.name()).isEqualTo("chat");
    assertThat(stored.type().name()).isEqualTo("model_generation");
    assertThat(stored.origin().serviceName()).isEqualTo("shop");
    assertThat(stored.times().endedAt()).isNotNull();
  }

  @Test
  void runningSpan_isThereWhenTheProgramDies() {
    OpenTelemetrySdk sdk =
        sdk(
            Map.of(
                "otel.exporter.tracekeep.url",
                url(),
                "otel.exporter.tracekeep.strategy",
                "event-sourced",
                "otel.exporter.tracekeep.running.spans",
                "true"));
    io.opentelemetry.api.trace.Span span = sdk.getTracer("lib").spanBuilder("work").startSpan();
    sdk.close();

    assertThat(stored(span, "default").orElseThrow().times().endedAt()).isNull();
  }

  @Test
  void startsAndEnds_areOneSpan() {
    OpenTelemetrySdk sdk =
        sdk(
            Map.of(
                "otel.exporter.tracekeep.url",
                url(),
                "otel.exporter.tracekeep.strategy",
                "event-sourced",
                "otel.exporter.tracekeep.running.spans",
                "true"));
    io.opentelemetry.api.trace.Span span = sdk.getTracer("lib").spanBuilder("work").startSpan();
    assertThat(sdk.getSdkTracerProvider().forceFlush().join(1, TimeUnit.MINUTES).isSuccess())
        .isTrue();
    span.end();
    sdk.close();

    assertThat(stored(span, "default").orElseThrow().times().endedAt()).isNotNull();
    try (ObservabilityStorage storage = Storages.open(url())) {
      storage.init();
      assertThat(storage.statistics().spans()).isEqualTo(1);
    }
  }

  @Test
  void missingUrl_isNamed() {
    assertThatThrownBy(() -> sdk(Map.of()))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "otel.exporter.tracekeep.url is not set: the address of the store, such as"
                + " jdbc:duckdb:FILE");
  }

  @Test
  void unknownProperty_isNamed() {
    assertThatThrownBy(
            () ->
                sdk(
                    Map.of(
                        "otel.exporter.tracekeep.url",
                        url(),
                        "otel.exporter.tracekeep.properties",
                        "pool-sice=2")))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("pool-sice");
  }

  /** A database that is away at the start keeps no program from starting. */
  @Test
  void storeThatIsAway_leavesSpansInTheDeadLetterLog() throws Exception {
    Path notThere = folder.resolve("missing").resolve("spans.duckdb");
    Path letters = folder.resolve("letters");
    OpenTelemetrySdk sdk =
        sdk(
            Map.of(
                "otel.exporter.tracekeep.url",
                "jdbc:duckdb:" + notThere,
                "otel.exporter.tracekeep.dead.letters",
                letters.toString()));
    sdk.getTracer("lib").spanBuilder("work").startSpan().end();
    sdk.close();

    try (dev.tracekeep.ingest.DeadLetterLog log =
        dev.tracekeep.ingest.DeadLetterLog.openForReading(letters)) {
      assertThat(log.segments()).hasSize(1);
      assertThat(log.read(log.segments().get(0)).letters()).hasSize(1);
    }
  }
}
