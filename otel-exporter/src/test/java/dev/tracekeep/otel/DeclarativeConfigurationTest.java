package dev.tracekeep.otel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.extension.incubator.fileconfig.DeclarativeConfiguration;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Not run on the newest SDK: its part for declarative configuration is not published with it. */
class DeclarativeConfigurationTest {
  @TempDir Path folder;

  private static OpenTelemetrySdk sdk(String processors) {
    String yaml =
        """
        file_format: "1.0-rc.1"
        tracer_provider:
          processors:
        """
            + processors.indent(4);
    return DeclarativeConfiguration.parseAndCreate(
        new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "- simple:\n    exporter:\n      tracekeep:\n        url: URL\n        properties:\n          pool-size: 1",
        "- tracekeep:\n    url: URL\n    tenant: default",
      })
  void endedSpan_isStored(String processors) {
    String url = "jdbc:duckdb:" + folder.resolve("spans.duckdb");
    OpenTelemetrySdk sdk = sdk(processors.replace("URL", url));
    io.opentelemetry.api.trace.Span span = sdk.getTracer("lib").spanBuilder("work").startSpan();
    span.end();
    sdk.close();

    SpanContext context = span.getSpanContext();
    try (ObservabilityStorage storage = Storages.open(url)) {
      storage.init();
      assertThat(
              storage
                  .getSpan(SpanKey.of(context.getTraceId(), context.getSpanId()))
                  .orElseThrow()
                  .times()
                  .endedAt())
          .isNotNull();
    }
  }

  @Test
  void missingUrl_isNamed() {
    assertThatThrownBy(() -> sdk("- tracekeep:\n    table: spans"))
        .hasStackTraceContaining(
            "The setting url of tracekeep is not set: the address of the store, such as"
                + " jdbc:duckdb:FILE");
  }
}
