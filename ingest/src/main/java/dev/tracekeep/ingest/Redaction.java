package dev.tracekeep.ingest;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Takes secrets out of spans before they reach the store or the dead-letter log: whole columns,
 * members of JSON values by their path, and whatever a pattern finds in any text. In their place
 * stands {@value #REDACTED}.
 *
 * <p>Immutable; the builder is not thread-safe.
 */
public final class Redaction {
  /** What stands in the place of a secret. */
  public static final String REDACTED = "[redacted]";

  private static final Json REDACTED_JSON = Json.of(REDACTED);
  private static final String ANY = "*";

  private final Set<SpanColumn> columns;
  private final List<Path> paths;
  private final List<Pattern> patterns;

  private record Path(SpanColumn column, List<String> names) {}

  private Redaction(Builder builder) {
    columns =
        builder.columns.isEmpty()
            ? EnumSet.noneOf(SpanColumn.class)
            : EnumSet.copyOf(builder.columns);
    paths = List.copyOf(builder.paths);
    patterns = List.copyOf(builder.patterns);
  }

  /** A builder that takes nothing out yet. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects what is to be taken out. */
  public static final class Builder {
    private final Set<SpanColumn> columns = EnumSet.noneOf(SpanColumn.class);
    private final List<Path> paths = new ArrayList<>();
    private final List<Pattern> patterns = new ArrayList<>();

    private Builder() {}

    /**
     * Takes out the whole value of a column.
     *
     * @throws IllegalArgumentException if the column holds an id of the span, a time or a flag,
     *     without which there would be no span, or a number, which no mark can stand for
     */
    public Builder column(SpanColumn column) {
      if (column.isKey()
          || column == SpanColumn.PARENT_SPAN_ID
          || column == SpanColumn.SPAN_KIND
          || column.type() == SpanColumn.Type.TIME
          || column.type() == SpanColumn.Type.FLAG) {
        throw new IllegalArgumentException(
            "The column " + column.columnName() + " cannot be redacted: a span needs it");
      }
      if (column.type() == SpanColumn.Type.NUMBER) {
        throw new IllegalArgumentException(
            "The column "
                + column.columnName()
                + " cannot be redacted: it holds a number, which no mark can stand for");
      }
      columns.add(column);
      return this;
    }

    /**
     * Takes out members of a JSON value.
     *
     * @param path names separated by dots, from the outside in; {@code *} is any member or element:
     *     {@code messages.*.content}
     * @throws IllegalArgumentException if the column holds no JSON, or the path is empty
     */
    public Builder path(SpanColumn column, String path) {
      if (column.type() != SpanColumn.Type.JSON) {
        throw new IllegalArgumentException("The column " + column.columnName() + " holds no JSON");
      }
      if (path.isEmpty()) {
        throw new IllegalArgumentException("The path is empty: redact the column instead");
      }
      paths.add(new Path(column, List.of(path.split("\\.", -1))));
      return this;
    }

    /**
     * Takes out what a pattern finds, in text columns, tags, and strings and numbers of JSON
     * values.
     */
    public Builder pattern(Pattern pattern) {
      patterns.add(Objects.requireNonNull(pattern, "pattern"));
      return this;
    }

    /** The transformer. */
    public SpanTransformer build() {
      return SpanTransformer.ofValues("redaction", new Redaction(this)::redacted);
    }
  }

  private Object redacted(SpanColumn column, Object value) {
    if (value instanceof Json json) {
      return columns.contains(column) ? REDACTED_JSON : redacted(column, json);
    }
    if (value instanceof List<?> list) {
      List<String> redacted = new ArrayList<>();
      for (Object element : list) {
        redacted.add(columns.contains(column) ? REDACTED : redacted((String) element));
      }
      return redacted.equals(list) ? list : redacted;
    }
    return columns.contains(column) ? REDACTED : redacted((String) value);
  }

  private Json redacted(SpanColumn column, Json json) {
    Json now = json;
    for (Path path : paths) {
      if (path.column() == column) {
        now = redacted(now, path.names());
      }
    }
    return patterns.isEmpty() ? now : redacted(now);
  }

  private Json redacted(Json value, List<String> path) {
    if (path.isEmpty()) {
      return REDACTED_JSON;
    }
    List<String> rest = path.subList(1, path.size());
    String name = path.get(0);
    return switch (value.kind()) {
      case OBJECT -> {
        Map<String, Json> members = value.members();
        boolean changed = false;
        for (Map.Entry<String, Json> member : members.entrySet()) {
          if (name.equals(ANY) || name.equals(member.getKey())) {
            Json before = member.getValue();
            member.setValue(redacted(before, rest));
            changed |= member.getValue() != before;
          }
        }
        yield changed ? Json.object(members) : value;
      }
      case ARRAY -> {
        if (!name.equals(ANY)) {
          yield value;
        }
        List<Json> elements = value.elements();
        List<Json> redacted = elements.stream().map(each -> redacted(each, rest)).toList();
        yield same(elements, redacted) ? value : Json.array(redacted);
      }
      default -> value;
    };
  }

  private Json redacted(Json value) {
    return switch (value.kind()) {
      case STRING, NUMBER -> {
        String text = value.asText();
        String redacted = redacted(text);
        yield redacted.equals(text) ? value : Json.of(redacted);
      }
      case OBJECT -> {
        Map<String, Json> members = value.members();
        Map<String, Json> redacted = new LinkedHashMap<>();
        members.forEach((name, member) -> redacted.put(name, redacted(member)));
        yield same(members.values(), redacted.values()) ? value : Json.object(redacted);
      }
      case ARRAY -> {
        List<Json> elements = value.elements();
        List<Json> redacted = elements.stream().map(this::redacted).toList();
        yield same(elements, redacted) ? value : Json.array(redacted);
      }
      default -> value;
    };
  }

  /** Whether nothing was replaced, so that the text may stay letter by letter. */
  private static boolean same(Iterable<Json> before, Iterable<Json> after) {
    var others = after.iterator();
    for (Json each : before) {
      if (each != others.next()) {
        return false;
      }
    }
    return true;
  }

  private String redacted(String text) {
    String now = text;
    for (Pattern pattern : patterns) {
      now = pattern.matcher(now).replaceAll(REDACTED);
    }
    return now;
  }
}
