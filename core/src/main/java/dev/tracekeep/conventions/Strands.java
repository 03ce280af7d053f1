package dev.tracekeep.conventions;

import dev.tracekeep.span.SpanType;
import java.util.Map;

/**
 * Strands Agents: {@code gen_ai.*} with operations of its own. Its messages are in events, see
 * {@link MessageEvents}.
 */
final class Strands {
  static final Convention CONVENTION =
      Convention.named(
              "Strands Agents",
              "strands-agents 1.x",
              "https://github.com/strands-agents/sdk-python/blob/main/src/strands/telemetry/tracer.py")
          .recognizedBy("gen_ai.event.start_time", "event_loop.*", "gen_ai.operation.name")
          .type(
              "gen_ai.operation.name",
              Map.of("invoke_swarm", SpanType.WORKFLOW_RUN, "invoke_graph", SpanType.WORKFLOW_RUN))
          .typeWith("event_loop.cycle_id", SpanType.WORKFLOW_STEP)
          .build();

  private Strands() {}
}
