package dev.tracekeep.span;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Every field of a span as one flat list: the columns that each table has beside {@link
 * #VERSION_NAME}, in this order. Row mapping, versions, filters and updates all loop over it, so a
 * new field is one new line here. Later releases may add fields and {@linkplain Type types}: a
 * switch over them wants a {@code default} branch that says what it met.
 */
public enum SpanColumn {
  /** Whose span it is; part of the key. */
  TENANT_ID(Type.TEXT, span -> span.key().tenantId()),
  /** The trace; part of the key. */
  TRACE_ID(Type.TEXT, span -> span.key().traceId()),
  /** The span within its trace; part of the key. */
  SPAN_ID(Type.TEXT, span -> span.key().spanId()),
  /** The span that this one is a part of; null of a root. */
  PARENT_SPAN_ID(Type.TEXT, Span::parentSpanId),
  /** What people call the work. */
  NAME(Type.TEXT, Span::name),
  /** What kind of work it is: the name of a {@link SpanType}. */
  SPAN_TYPE(Type.TEXT, span -> span.type().name()),
  /** The role in a call between services: the name of a {@link SpanKind}. */
  SPAN_KIND(Type.TEXT, span -> span.kind() == null ? null : span.kind().name()),
  /** Whether it is an event, which has no length. */
  IS_EVENT(Type.FLAG, Span::isEvent),
  /** When the work began. */
  STARTED_AT(Type.TIME, span -> span.times().startedAt()),
  /** When it ended; null while the span is running. */
  ENDED_AT(Type.TIME, span -> span.times().endedAt()),
  /** When its writer first recorded it. */
  CREATED_AT(Type.TIME, span -> span.times().createdAt()),
  /** When its writer last changed it. */
  UPDATED_AT(Type.TIME, span -> span.times().updatedAt()),
  /** What the span is about: its type. */
  ENTITY_TYPE(Type.TEXT, span -> span.entity().type()),
  /** What the span is about: its id. */
  ENTITY_ID(Type.TEXT, span -> span.entity().id()),
  /** What the span is about: its name. */
  ENTITY_NAME(Type.TEXT, span -> span.entity().name()),
  /** What the span is about: its version. */
  ENTITY_VERSION_ID(Type.TEXT, span -> span.entity().versionId()),
  /** What the parent is about: its type. */
  PARENT_ENTITY_TYPE(Type.TEXT, span -> span.parentEntity().type()),
  /** What the parent is about: its id. */
  PARENT_ENTITY_ID(Type.TEXT, span -> span.parentEntity().id()),
  /** What the parent is about: its name. */
  PARENT_ENTITY_NAME(Type.TEXT, span -> span.parentEntity().name()),
  /** What the parent is about: its version. */
  PARENT_ENTITY_VERSION_ID(Type.TEXT, span -> span.parentEntity().versionId()),
  /** What the root is about: its type. */
  ROOT_ENTITY_TYPE(Type.TEXT, span -> span.rootEntity().type()),
  /** What the root is about: its id. */
  ROOT_ENTITY_ID(Type.TEXT, span -> span.rootEntity().id()),
  /** What the root is about: its name. */
  ROOT_ENTITY_NAME(Type.TEXT, span -> span.rootEntity().name()),
  /** What the root is about: its version. */
  ROOT_ENTITY_VERSION_ID(Type.TEXT, span -> span.rootEntity().versionId()),
  /** The user for whom the work is done. */
  USER_ID(Type.TEXT, span -> span.correlation().userId()),
  /** The user's organization. */
  ORGANIZATION_ID(Type.TEXT, span -> span.correlation().organizationId()),
  /** What the work belongs to in the program, for example a customer's memory. */
  RESOURCE_ID(Type.TEXT, span -> span.correlation().resourceId()),
  /** The run of a workflow or an agent. */
  RUN_ID(Type.TEXT, span -> span.correlation().runId()),
  /** The session of the user. */
  SESSION_ID(Type.TEXT, span -> span.correlation().sessionId()),
  /** The conversation. */
  THREAD_ID(Type.TEXT, span -> span.correlation().threadId()),
  /** The request that asked for the work. */
  REQUEST_ID(Type.TEXT, span -> span.correlation().requestId()),
  /** The experiment or evaluation that the work is a part of. */
  EXPERIMENT_ID(Type.TEXT, span -> span.correlation().experimentId()),
  /** The deployment environment, for example {@code production}. */
  ENVIRONMENT(Type.TEXT, span -> span.origin().environment()),
  /** The service that wrote the span. */
  SERVICE_NAME(Type.TEXT, span -> span.origin().serviceName()),
  /** What started the work, for example {@code playground}. */
  SOURCE(Type.TEXT, span -> span.origin().source()),
  /** The instrumentation scope, as an object. */
  SCOPE(Type.JSON, span -> span.origin().scope()),
  /** The model that answered, else the one that was asked. */
  MODEL(Type.TEXT, span -> span.usage().model()),
  /** Who runs the model. */
  PROVIDER(Type.TEXT, span -> span.usage().provider()),
  /** Tokens that went into the model. */
  INPUT_TOKENS(Type.NUMBER, span -> decimal(span.usage().inputTokens())),
  /** Tokens that came out of it. */
  OUTPUT_TOKENS(Type.NUMBER, span -> decimal(span.usage().outputTokens())),
  /** The writer's sum of tokens. */
  TOTAL_TOKENS(Type.NUMBER, span -> decimal(span.usage().totalTokens())),
  /** What it cost, in the writer's currency. */
  COST(Type.NUMBER, span -> span.usage().cost()),
  /** Words to find it by; never null. */
  TAGS(Type.TEXT_LIST, Span::tags),
  /** What its writer wanted to be found by, as an object. */
  METADATA(Type.JSON, span -> span.payload().metadata()),
  /** Why it failed; null if it did not. */
  ERROR(Type.JSON, span -> span.payload().error()),
  /** The attributes of the OpenTelemetry resource, as an object. Heavy, as all that follow. */
  RESOURCE(Type.JSON, span -> span.origin().resource()),
  /** The spans that it is connected with, as an array. */
  LINKS(Type.JSON, Span::links),
  /** What happened within it, as an array. */
  EVENTS(Type.JSON, Span::events),
  /** What went in. */
  INPUT(Type.JSON, span -> span.payload().input()),
  /** What came out. */
  OUTPUT(Type.JSON, span -> span.payload().output()),
  /** All else that is known of it, as an object. */
  ATTRIBUTES(Type.JSON, span -> span.payload().attributes()),
  /** What the program knew when the work was asked for. */
  REQUEST_CONTEXT(Type.JSON, span -> span.payload().requestContext());

  /**
   * The column that holds {@link SpanVersion#toBytes()}, the only one that no field of a span
   * feeds.
   */
  public static final String VERSION_NAME = "version";

  /** What a column holds, and the Java type of its values. */
  public enum Type {
    /** {@link String}, compared byte by byte. */
    TEXT(String.class),
    /** {@link Instant}, to the nanosecond. */
    TIME(Instant.class),
    /**
     * {@link BigDecimal} from 0 on in the one form that {@link FixedPoint} gives it, exact on every
     * engine; {@link SpanColumn#scale()} tells how many digits stand behind its point.
     */
    NUMBER(BigDecimal.class),
    /** {@link Boolean}. */
    FLAG(Boolean.class),
    /** {@link Json}. */
    JSON(Json.class),
    /** {@link List} of {@link String}, in order; empty rather than null. */
    TEXT_LIST(List.class);

    private final Class<?> javaType;

    Type(Class<?> javaType) {
      this.javaType = javaType;
    }

    /** The Java type of the column's values. */
    public Class<?> javaType() {
      return javaType;
    }
  }

  private static final List<SpanColumn> ALL = List.of(values());
  private static final List<SpanColumn> LIGHT =
      Arrays.stream(values()).filter(column -> !column.isHeavy()).toList();

  private final String columnName = name().toLowerCase(Locale.ROOT);
  private final Type type;
  private final Function<Span, @Nullable Object> reader;

  SpanColumn(Type type, Function<Span, @Nullable Object> reader) {
    this.type = type;
    this.reader = reader;
  }

  /** All columns in table order. */
  public static List<SpanColumn> all() {
    return ALL;
  }

  /** The columns of a {@linkplain Span#isLight() light} span in table order. */
  public static List<SpanColumn> light() {
    return LIGHT;
  }

  /** The column of that snake_case name. */
  public static Optional<SpanColumn> named(String columnName) {
    return ALL.stream().filter(column -> column.columnName.equals(columnName)).findFirst();
  }

  /** The column's name in a table: snake_case. */
  public String columnName() {
    return columnName;
  }

  /** What the column holds. */
  public Type type() {
    return type;
  }

  /** How many digits a number of this column may have behind its point; 0 in other columns. */
  public int scale() {
    return this == COST ? 12 : 0;
  }

  /** Whether the column is part of the {@link SpanKey}. */
  public boolean isKey() {
    return this == TENANT_ID || this == TRACE_ID || this == SPAN_ID;
  }

  /** Whether every row has a value here. */
  public boolean isRequired() {
    return isKey()
        || this == NAME
        || this == SPAN_TYPE
        || this == IS_EVENT
        || this == STARTED_AT
        || this == TAGS;
  }

  /** Whether the values tend to be large, so that lists leave them out. */
  public boolean isHeavy() {
    return ordinal() >= RESOURCE.ordinal();
  }

  /** The value in the given span, of {@link Type#javaType()}; null where it is absent. */
  public @Nullable Object read(Span span) {
    return reader.apply(span);
  }

  private static @Nullable BigDecimal decimal(@Nullable Long count) {
    return count == null ? null : BigDecimal.valueOf(count);
  }

  /** Whether the span has no value here; an empty list and a false flag count as none. */
  boolean isAbsentIn(Span span) {
    return isNothing(read(span));
  }

  /** Whether a column with that value is absent. */
  static boolean isNothing(@Nullable Object value) {
    return value == null
        || Boolean.FALSE.equals(value)
        || (value instanceof List<?> list && list.isEmpty());
  }

  /**
   * The value as a span would hold it: text cleaned (U+0000 and lone surrogates become U+FFFD),
   * lists copied, numbers in their one form. Whether an id or a time is allowed is not looked at.
   *
   * @throws IllegalArgumentException if the value is not of the column's type
   * @throws InvalidSpanException if a number is out of its range
   */
  public Object checked(Object value) {
    if (type == Type.TEXT_LIST && value instanceof List<?> list) {
      List<String> copy = new ArrayList<>(list.size());
      list.forEach(element -> copy.add(Text.cleaned((String) required(element, String.class))));
      return List.copyOf(copy);
    }
    Object checked = required(value, type.javaType);
    if (checked instanceof BigDecimal number) {
      return FixedPoint.checked(this, number);
    }
    return checked instanceof String text ? Text.cleaned(text) : checked;
  }

  private Object required(@Nullable Object value, Class<?> wanted) {
    if (wanted.isInstance(value)) {
      return value;
    }
    throw new IllegalArgumentException(
        columnName
            + " takes a "
            + wanted.getSimpleName()
            + ", not "
            + (value == null ? "null" : "a " + value.getClass().getName()));
  }
}
