package dev.tracekeep.otlp;

import java.util.Set;

/** Names JSON that is no OTLP by the members of its objects, and says what to do instead. */
final class ForeignJson {
  private static final String NOT_OTLP =
      "is JSON but no OTLP: an ExportTraceServiceRequest has the field resourceSpans";

  private ForeignJson() {}

  /** What the object is, in words that follow the input's name. */
  static String describe(Set<String> names) {
    if (names.contains("traceID") && (names.contains("spans") || names.contains("spanID"))) {
      return "is Jaeger's JSON, not OTLP: export OTLP from Jaeger's /api/v3/traces/TRACE-ID instead";
    }
    if (names.contains("SpanContext")) {
      return "is the output of Go's stdouttrace exporter, not OTLP: use the exporter otlptracehttp,"
          + " and the file exporter of an OpenTelemetry Collector";
    }
    if (names.contains("run_type")) {
      return "is a run of LangSmith, not OTLP: send the runs through OpenTelemetry instead"
          + " (LANGSMITH_OTEL_ENABLED=true)";
    }
    if (names.contains("context") && names.contains("parent_id")) {
      return "is the console output of an OpenTelemetry SDK, not OTLP: use its OTLP exporter, and"
          + " the file exporter of an OpenTelemetry Collector";
    }
    if (names.contains("id")
        && (names.contains("traceId") || names.contains("trace_id"))
        && (names.contains("localEndpoint")
            || names.contains("annotations")
            || names.contains("binaryAnnotations")
            || names.contains("timestamp"))) {
      return "is Zipkin's JSON, not OTLP: send it through the zipkin receiver of an OpenTelemetry"
          + " Collector, and import what its file exporter writes";
    }
    if (names.contains("trace_id") && names.contains("span_id") && names.contains("meta")) {
      return "is a trace of Datadog's agent, not OTLP: send it through the datadog receiver of an"
          + " OpenTelemetry Collector, and import what its file exporter writes";
    }
    if (names.contains("traceId") && names.contains("spanId")
        || names.contains("trace_id") && names.contains("span_id")) {
      return names.contains("tenantId")
          ? "is what 'tracekeep trace --json' prints, not OTLP: import the file that the spans came"
              + " from"
          : "is a span by itself: OTLP has it within resourceSpans and scopeSpans, which say who"
              + " wrote it";
    }
    return NOT_OTLP;
  }

  /** The same for what is no object at all. */
  static String describeOther() {
    return NOT_OTLP;
  }
}
