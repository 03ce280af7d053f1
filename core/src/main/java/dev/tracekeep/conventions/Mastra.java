package dev.tracekeep.conventions;

import dev.tracekeep.span.SpanType;
import java.util.Map;

/**
 * The OpenTelemetry exporter of Mastra, whose types of spans are ours: {@code mastra.span.type},
 * and what goes in and out under the name of the type. Models, agents and tools are in {@code
 * gen_ai.*}.
 */
final class Mastra {
  private static final String TYPE = "mastra.span.type";

  /** What its first releases called the types of today. */
  private static final Map<String, String> OLD_TYPES =
      Map.of("llm_generation", "model_generation", "llm_chunk", "model_chunk");

  static final Convention CONVENTION =
      Convention.named(
              "Mastra",
              "@mastra/otel-exporter 0.3 to 1.x",
              "https://github.com/mastra-ai/mastra/tree/main/observability/otel-exporter")
          .recognizedBy(TYPE)
          .also(
              "type, input, output",
              "`mastra.span.type` as it is; `mastra.TYPE.input`, `mastra.TYPE.output`",
              Mastra::readType)
          .take(Meaning.INPUT, "gen_ai.tool.input")
          .take(Meaning.OUTPUT, "gen_ai.tool.output")
          .tags("mastra.tags")
          .metadata("mastra.metadata.")
          .build();

  private Mastra() {}

  private static void readType(TelemetrySpan span, SpanDescription description) {
    String type = span.attributes().text(TYPE);
    if (type == null || type.isEmpty()) {
      return;
    }
    description.sayType(SpanType.of(OLD_TYPES.getOrDefault(type, type)));
    readContent("mastra." + type + ".input", Meaning.INPUT, span, description);
    readContent("mastra." + type + ".output", Meaning.OUTPUT, span, description);
  }

  private static void readContent(
      String attribute, Meaning meaning, TelemetrySpan span, SpanDescription description) {
    Object value = span.attributes().get(attribute);
    if (value != null) {
      description.say(meaning, Values.structured(value));
    }
  }
}
