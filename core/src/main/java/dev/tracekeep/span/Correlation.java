package dev.tracekeep.span;

import org.jspecify.annotations.Nullable;

/**
 * The ids by which a span is found together with others. Text is cleaned: U+0000 and lone
 * surrogates become U+FFFD.
 *
 * @param userId the person who caused the work; null where unknown
 * @param organizationId the person's organization; null where unknown
 * @param resourceId what the work is done for or on; null where unknown
 * @param runId the run of an agent or workflow; null where unknown
 * @param sessionId the session of the user; null where unknown
 * @param threadId the conversation; null where unknown
 * @param requestId the request that came in; null where unknown
 * @param experimentId the experiment or evaluation; null where unknown
 */
public record Correlation(
    @Nullable String userId,
    @Nullable String organizationId,
    @Nullable String resourceId,
    @Nullable String runId,
    @Nullable String sessionId,
    @Nullable String threadId,
    @Nullable String requestId,
    @Nullable String experimentId) {
  /** No correlation at all. */
  public static final Correlation NONE = builder().build();

  /** Cleans the text of all parts. */
  public Correlation {
    userId = Text.clean(userId);
    organizationId = Text.clean(organizationId);
    resourceId = Text.clean(resourceId);
    runId = Text.clean(runId);
    sessionId = Text.clean(sessionId);
    threadId = Text.clean(threadId);
    requestId = Text.clean(requestId);
    experimentId = Text.clean(experimentId);
  }

  /** A builder in which nothing is set. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects the ids by name. Not thread-safe. */
  public static final class Builder {
    private @Nullable String userId;
    private @Nullable String organizationId;
    private @Nullable String resourceId;
    private @Nullable String runId;
    private @Nullable String sessionId;
    private @Nullable String threadId;
    private @Nullable String requestId;
    private @Nullable String experimentId;

    private Builder() {}

    /** Sets the person who caused the work. */
    public Builder userId(@Nullable String value) {
      userId = value;
      return this;
    }

    /** Sets the person's organization. */
    public Builder organizationId(@Nullable String value) {
      organizationId = value;
      return this;
    }

    /** Sets what the work is done for or on. */
    public Builder resourceId(@Nullable String value) {
      resourceId = value;
      return this;
    }

    /** Sets the run of an agent or workflow. */
    public Builder runId(@Nullable String value) {
      runId = value;
      return this;
    }

    /** Sets the session of the user. */
    public Builder sessionId(@Nullable String value) {
      sessionId = value;
      return this;
    }

    /** Sets the conversation. */
    public Builder threadId(@Nullable String value) {
      threadId = value;
      return this;
    }

    /** Sets the request that came in. */
    public Builder requestId(@Nullable String value) {
      requestId = value;
      return this;
    }

    /** Sets the experiment or evaluation. */
    public Builder experimentId(@Nullable String value) {
      experimentId = value;
      return this;
    }

    /** The immutable result. */
    public Correlation build() {
      return new Correlation(
          userId, organizationId, resourceId, runId, sessionId, threadId, requestId, experimentId);
    }
  }
}
