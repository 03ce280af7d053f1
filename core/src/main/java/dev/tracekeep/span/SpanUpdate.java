package dev.tracekeep.span;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A change to some fields of a span. It carries values, and cannot take one away.
 *
 * <p>It is guarded by the same order as everything else. Applied to a row, an update that makes it
 * a better version overrides the fields that it carries; one that does not (because it is older
 * than the row) only fills fields that are still absent. Nothing can take the end of a span away,
 * so a completed span never becomes a running one.
 *
 * <p>Immutable and thread-safe.
 */
public final class SpanUpdate {
  /**
   * The order in which several updates of one span are applied: by time, then by content. Whatever
   * order they arrive in, one batch gives one result.
   */
  public static final Comparator<SpanUpdate> ORDER =
      Comparator.comparing(SpanUpdate::key)
          .thenComparing(SpanUpdate::updatedAt)
          .thenComparing(SpanUpdate::version)
          // To set a name to "" and to set none have one version, and are two updates.
          .thenComparing(update -> update.columns().toString());

  private static final Set<SpanColumn> NOT_UPDATABLE =
      Set.of(
          SpanColumn.TENANT_ID,
          SpanColumn.TRACE_ID,
          SpanColumn.SPAN_ID,
          SpanColumn.CREATED_AT,
          SpanColumn.UPDATED_AT);

  private final SpanKey key;
  private final Instant updatedAt;
  private final Map<SpanColumn, Object> values;

  private SpanUpdate(SpanKey key, Instant updatedAt, Map<SpanColumn, Object> values) {
    this.key = key;
    this.updatedAt = updatedAt;
    this.values = values;
  }

  /**
   * Starts an update.
   *
   * @param key the span that it changes
   * @param updatedAt when the change was made, by the writer's clock
   * @throws InvalidSpanException if the time is out of range
   */
  public static Builder builder(SpanKey key, Instant updatedAt) {
    return new Builder(key, updatedAt);
  }

  /**
   * The update that brings a row to what the given span says: every column that the span has a
   * value for, at the time of its last change (else of its end, else of its creation, else of its
   * start).
   *
   * @throws IllegalArgumentException if the span is light
   */
  public static SpanUpdate of(Span span) {
    if (span.isLight()) {
      throw new IllegalArgumentException(
          "The span " + span.key() + " was read without its heavy fields: read it with getSpan");
    }
    Times times = span.times();
    Instant changedAt =
        Stream.of(times.updatedAt(), times.endedAt(), times.createdAt(), times.startedAt())
            .filter(Objects::nonNull)
            .findFirst()
            .orElseThrow();
    Map<SpanColumn, Object> values = new EnumMap<>(SpanColumn.class);
    for (SpanColumn column : SpanColumn.all()) {
      Object value = NOT_UPDATABLE.contains(column) ? null : column.read(span);
      if (value != null && !column.isAbsentIn(span)) {
        values.put(column, value);
      }
    }
    return new SpanUpdate(span.key(), changedAt, values);
  }

  /** The span that it changes. */
  public SpanKey key() {
    return key;
  }

  /** When the change was made. */
  public Instant updatedAt() {
    return updatedAt;
  }

  /** The columns that it carries, in table order; unmodifiable. */
  public Set<SpanColumn> columns() {
    return Collections.unmodifiableSet(values.keySet());
  }

  /** The value that it carries for a column, text cleaned; null if it carries none. */
  public @Nullable Object value(SpanColumn column) {
    return values.get(column);
  }

  /**
   * This update and another one of the same span as a single one, which does to a row that is older
   * than both what the two would do, one after the other. Of two with the same time the later one
   * in {@link #ORDER} overrides.
   *
   * @throws IllegalArgumentException if the other one is of another span
   */
  public SpanUpdate and(SpanUpdate other) {
    if (!key.equals(other.key)) {
      throw new IllegalArgumentException("Updates of " + key + " and " + other.key);
    }
    SpanUpdate first = ORDER.compare(this, other) <= 0 ? this : other;
    SpanUpdate last = first == this ? other : this;
    Map<SpanColumn, Object> both = new EnumMap<>(SpanColumn.class);
    both.putAll(first.values);
    both.putAll(last.values);
    return new SpanUpdate(key, last.updatedAt, both);
  }

  /**
   * Applies this update to a row.
   *
   * <p>The result ranks above the row in every case, so that a replay of what the row was made from
   * cannot undo the update, and an engine that keeps the greatest version keeps the result: what
   * overrides is greater by its time, by its end or, at the row's own time, by the rule; what fills
   * has more columns.
   *
   * @return the row as it should stand, or empty if nothing changes
   * @throws IllegalArgumentException if the row is another span, or light
   */
  public Optional<Span> applyTo(Span row) {
    if (!key.equals(row.key())) {
      throw new IllegalArgumentException("An update of " + key + " cannot change " + row.key());
    }
    if (row.isLight()) {
      throw new IllegalArgumentException(
          "The span " + key + " was read without its heavy fields and cannot be updated");
    }
    Span result = overrides(row) ? override(row, latest(row)) : fill(row);
    return result.equals(row) ? Optional.empty() : Optional.of(result);
  }

  /**
   * Judged by the update's own time: with the row's later one a tie would be left, and every other
   * outdated update would win it.
   */
  private boolean overrides(Span row) {
    return override(row, updatedAt).version().compareTo(row.version()) > 0;
  }

  private Instant latest(Span row) {
    Instant before = row.times().updatedAt();
    return before != null && before.isAfter(updatedAt) ? before : updatedAt;
  }

  private Span override(Span span, Instant newUpdatedAt) {
    return Span.fromColumns(
        SpanColumn.all(),
        column ->
            column == SpanColumn.UPDATED_AT
                ? newUpdatedAt
                : values.containsKey(column) ? values.get(column) : column.read(span));
  }

  private Span fill(Span span) {
    return Span.fromColumns(
        SpanColumn.all(),
        column ->
            values.containsKey(column) && column.isAbsentIn(span)
                ? values.get(column)
                : column.read(span));
  }

  private SpanVersion version() {
    // A version needs a whole span; the fields that it lacks are the same for every update.
    Span blank = Span.builder(key).name("").startedAt(EpochNanos.MIN).build();
    return override(blank, updatedAt).version();
  }

  /** Key, time and the names of the columns; never a value, which may be private. */
  @Override
  public String toString() {
    return "SpanUpdate[" + key + " at " + updatedAt + " sets " + values.keySet() + "]";
  }

  /** Collects the fields of an update. Not thread-safe. */
  public static final class Builder {
    private final SpanKey key;
    private final Instant updatedAt;
    private final Map<SpanColumn, Object> values = new EnumMap<>(SpanColumn.class);

    private Builder(SpanKey key, Instant updatedAt) {
      this.key = Objects.requireNonNull(key, "key");
      this.updatedAt = Objects.requireNonNull(updatedAt, "updatedAt");
      EpochNanos.check(updatedAt, "updated_at");
    }

    /**
     * Sets any column but the key, {@code created_at} and {@code updated_at}.
     *
     * @param value of the column's {@linkplain SpanColumn.Type#javaType() type}
     * @throws IllegalArgumentException if the column cannot be updated or takes another type
     * @throws InvalidSpanException if a number is out of its range
     */
    public Builder set(SpanColumn column, Object value) {
      if (NOT_UPDATABLE.contains(column)) {
        throw new IllegalArgumentException("An update cannot set " + column.columnName());
      }
      values.put(column, column.checked(value));
      return this;
    }

    /** Sets the parent. */
    public Builder parentSpanId(String value) {
      return set(SpanColumn.PARENT_SPAN_ID, value);
    }

    /** Sets the name. */
    public Builder name(String value) {
      return set(SpanColumn.NAME, value);
    }

    /** Sets what kind of work it is. */
    public Builder type(SpanType value) {
      return set(SpanColumn.SPAN_TYPE, value.name());
    }

    /** Sets the role in a call between services. */
    public Builder kind(SpanKind value) {
      return set(SpanColumn.SPAN_KIND, value.name());
    }

    /** Sets whether it is an event, which has no length. */
    public Builder event(boolean value) {
      return set(SpanColumn.IS_EVENT, value);
    }

    /** Sets the start. */
    public Builder startedAt(Instant value) {
      return set(SpanColumn.STARTED_AT, value);
    }

    /** Sets the end, which completes the span. */
    public Builder endedAt(Instant value) {
      return set(SpanColumn.ENDED_AT, value);
    }

    /** Sets those parts of the entity that are there. */
    public Builder entity(Entity value) {
      setIfPresent(SpanColumn.ENTITY_TYPE, value.type());
      setIfPresent(SpanColumn.ENTITY_ID, value.id());
      setIfPresent(SpanColumn.ENTITY_NAME, value.name());
      setIfPresent(SpanColumn.ENTITY_VERSION_ID, value.versionId());
      return this;
    }

    /** Sets those parts of the parent's entity that are there. */
    public Builder parentEntity(Entity value) {
      setIfPresent(SpanColumn.PARENT_ENTITY_TYPE, value.type());
      setIfPresent(SpanColumn.PARENT_ENTITY_ID, value.id());
      setIfPresent(SpanColumn.PARENT_ENTITY_NAME, value.name());
      setIfPresent(SpanColumn.PARENT_ENTITY_VERSION_ID, value.versionId());
      return this;
    }

    /** Sets those parts of the root's entity that are there. */
    public Builder rootEntity(Entity value) {
      setIfPresent(SpanColumn.ROOT_ENTITY_TYPE, value.type());
      setIfPresent(SpanColumn.ROOT_ENTITY_ID, value.id());
      setIfPresent(SpanColumn.ROOT_ENTITY_NAME, value.name());
      setIfPresent(SpanColumn.ROOT_ENTITY_VERSION_ID, value.versionId());
      return this;
    }

    /** Sets those ids that are there. */
    public Builder correlation(Correlation value) {
      setIfPresent(SpanColumn.USER_ID, value.userId());
      setIfPresent(SpanColumn.ORGANIZATION_ID, value.organizationId());
      setIfPresent(SpanColumn.RESOURCE_ID, value.resourceId());
      setIfPresent(SpanColumn.RUN_ID, value.runId());
      setIfPresent(SpanColumn.SESSION_ID, value.sessionId());
      setIfPresent(SpanColumn.THREAD_ID, value.threadId());
      setIfPresent(SpanColumn.REQUEST_ID, value.requestId());
      setIfPresent(SpanColumn.EXPERIMENT_ID, value.experimentId());
      return this;
    }

    /** Sets those parts of the origin that are there. */
    public Builder origin(Origin value) {
      setIfPresent(SpanColumn.ENVIRONMENT, value.environment());
      setIfPresent(SpanColumn.SERVICE_NAME, value.serviceName());
      setIfPresent(SpanColumn.SOURCE, value.source());
      setIfPresent(SpanColumn.SCOPE, value.scope());
      setIfPresent(SpanColumn.RESOURCE, value.resource());
      return this;
    }

    /** Sets those parts of the usage that are there. */
    public Builder usage(Usage value) {
      setIfPresent(SpanColumn.MODEL, value.model());
      setIfPresent(SpanColumn.PROVIDER, value.provider());
      setIfPresent(SpanColumn.INPUT_TOKENS, decimal(value.inputTokens()));
      setIfPresent(SpanColumn.OUTPUT_TOKENS, decimal(value.outputTokens()));
      setIfPresent(SpanColumn.TOTAL_TOKENS, decimal(value.totalTokens()));
      setIfPresent(SpanColumn.COST, value.cost());
      return this;
    }

    private static @Nullable BigDecimal decimal(@Nullable Long count) {
      return count == null ? null : BigDecimal.valueOf(count);
    }

    private void setIfPresent(SpanColumn column, @Nullable Object value) {
      if (value != null) {
        set(column, value);
      }
    }

    /** Sets the tags, all of them. */
    public Builder tags(List<String> value) {
      return set(SpanColumn.TAGS, value);
    }

    /** Sets the input. */
    public Builder input(Json value) {
      return set(SpanColumn.INPUT, value);
    }

    /** Sets the output. */
    public Builder output(Json value) {
      return set(SpanColumn.OUTPUT, value);
    }

    /** Sets the error. */
    public Builder error(Json value) {
      return set(SpanColumn.ERROR, value);
    }

    /** Sets the metadata, all of it. */
    public Builder metadata(Json value) {
      return set(SpanColumn.METADATA, value);
    }

    /** Sets the attributes, all of them. */
    public Builder attributes(Json value) {
      return set(SpanColumn.ATTRIBUTES, value);
    }

    /** Sets what the program knew when the work was asked for. */
    public Builder requestContext(Json value) {
      return set(SpanColumn.REQUEST_CONTEXT, value);
    }

    /** Sets the links, all of them. */
    public Builder links(Json value) {
      return set(SpanColumn.LINKS, value);
    }

    /** Sets the events, all of them. */
    public Builder events(Json value) {
      return set(SpanColumn.EVENTS, value);
    }

    /**
     * The immutable update.
     *
     * @throws InvalidSpanException if a value is not allowed
     */
    public SpanUpdate build() {
      SpanUpdate update = new SpanUpdate(key, updatedAt, new EnumMap<>(values));
      update.version(); // refuses what a span may not have, before any store is asked
      return update;
    }
  }
}
