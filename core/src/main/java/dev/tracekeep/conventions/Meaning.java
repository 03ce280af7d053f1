package dev.tracekeep.conventions;

/** What an attribute can say about a span. Types, tags and the user's own metadata come beside. */
public enum Meaning {
  /** What went in. */
  INPUT(Form.JSON),
  /** What came out. */
  OUTPUT(Form.JSON),
  /** The message of a failure that the span's status does not tell of. */
  ERROR_MESSAGE(Form.TEXT),
  /** {@link dev.tracekeep.span.Usage#model()}: the one that answered, else the one asked for. */
  MODEL(Form.TEXT),
  /** {@link dev.tracekeep.span.Usage#provider()}, as its writer calls them. */
  PROVIDER(Form.TEXT),
  /** {@link dev.tracekeep.span.Usage#inputTokens()}. */
  INPUT_TOKENS(Form.COUNT),
  /** Tokens of the input that came from a cache. */
  CACHED_INPUT_TOKENS(Form.COUNT),
  /** Tokens of the input that were written to a cache. */
  CACHE_WRITE_INPUT_TOKENS(Form.COUNT),
  /** {@link dev.tracekeep.span.Usage#outputTokens()}. */
  OUTPUT_TOKENS(Form.COUNT),
  /** Tokens of the output that were spent on reasoning. */
  REASONING_OUTPUT_TOKENS(Form.COUNT),
  /** {@link dev.tracekeep.span.Usage#totalTokens()}; never computed. */
  TOTAL_TOKENS(Form.COUNT),
  /** {@link dev.tracekeep.span.Usage#cost()}: the writer's, of the call. */
  COST(Form.AMOUNT),
  /** The tool that is called. */
  TOOL_NAME(Form.TEXT),
  /** The agent's id. */
  AGENT_ID(Form.TEXT),
  /** The agent's name. */
  AGENT_NAME(Form.TEXT),
  /** The agent's version. */
  AGENT_VERSION(Form.TEXT),
  /** The workflow that runs. */
  WORKFLOW_NAME(Form.TEXT),
  /** The step of a workflow. */
  WORKFLOW_STEP_NAME(Form.TEXT),
  /** {@link dev.tracekeep.span.Correlation#userId()}. */
  USER_ID(Form.TEXT),
  /** {@link dev.tracekeep.span.Correlation#organizationId()}. */
  ORGANIZATION_ID(Form.TEXT),
  /** {@link dev.tracekeep.span.Correlation#resourceId()}. */
  RESOURCE_ID(Form.TEXT),
  /** {@link dev.tracekeep.span.Correlation#runId()}. */
  RUN_ID(Form.TEXT),
  /** {@link dev.tracekeep.span.Correlation#sessionId()}. */
  SESSION_ID(Form.TEXT),
  /** {@link dev.tracekeep.span.Correlation#threadId()}. */
  THREAD_ID(Form.TEXT),
  /** {@link dev.tracekeep.span.Correlation#requestId()}. */
  REQUEST_ID(Form.TEXT),
  /** {@link dev.tracekeep.span.Correlation#experimentId()}. */
  EXPERIMENT_ID(Form.TEXT),
  /** The deployment environment. */
  ENVIRONMENT(Form.TEXT),
  /** The service that wrote the span. */
  SERVICE_NAME(Form.TEXT),
  /** The application, where no service is named. */
  APPLICATION_NAME(Form.TEXT);

  /** What kind of value says it. */
  enum Form {
    /** Anything. */
    JSON,
    /** Text that is not empty; of any other value its JSON text. */
    TEXT,
    /** A whole number from 0 on: an integer, a double without a fraction, or digits in a string. */
    COUNT,
    /** A number that a cost can be, also as digits in a string. */
    AMOUNT
  }

  private final Form form;

  Meaning(Form form) {
    this.form = form;
  }

  Form form() {
    return form;
  }
}
