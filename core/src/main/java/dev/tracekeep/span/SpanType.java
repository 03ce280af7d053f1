package dev.tracekeep.span;

import java.util.Objects;

/**
 * What kind of work a span is. The constants are the agent span types known today; the set grows
 * with every release of every framework, so any other name is as good, and no database constrains
 * it.
 *
 * @param name the type's name; cleaned, never empty
 */
public record SpanType(String name) {
  /** {@code agent_run}. */
  public static final SpanType AGENT_RUN = new SpanType("agent_run");

  /** {@code scorer_run}. */
  public static final SpanType SCORER_RUN = new SpanType("scorer_run");

  /** {@code classifier_evaluation}. */
  public static final SpanType CLASSIFIER_EVALUATION = new SpanType("classifier_evaluation");

  /** {@code scorer_step}. */
  public static final SpanType SCORER_STEP = new SpanType("scorer_step");

  /** {@code generic}. */
  public static final SpanType GENERIC = new SpanType("generic");

  /** {@code model_generation}. */
  public static final SpanType MODEL_GENERATION = new SpanType("model_generation");

  /** {@code model_step}. */
  public static final SpanType MODEL_STEP = new SpanType("model_step");

  /** {@code model_inference}. */
  public static final SpanType MODEL_INFERENCE = new SpanType("model_inference");

  /** {@code model_chunk}. */
  public static final SpanType MODEL_CHUNK = new SpanType("model_chunk");

  /** {@code mcp_tool_call}. */
  public static final SpanType MCP_TOOL_CALL = new SpanType("mcp_tool_call");

  /** {@code mcp_server_request}. */
  public static final SpanType MCP_SERVER_REQUEST = new SpanType("mcp_server_request");

  /** {@code processor_run}. */
  public static final SpanType PROCESSOR_RUN = new SpanType("processor_run");

  /** {@code tool_call}. */
  public static final SpanType TOOL_CALL = new SpanType("tool_call");

  /** {@code client_tool_call}. */
  public static final SpanType CLIENT_TOOL_CALL = new SpanType("client_tool_call");

  /** {@code provider_tool_call}. */
  public static final SpanType PROVIDER_TOOL_CALL = new SpanType("provider_tool_call");

  /** {@code workflow_run}. */
  public static final SpanType WORKFLOW_RUN = new SpanType("workflow_run");

  /** {@code workflow_step}. */
  public static final SpanType WORKFLOW_STEP = new SpanType("workflow_step");

  /** {@code workflow_conditional}. */
  public static final SpanType WORKFLOW_CONDITIONAL = new SpanType("workflow_conditional");

  /** {@code workflow_conditional_eval}. */
  public static final SpanType WORKFLOW_CONDITIONAL_EVAL =
      new SpanType("workflow_conditional_eval");

  /** {@code workflow_parallel}. */
  public static final SpanType WORKFLOW_PARALLEL = new SpanType("workflow_parallel");

  /** {@code workflow_loop}. */
  public static final SpanType WORKFLOW_LOOP = new SpanType("workflow_loop");

  /** {@code workflow_sleep}. */
  public static final SpanType WORKFLOW_SLEEP = new SpanType("workflow_sleep");

  /** {@code workflow_wait_event}. */
  public static final SpanType WORKFLOW_WAIT_EVENT = new SpanType("workflow_wait_event");

  /** {@code memory_operation}. */
  public static final SpanType MEMORY_OPERATION = new SpanType("memory_operation");

  /** {@code workspace_action}. */
  public static final SpanType WORKSPACE_ACTION = new SpanType("workspace_action");

  /** {@code rag_ingestion}. */
  public static final SpanType RAG_INGESTION = new SpanType("rag_ingestion");

  /** {@code rag_embedding}. */
  public static final SpanType RAG_EMBEDDING = new SpanType("rag_embedding");

  /** {@code rag_vector_operation}. */
  public static final SpanType RAG_VECTOR_OPERATION = new SpanType("rag_vector_operation");

  /** {@code rag_action}. */
  public static final SpanType RAG_ACTION = new SpanType("rag_action");

  /** {@code graph_action}. */
  public static final SpanType GRAPH_ACTION = new SpanType("graph_action");

  /** {@code mapping}. */
  public static final SpanType MAPPING = new SpanType("mapping");

  /** {@code skill_action}. */
  public static final SpanType SKILL_ACTION = new SpanType("skill_action");

  /** {@code agent_signal}. */
  public static final SpanType AGENT_SIGNAL = new SpanType("agent_signal");

  /**
   * @throws InvalidSpanException if the name is empty
   */
  public SpanType {
    name = Text.cleaned(Objects.requireNonNull(name, "name"));
    if (name.isEmpty()) {
      throw new InvalidSpanException("span_type", "is empty: use generic where nothing is known");
    }
  }

  /** The type of that name. */
  public static SpanType of(String name) {
    return new SpanType(name);
  }

  /** The name itself. */
  @Override
  public String toString() {
    return name;
  }
}
