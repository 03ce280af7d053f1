package dev.tracekeep.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.conventions.Conventions;
import dev.tracekeep.span.Span;
import dev.tracekeep.storage.spi.SpanBatch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** A file is imported again, after a release that knows more dialects. */
class SecondMappingTest {
  private static final Set<String> KNOWN_BEFORE =
      Set.of("Vercel AI SDK", "OpenInference", "OpenTelemetry GenAI", "OpenTelemetry");

  private static final List<Span> BEFORE =
      read(
          Conventions.of(
              Conventions.standard().all().stream()
                  .filter(convention -> KNOWN_BEFORE.contains(convention.name()))
                  .toList()));

  private static final List<Span> AFTER = read(Conventions.standard());

  private static List<Span> read(Conventions conventions) {
    return Collected.of(
            OtlpReader.builder().conventions(conventions).build(), Resource.read("dialects.jsonl"))
        .spans;
  }

  @Test
  void betterMapping_saysMoreOfTheDialectsThatItKnows() {
    assertThat(BEFORE).hasSize(29);
    assertThat(BEFORE.stream().filter(span -> !AFTER.contains(span)).map(Span::name))
        .containsExactly(
            "traceloop-openai-flat",
            "traceloop-workflow",
            "traceloop-tool",
            "langfuse-generation",
            "claude_code.llm_request",
            "claude_code.tool",
            "claude_code.interaction",
            "mastra-agent-run",
            "mastra-workflow-step",
            "mastra-model-step",
            "pydantic-ai agent",
            "logfire-openai",
            "langsmith",
            "openlit-event",
            "codex session_task.turn",
            "crewai-agent",
            "google-adk");
  }

  /** The order of the two imports does not matter, nor how often each of them runs. */
  @Property(tries = 100)
  void betterMapping_winsWhereItSaysMore(@ForAll long seed) {
    List<Span> imported = new ArrayList<>(BEFORE);
    imported.addAll(AFTER);
    imported.addAll(BEFORE);
    Collections.shuffle(imported, new Random(seed));

    Function<Span, String> id = span -> span.key().spanId();
    assertThat(SpanBatch.of(imported).spans().stream().collect(Collectors.toMap(id, span -> span)))
        .isEqualTo(AFTER.stream().collect(Collectors.toMap(id, span -> span)));
  }
}
