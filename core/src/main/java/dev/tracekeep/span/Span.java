package dev.tracekeep.span;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One piece of work of an agent or a program, as its writer last described it. Immutable and
 * thread-safe; two spans are equal if all of their fields are.
 *
 * <p>A <em>light</em> span was read without its heavy fields ({@link SpanColumn#isHeavy()}). It
 * shows what the span is, and must not be written back: every store refuses it.
 */
public final class Span {
  private final SpanKey key;
  private final @Nullable String parentSpanId;
  private final String name;
  private final SpanType type;
  private final @Nullable SpanKind kind;
  private final boolean event;
  private final Times times;
  private final Entity entity;
  private final Entity parentEntity;
  private final Entity rootEntity;
  private final Correlation correlation;
  private final Origin origin;
  private final Usage usage;
  private final Payload payload;
  private final List<String> tags;
  private final @Nullable Json links;
  private final @Nullable Json events;
  private final boolean light;

  /** Computed when first asked for; racing threads compute the same. */
  private @Nullable SpanVersion version;

  private Span(Builder builder) {
    this.key = builder.key;
    // One that names itself as its parent has none: it is a root, for every query of every engine.
    this.parentSpanId =
        builder.parentSpanId == null || builder.parentSpanId.equals(key.spanId())
            ? null
            : Text.requireId(builder.parentSpanId, "parent_span_id");
    if (builder.name == null) {
      throw new InvalidSpanException(
          "name", "is missing: every span has a name, which may be empty");
    }
    this.name = Text.cleaned(builder.name);
    this.type = builder.type;
    this.kind = builder.kind;
    this.event = builder.event;
    this.times =
        new Times(builder.startedAt, builder.endedAt, builder.createdAt, builder.updatedAt);
    this.entity = builder.entity;
    this.parentEntity = builder.parentEntity;
    this.rootEntity = builder.rootEntity;
    this.correlation = builder.correlation;
    this.origin = builder.origin;
    this.usage = builder.usage;
    this.payload = builder.payload;
    this.tags = builder.tags.stream().map(Text::cleaned).toList();
    this.links = builder.links;
    this.events = builder.events;
    this.light = builder.light;
  }

  /** A builder for the span of that key; a name and a start are still to be set. */
  public static Builder builder(SpanKey key) {
    return new Builder(key);
  }

  /**
   * Builds a span from the values of its columns, as a store holds them.
   *
   * @param columns which columns were read: {@link SpanColumn#all()} or {@link SpanColumn#light()};
   *     the span is light in the second case
   * @param values gives the value of each of those columns, null where absent
   * @throws InvalidSpanException if a value is not one that a span may have
   * @throws ClassCastException if a value is not of its column's type
   */
  public static Span fromColumns(
      List<SpanColumn> columns, Function<SpanColumn, @Nullable Object> values) {
    boolean light = columns.size() < SpanColumn.all().size();
    ColumnValues row = column -> light && column.isHeavy() ? null : values.apply(column);
    Builder builder =
        builder(
                new SpanKey(
                    row.required(SpanColumn.TENANT_ID),
                    row.required(SpanColumn.TRACE_ID),
                    row.required(SpanColumn.SPAN_ID)))
            .parentSpanId(row.text(SpanColumn.PARENT_SPAN_ID))
            .name(row.required(SpanColumn.NAME))
            .type(SpanType.of(row.required(SpanColumn.SPAN_TYPE)))
            .kind(row.kind())
            .event(Boolean.TRUE.equals(row.value(SpanColumn.IS_EVENT)))
            .endedAt(row.time(SpanColumn.ENDED_AT))
            .createdAt(row.time(SpanColumn.CREATED_AT))
            .updatedAt(row.time(SpanColumn.UPDATED_AT))
            .entity(
                row.entity(
                    SpanColumn.ENTITY_TYPE,
                    SpanColumn.ENTITY_ID,
                    SpanColumn.ENTITY_NAME,
                    SpanColumn.ENTITY_VERSION_ID))
            .parentEntity(
                row.entity(
                    SpanColumn.PARENT_ENTITY_TYPE,
                    SpanColumn.PARENT_ENTITY_ID,
                    SpanColumn.PARENT_ENTITY_NAME,
                    SpanColumn.PARENT_ENTITY_VERSION_ID))
            .rootEntity(
                row.entity(
                    SpanColumn.ROOT_ENTITY_TYPE,
                    SpanColumn.ROOT_ENTITY_ID,
                    SpanColumn.ROOT_ENTITY_NAME,
                    SpanColumn.ROOT_ENTITY_VERSION_ID))
            .correlation(
                new Correlation(
                    row.text(SpanColumn.USER_ID),
                    row.text(SpanColumn.ORGANIZATION_ID),
                    row.text(SpanColumn.RESOURCE_ID),
                    row.text(SpanColumn.RUN_ID),
                    row.text(SpanColumn.SESSION_ID),
                    row.text(SpanColumn.THREAD_ID),
                    row.text(SpanColumn.REQUEST_ID),
                    row.text(SpanColumn.EXPERIMENT_ID)))
            .origin(
                new Origin(
                    row.text(SpanColumn.ENVIRONMENT),
                    row.text(SpanColumn.SERVICE_NAME),
                    row.text(SpanColumn.SOURCE),
                    row.json(SpanColumn.SCOPE),
                    row.json(SpanColumn.RESOURCE)))
            .usage(
                new Usage(
                    row.text(SpanColumn.MODEL),
                    row.text(SpanColumn.PROVIDER),
                    row.count(SpanColumn.INPUT_TOKENS),
                    row.count(SpanColumn.OUTPUT_TOKENS),
                    row.count(SpanColumn.TOTAL_TOKENS),
                    row.number(SpanColumn.COST)))
            .payload(
                new Payload(
                    row.json(SpanColumn.INPUT),
                    row.json(SpanColumn.OUTPUT),
                    row.json(SpanColumn.ERROR),
                    row.json(SpanColumn.METADATA),
                    row.json(SpanColumn.ATTRIBUTES),
                    row.json(SpanColumn.REQUEST_CONTEXT)))
            .tags(row.tags())
            .links(row.json(SpanColumn.LINKS))
            .events(row.json(SpanColumn.EVENTS));
    Instant startedAt = row.time(SpanColumn.STARTED_AT);
    if (startedAt != null) {
      builder.startedAt(startedAt);
    }
    builder.light = light;
    return builder.build();
  }

  /** A builder that starts with the fields of this span. */
  public Builder toBuilder() {
    Builder builder =
        new Builder(key)
            .parentSpanId(parentSpanId)
            .name(name)
            .type(type)
            .kind(kind)
            .event(event)
            .startedAt(times.startedAt())
            .endedAt(times.endedAt())
            .createdAt(times.createdAt())
            .updatedAt(times.updatedAt())
            .entity(entity)
            .parentEntity(parentEntity)
            .rootEntity(rootEntity)
            .correlation(correlation)
            .origin(origin)
            .usage(usage)
            .payload(payload)
            .tags(tags)
            .links(links)
            .events(events);
    builder.light = light;
    return builder;
  }

  /** This span without its heavy fields. */
  public Span toLight() {
    return light ? this : fromColumns(SpanColumn.light(), column -> column.read(this));
  }

  /** The identity. */
  public SpanKey key() {
    return key;
  }

  /**
   * The parent's span id, an id of 1 to 128 printable ASCII characters; null for a root span. A
   * span whose writer names itself as its parent is one.
   */
  public @Nullable String parentSpanId() {
    return parentSpanId;
  }

  /** Whether the span has no parent. */
  public boolean isRoot() {
    return parentSpanId == null;
  }

  /** How long the work took: {@link Times#duration()}; null while it is running. */
  public @Nullable Duration duration() {
    return times.duration();
  }

  /** The name, which may be empty. */
  public String name() {
    return name;
  }

  /** The kind of work. */
  public SpanType type() {
    return type;
  }

  /** OpenTelemetry's kind; null where unspecified. */
  public @Nullable SpanKind kind() {
    return kind;
  }

  /** Whether the span is a point in time, written once at its end in every strategy. */
  public boolean isEvent() {
    return event;
  }

  /** The four times. */
  public Times times() {
    return times;
  }

  /** What the span is about. */
  public Entity entity() {
    return entity;
  }

  /** What its parent is about. */
  public Entity parentEntity() {
    return parentEntity;
  }

  /** What the root of its trace is about. */
  public Entity rootEntity() {
    return rootEntity;
  }

  /** The ids by which it is found. */
  public Correlation correlation() {
    return correlation;
  }

  /** Where it comes from. */
  public Origin origin() {
    return origin;
  }

  /** What it used of a model. */
  public Usage usage() {
    return usage;
  }

  /** Its JSON values. */
  public Payload payload() {
    return payload;
  }

  /** The tags in their order; unmodifiable, empty where there are none. */
  public List<String> tags() {
    return tags;
  }

  /**
   * Links to other spans, as an array; null where absent. Links from OpenTelemetry are objects with
   * {@code traceId}, {@code spanId}, and where given {@code traceState}, {@code attributes}, {@code
   * droppedAttributesCount} and {@code flags}.
   */
  public @Nullable Json links() {
    return links;
  }

  /**
   * Events within the span, as an array; null where absent. Events from OpenTelemetry are objects
   * with {@code timeUnixNano} (a string of digits), {@code name}, and where given {@code
   * attributes} and {@code droppedAttributesCount}.
   */
  public @Nullable Json events() {
    return events;
  }

  /** Whether the heavy fields were left out when this was read. */
  public boolean isLight() {
    return light;
  }

  /** Error if there is an error, else running if there is no end, else ok. */
  public SpanStatus status() {
    if (payload.error() != null) {
      return SpanStatus.ERROR;
    }
    return times.endedAt() == null ? SpanStatus.RUNNING : SpanStatus.OK;
  }

  /**
   * The rank of this description of the span among others of the same key, and the version under
   * which every store keeps it. Computed once. That of a light span ranks what was read alone, and
   * is not the version of the row.
   */
  public SpanVersion version() {
    SpanVersion known = version;
    if (known == null) {
      known = SpanVersion.of(this);
      version = known;
    }
    return known;
  }

  /**
   * How many bytes its text and JSON have in UTF-8, ids and tags included: what {@code
   * max-span-bytes} limits. Taken from the {@link #version()}, which has it nearly for nothing.
   */
  public long size() {
    long content = version().contentBytes();
    if (content == SpanVersion.MAX_CONTENT_BYTES) {
      content = new SpanContent().of(this).textBytes(); // the version tells no more apart
    }
    return content + key.tenantId().length() + key.traceId().length() + key.spanId().length();
  }

  /**
   * The better one of two descriptions of the same span; this one if they are equal.
   *
   * @throws IllegalArgumentException if the other one is of another key
   */
  public Span orBetter(Span other) {
    if (!key.equals(other.key)) {
      throw new IllegalArgumentException(key + " and " + other.key + " are two spans");
    }
    return other.version().compareTo(version()) > 0 ? other : this;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    if (this == other) {
      return true;
    }
    if (!(other instanceof Span that) || light != that.light) {
      return false;
    }
    for (SpanColumn column : SpanColumn.all()) {
      if (!Objects.equals(column.read(this), column.read(that))) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int hashCode() {
    return Objects.hash(key, times, name);
  }

  /** Key, name and status; never a payload, which may be private. */
  @Override
  public String toString() {
    return "Span[" + key + " " + name + " " + status() + "]";
  }

  /** The values of a row, typed. */
  @FunctionalInterface
  private interface ColumnValues {
    @Nullable Object value(SpanColumn column);

    default @Nullable String text(SpanColumn column) {
      return (String) value(column);
    }

    default String required(SpanColumn column) {
      String text = text(column);
      if (text == null) {
        throw new InvalidSpanException(column.columnName(), "is missing");
      }
      return text;
    }

    default @Nullable Instant time(SpanColumn column) {
      return (Instant) value(column);
    }

    default @Nullable BigDecimal number(SpanColumn column) {
      return (BigDecimal) value(column);
    }

    default @Nullable Long count(SpanColumn column) {
      BigDecimal number = number(column);
      return number == null ? null : FixedPoint.checked(column, number).longValue();
    }

    default @Nullable Json json(SpanColumn column) {
      return (Json) value(column);
    }

    default Entity entity(SpanColumn type, SpanColumn id, SpanColumn name, SpanColumn versionId) {
      return new Entity(text(type), text(id), text(name), text(versionId));
    }

    default @Nullable SpanKind kind() {
      String name = text(SpanColumn.SPAN_KIND);
      if (name == null) {
        return null;
      }
      try {
        return SpanKind.valueOf(name);
      } catch (IllegalArgumentException unknown) {
        throw new InvalidSpanException(
            SpanColumn.SPAN_KIND.columnName(),
            "is '" + name + "': there are " + Arrays.toString(SpanKind.values()),
            unknown);
      }
    }

    default List<String> tags() {
      Object tags = value(SpanColumn.TAGS);
      return tags == null ? List.of() : ((List<?>) tags).stream().map(String.class::cast).toList();
    }
  }

  /** Collects the parts of a span by name. Not thread-safe. */
  public static final class Builder {
    private final SpanKey key;
    private @Nullable String parentSpanId;
    private @Nullable String name;
    private SpanType type = SpanType.GENERIC;
    private @Nullable SpanKind kind;
    private boolean event;
    private @Nullable Instant startedAt;
    private @Nullable Instant endedAt;
    private @Nullable Instant createdAt;
    private @Nullable Instant updatedAt;
    private Entity entity = Entity.NONE;
    private Entity parentEntity = Entity.NONE;
    private Entity rootEntity = Entity.NONE;
    private Correlation correlation = Correlation.NONE;
    private Origin origin = Origin.UNKNOWN;
    private Usage usage = Usage.NONE;
    private Payload payload = Payload.NONE;
    private List<String> tags = List.of();
    private @Nullable Json links;
    private @Nullable Json events;
    private boolean light;

    private Builder(SpanKey key) {
      this.key = Objects.requireNonNull(key, "key");
    }

    /** Sets the parent; null makes a root span. */
    public Builder parentSpanId(@Nullable String value) {
      parentSpanId = value;
      return this;
    }

    /** Sets the name; required. */
    public Builder name(String value) {
      name = value;
      return this;
    }

    /** Sets the kind of work; {@link SpanType#GENERIC} if never called. */
    public Builder type(SpanType value) {
      type = Objects.requireNonNull(value, "type");
      return this;
    }

    /** Sets OpenTelemetry's kind. */
    public Builder kind(@Nullable SpanKind value) {
      kind = value;
      return this;
    }

    /** Sets whether the span is a point in time. */
    public Builder event(boolean value) {
      event = value;
      return this;
    }

    /** Sets the start; required. */
    public Builder startedAt(Instant value) {
      startedAt = value;
      return this;
    }

    /** Sets the end; null for a running span. */
    public Builder endedAt(@Nullable Instant value) {
      endedAt = value;
      return this;
    }

    /** Sets when the writer first recorded the span. */
    public Builder createdAt(@Nullable Instant value) {
      createdAt = value;
      return this;
    }

    /** Sets when the writer last changed the span. */
    public Builder updatedAt(@Nullable Instant value) {
      updatedAt = value;
      return this;
    }

    /** Sets what the span is about. */
    public Builder entity(Entity value) {
      entity = Objects.requireNonNull(value, "entity");
      return this;
    }

    /** Sets what the parent is about. */
    public Builder parentEntity(Entity value) {
      parentEntity = Objects.requireNonNull(value, "parentEntity");
      return this;
    }

    /** Sets what the root is about. */
    public Builder rootEntity(Entity value) {
      rootEntity = Objects.requireNonNull(value, "rootEntity");
      return this;
    }

    /** Sets the ids by which the span is found. */
    public Builder correlation(Correlation value) {
      correlation = Objects.requireNonNull(value, "correlation");
      return this;
    }

    /** Sets where the span comes from. */
    public Builder origin(Origin value) {
      origin = Objects.requireNonNull(value, "origin");
      return this;
    }

    /** Sets what the span used of a model. */
    public Builder usage(Usage value) {
      usage = Objects.requireNonNull(value, "usage");
      return this;
    }

    /** Sets the JSON values. */
    public Builder payload(Payload value) {
      payload = Objects.requireNonNull(value, "payload");
      return this;
    }

    /** Sets the tags, in order; the list is copied. */
    public Builder tags(List<String> value) {
      tags = List.copyOf(value);
      return this;
    }

    /** Sets the links, an array; see {@link Span#links()}. */
    public Builder links(@Nullable Json value) {
      links = value;
      return this;
    }

    /** Sets the events, an array; see {@link Span#events()}. */
    public Builder events(@Nullable Json value) {
      events = value;
      return this;
    }

    /**
     * The immutable span.
     *
     * @throws InvalidSpanException if name or start is missing, or a value is not allowed
     */
    public Span build() {
      return new Span(this);
    }
  }
}
