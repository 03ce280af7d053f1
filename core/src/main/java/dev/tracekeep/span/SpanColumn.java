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
 * new field is one new line here.
 */
public enum SpanColumn {
  TENANT_ID(Type.TEXT, span -> span.key().tenantId()),
  TRACE_ID(Type.TEXT, span -> span.key().traceId()),
  SPAN_ID(Type.TEXT, span -> span.key().spanId()),
  PARENT_SPAN_ID(Type.TEXT, Span::parentSpanId),
  NAME(Type.TEXT, Span::name),
  SPAN_TYPE(Type.TEXT, span -> span.type().name()),
  SPAN_KIND(Type.TEXT, span -> span.kind() == null ? null : span.kind().name()),
  IS_EVENT(Type.FLAG, Span::isEvent),
  STARTED_AT(Type.TIME, span -> span.times().startedAt()),
  ENDED_AT(Type.TIME, span -> span.times().endedAt()),
  CREATED_AT(Type.TIME, span -> span.times().createdAt()),
  UPDATED_AT(Type.TIME, span -> span.times().updatedAt()),
  ENTITY_TYPE(Type.TEXT, span -> span.entity().type()),
  ENTITY_ID(Type.TEXT, span -> span.entity().id()),
  ENTITY_NAME(Type.TEXT, span -> span.entity().name()),
  ENTITY_VERSION_ID(Type.TEXT, span -> span.entity().versionId()),
  PARENT_ENTITY_TYPE(Type.TEXT, span -> span.parentEntity().type()),
  PARENT_ENTITY_ID(Type.TEXT, span -> span.parentEntity().id()),
  PARENT_ENTITY_NAME(Type.TEXT, span -> span.parentEntity().name()),
  PARENT_ENTITY_VERSION_ID(Type.TEXT, span -> span.parentEntity().versionId()),
  ROOT_ENTITY_TYPE(Type.TEXT, span -> span.rootEntity().type()),
  ROOT_ENTITY_ID(Type.TEXT, span -> span.rootEntity().id()),
  ROOT_ENTITY_NAME(Type.TEXT, span -> span.rootEntity().name()),
  ROOT_ENTITY_VERSION_ID(Type.TEXT, span -> span.rootEntity().versionId()),
  USER_ID(Type.TEXT, span -> span.correlation().userId()),
  ORGANIZATION_ID(Type.TEXT, span -> span.correlation().organizationId()),
  RESOURCE_ID(Type.TEXT, span -> span.correlation().resourceId()),
  RUN_ID(Type.TEXT, span -> span.correlation().runId()),
  SESSION_ID(Type.TEXT, span -> span.correlation().sessionId()),
  THREAD_ID(Type.TEXT, span -> span.correlation().threadId()),
  REQUEST_ID(Type.TEXT, span -> span.correlation().requestId()),
  EXPERIMENT_ID(Type.TEXT, span -> span.correlation().experimentId()),
  ENVIRONMENT(Type.TEXT, span -> span.origin().environment()),
  SERVICE_NAME(Type.TEXT, span -> span.origin().serviceName()),
  SOURCE(Type.TEXT, span -> span.origin().source()),
  SCOPE(Type.JSON, span -> span.origin().scope()),
  MODEL(Type.TEXT, span -> span.usage().model()),
  PROVIDER(Type.TEXT, span -> span.usage().provider()),
  INPUT_TOKENS(Type.NUMBER, span -> decimal(span.usage().inputTokens())),
  OUTPUT_TOKENS(Type.NUMBER, span -> decimal(span.usage().outputTokens())),
  TOTAL_TOKENS(Type.NUMBER, span -> decimal(span.usage().totalTokens())),
  COST(Type.NUMBER, span -> span.usage().cost()),
  TAGS(Type.TEXT_LIST, Span::tags),
  METADATA(Type.JSON, span -> span.payload().metadata()),
  ERROR(Type.JSON, span -> span.payload().error()),
  RESOURCE(Type.JSON, span -> span.origin().resource()),
  LINKS(Type.JSON, Span::links),
  EVENTS(Type.JSON, Span::events),
  INPUT(Type.JSON, span -> span.payload().input()),
  OUTPUT(Type.JSON, span -> span.payload().output()),
  ATTRIBUTES(Type.JSON, span -> span.payload().attributes()),
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
