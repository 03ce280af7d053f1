package dev.tracekeep.conventions;

import dev.tracekeep.span.Json;
import java.util.ArrayList;
import java.util.List;

/** Pydantic AI and Logfire: {@code gen_ai.*} with names of their own beside it. */
final class PydanticAi {
  static final Convention CONVENTION =
      Convention.named(
              "Pydantic AI and Logfire",
              "pydantic-ai 0.4 to 2.x (instrumentation 1 to 5), logfire 4.x",
              "https://ai.pydantic.dev/logfire/")
          .recognizedBy(
              "pydantic_ai.*",
              "logfire.*",
              "all_messages_events",
              "model_request_parameters",
              "gen_ai.aggregated_usage.*")
          .take(
              Meaning.INPUT,
              "pydantic_ai.all_messages",
              "all_messages_events",
              "tool_arguments",
              "request_data")
          .take(Meaning.OUTPUT, "final_result", "tool_response", "response_data")
          .also("input, output", "the messages and the choices in `events`", PydanticAi::readEvents)
          .take(Meaning.AGENT_NAME, "agent_name")
          .take(Meaning.MODEL, "model_name")
          .take(Meaning.INPUT_TOKENS, "gen_ai.aggregated_usage.input_tokens")
          .take(
              Meaning.CACHED_INPUT_TOKENS,
              "gen_ai.usage.details.cache_read_tokens",
              "gen_ai.aggregated_usage.details.cache_read_tokens",
              "gen_ai.usage.details.cached_tokens")
          .take(
              Meaning.CACHE_WRITE_INPUT_TOKENS,
              "gen_ai.usage.details.cache_write_tokens",
              "gen_ai.aggregated_usage.details.cache_write_tokens")
          .take(Meaning.OUTPUT_TOKENS, "gen_ai.aggregated_usage.output_tokens")
          .take(
              Meaning.REASONING_OUTPUT_TOKENS,
              "gen_ai.usage.details.reasoning_tokens",
              "gen_ai.aggregated_usage.details.reasoning_tokens")
          .take(Meaning.COST, "operation.cost")
          .tags("logfire.tags")
          .build();

  private PydanticAi() {}

  /** The first instrumentation listed the messages and the answer in one attribute. */
  private static void readEvents(TelemetrySpan span, SpanDescription description) {
    String events = span.attributes().text("events");
    if (events == null) {
      return;
    }
    List<Json> messages = new ArrayList<>();
    List<Json> choices = new ArrayList<>();
    for (Json event : Values.structured(events).elements()) {
      Json name = event.get("event.name");
      (name != null && name.asText().equals("gen_ai.choice") ? choices : messages).add(event);
    }
    description.say(Meaning.INPUT, messages.isEmpty() ? null : Json.array(messages));
    description.say(Meaning.OUTPUT, choices.isEmpty() ? null : Json.array(choices));
  }
}
