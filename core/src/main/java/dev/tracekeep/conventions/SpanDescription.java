package dev.tracekeep.conventions;

import dev.tracekeep.span.Correlation;
import dev.tracekeep.span.Entity;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.Usage;
import java.math.BigDecimal;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the conventions made of one span's attributes. The first to say something is believed, so
 * the more specific convention speaks first. Not thread-safe.
 */
public final class SpanDescription {
  /** The user's keys that have a field of their own, in the spellings of both worlds. */
  private static final Map<String, Meaning> FIELDS_OF_METADATA =
      Map.ofEntries(
          Map.entry("userId", Meaning.USER_ID),
          Map.entry("user_id", Meaning.USER_ID),
          Map.entry("organizationId", Meaning.ORGANIZATION_ID),
          Map.entry("organization_id", Meaning.ORGANIZATION_ID),
          Map.entry("resourceId", Meaning.RESOURCE_ID),
          Map.entry("resource_id", Meaning.RESOURCE_ID),
          Map.entry("runId", Meaning.RUN_ID),
          Map.entry("run_id", Meaning.RUN_ID),
          Map.entry("sessionId", Meaning.SESSION_ID),
          Map.entry("session_id", Meaning.SESSION_ID),
          Map.entry("threadId", Meaning.THREAD_ID),
          Map.entry("thread_id", Meaning.THREAD_ID),
          Map.entry("conversation_id", Meaning.THREAD_ID),
          Map.entry("requestId", Meaning.REQUEST_ID),
          Map.entry("request_id", Meaning.REQUEST_ID),
          Map.entry("experimentId", Meaning.EXPERIMENT_ID),
          Map.entry("experiment_id", Meaning.EXPERIMENT_ID),
          Map.entry("environment", Meaning.ENVIRONMENT));

  private final EnumMap<Meaning, Object> values = new EnumMap<>(Meaning.class);
  private Map<String, Json> metadata = Map.of();
  private @Nullable List<String> tags;
  private @Nullable SpanType type;
  private boolean failed;

  SpanDescription() {}

  /** Whether something was said of this. */
  public boolean says(Meaning meaning) {
    return values.containsKey(meaning);
  }

  /**
   * Says something, unless it was said before.
   *
   * @param meaning what is said
   * @param value a {@link String}, {@link Long}, {@link Boolean} or {@link Json}; null, and a value
   *     that does not fit (text for a count, an empty name), says nothing
   */
  public void say(Meaning meaning, @Nullable Object value) {
    if (value == null || values.containsKey(meaning)) {
      return;
    }
    Object said =
        switch (meaning.form()) {
          case JSON -> Values.json(value);
          case TEXT -> Values.text(value);
          case COUNT -> Values.count(value);
          case AMOUNT -> Values.amount(value);
        };
    if (said != null) {
      values.put(meaning, said);
    }
  }

  /**
   * Says that the work failed, although the span's status does not.
   *
   * @param message why; empty where unknown
   */
  public void fail(String message) {
    if (!failed) {
      failed = true;
      say(Meaning.ERROR_MESSAGE, message);
    }
  }

  /** Whether a convention said that the work failed. */
  public boolean hasFailed() {
    return failed;
  }

  /** Says what kind of work the span is, unless that was said before; null says nothing. */
  public void sayType(@Nullable SpanType value) {
    if (type == null) {
      type = value;
    }
  }

  /**
   * Says the span's tags, unless they were said before.
   *
   * @return whether the value is an array of strings, or a string of JSON that is one
   */
  public boolean sayTags(Object value) {
    List<String> said = Values.texts(value);
    if (said != null && tags == null) {
      tags = said;
    }
    return said != null;
  }

  /**
   * Takes one of the user's own metadata: into its field if it has one ({@code userId}, {@code
   * session_id}, {@code tags} and so on), else as it is. What was taken before stays.
   *
   * @param name the user's name for it
   * @param value a {@link String}, {@link Long}, {@link Boolean} or {@link Json}
   */
  public void sayOwn(String name, Object value) {
    Meaning field = FIELDS_OF_METADATA.get(name);
    if (field != null) {
      say(field, value);
    } else if (!(name.equals("tags") && sayTags(value))) {
      sayMetadata(name, Values.json(value));
    }
  }

  /** Takes one of the user's own metadata as it is, unless that name was taken before. */
  public void sayMetadata(String name, Json value) {
    if (metadata.isEmpty()) {
      metadata = new LinkedHashMap<>();
    }
    metadata.putIfAbsent(name, value);
  }

  /** What kind of work the span is; {@link SpanType#GENERIC} where nothing was said. */
  public SpanType type() {
    return type == null ? SpanType.GENERIC : type;
  }

  /** What was said of this, as JSON; null where nothing was. */
  public @Nullable Json json(Meaning meaning) {
    Object value = values.get(meaning);
    return value == null ? null : Values.json(value);
  }

  /** What was said of this, as text that is not empty; null where nothing was. */
  public @Nullable String text(Meaning meaning) {
    Object value = values.get(meaning);
    return value == null ? null : Values.text(value);
  }

  /** The service's name, else the application's; null where nothing was said. */
  public @Nullable String serviceName() {
    String service = text(Meaning.SERVICE_NAME);
    return service == null ? text(Meaning.APPLICATION_NAME) : service;
  }

  /**
   * The metadata: the user's own, and beside them {@code usage} with those tokens that have no
   * field of their own ({@link Usage} has the others), and {@code otel}. Where the user has a key
   * of that name, the user's stays and ours becomes {@code otel.usage} and so on, so that nothing
   * is lost.
   *
   * @param otel what has no other place; null for nothing
   * @return an object; null if there is nothing
   */
  public @Nullable Json metadata(@Nullable Json otel) {
    Json.ObjectBuilder all = Json.objectBuilder();
    metadata.forEach(all::put);
    Json.ObjectBuilder usage =
        Json.objectBuilder()
            .put("cachedInputTokens", json(Meaning.CACHED_INPUT_TOKENS))
            .put("cacheWriteInputTokens", json(Meaning.CACHE_WRITE_INPUT_TOKENS))
            .put("reasoningOutputTokens", json(Meaning.REASONING_OUTPUT_TOKENS));
    all.put(free("usage"), usage.isEmpty() ? null : usage.build());
    all.put(free("otel"), otel);
    return all.isEmpty() ? null : all.build();
  }

  private String free(String name) {
    String free = name;
    while (metadata.containsKey(free)) {
      free = "otel." + free;
    }
    return free;
  }

  /** Sets type, entities, correlation, usage and tags of the span. */
  public void applyTo(Span.Builder span) {
    span.type(type())
        .correlation(correlation())
        .usage(usage())
        .tags(tags == null ? List.of() : tags);
    entities(span);
  }

  private Usage usage() {
    return new Usage(
        text(Meaning.MODEL),
        text(Meaning.PROVIDER),
        (Long) values.get(Meaning.INPUT_TOKENS),
        (Long) values.get(Meaning.OUTPUT_TOKENS),
        (Long) values.get(Meaning.TOTAL_TOKENS),
        (BigDecimal) values.get(Meaning.COST));
  }

  private Correlation correlation() {
    return new Correlation(
        text(Meaning.USER_ID),
        text(Meaning.ORGANIZATION_ID),
        text(Meaning.RESOURCE_ID),
        text(Meaning.RUN_ID),
        text(Meaning.SESSION_ID),
        text(Meaning.THREAD_ID),
        text(Meaning.REQUEST_ID),
        text(Meaning.EXPERIMENT_ID));
  }

  /** What is called or run is what the span is about; the agent that does it is its parent. */
  private void entities(Span.Builder span) {
    Entity agent =
        entity("agent", text(Meaning.AGENT_ID), Meaning.AGENT_NAME, text(Meaning.AGENT_VERSION));
    Entity tool = entity("tool", null, Meaning.TOOL_NAME, null);
    Entity step = entity("workflow_step", null, Meaning.WORKFLOW_STEP_NAME, null);
    Entity workflow =
        type().equals(SpanType.WORKFLOW_RUN)
            ? entity("workflow_run", null, Meaning.WORKFLOW_NAME, null)
            : Entity.NONE;
    Entity own = tool != Entity.NONE ? tool : workflow != Entity.NONE ? workflow : step;
    if (own == Entity.NONE) {
      span.entity(agent);
    } else {
      span.entity(own).parentEntity(agent);
    }
  }

  private Entity entity(
      String kind, @Nullable String id, Meaning nameMeaning, @Nullable String version) {
    String name = text(nameMeaning);
    return id == null && name == null ? Entity.NONE : new Entity(kind, id, name, version);
  }
}
