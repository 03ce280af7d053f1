package dev.tracekeep.migration;

import dev.tracekeep.span.SpanColumn;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds out what the columns of a span table mean, by what was said and by their names. */
final class ColumnDetection {
  private final String table;
  private final Set<String> present;
  private final Map<ColumnRole, String> found = new EnumMap<>(ColumnRole.class);

  private ColumnDetection(String table, Set<String> present) {
    this.table = table;
    this.present = present;
  }

  /**
   * @throws IllegalArgumentException if a column that is said is not there, a required one is not
   *     found, or two columns could mean the same
   */
  static SpanTable.Columns of(String table, Set<String> present, Map<ColumnRole, String> named) {
    ColumnDetection detection = new ColumnDetection(table, present);
    named.forEach((role, column) -> detection.found.put(role, detection.existing(role, column)));
    for (ColumnRole role : ColumnRole.values()) {
      if (!detection.found.containsKey(role)) {
        detection.search(role);
      }
    }
    detection.requireAll();
    return detection.columns();
  }

  private String existing(ColumnRole role, String column) {
    if (present.contains(column)) {
      return column;
    }
    // Most engines take any case, so a name in another one is no mistake.
    List<String> alike = present.stream().filter(column::equalsIgnoreCase).toList();
    if (alike.size() == 1) {
      return alike.get(0);
    }
    throw new IllegalArgumentException(
        "The table "
            + table
            + " has no column "
            + column
            + ", which is said to mean "
            + role.label()
            + ". Its columns are "
            + list(new TreeSet<>(present))
            + ".");
  }

  private void search(ColumnRole role) {
    for (String name : role.names()) {
      if (name.startsWith("duration") && !found.containsKey(ColumnRole.STARTED_AT)) {
        return; // of something, but of a span?
      }
      List<String> candidates =
          present.stream()
              .filter(column -> ColumnRole.plain(column).equals(name))
              .filter(column -> !found.containsValue(column))
              .sorted()
              .toList();
      if (candidates.size() > 1) {
        throw new IllegalArgumentException(
            "In the table "
                + table
                + " more than one column can mean "
                + role.label()
                + ": "
                + list(candidates)
                + ". "
                + advice(EnumSet.of(role)));
      }
      if (candidates.size() == 1) {
        found.put(role, candidates.get(0));
        return;
      }
    }
  }

  private void requireAll() {
    EnumSet<ColumnRole> missing = EnumSet.noneOf(ColumnRole.class);
    for (ColumnRole role : ColumnRole.values()) {
      if (role.isRequired() && !found.containsKey(role)) {
        missing.add(role);
      }
    }
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(
          "In the table "
              + table
              + " no column is known to mean "
              + missing.stream().map(ColumnRole::label).collect(Collectors.joining(", "))
              + ". Its columns are "
              + list(new TreeSet<>(present))
              + ". "
              + advice(missing));
    }
  }

  private static String advice(Collection<ColumnRole> roles) {
    return "Say which one does: 'tracekeep migrate' takes "
        + roles.stream()
            .map(role -> "--column " + role.label() + "=NAME")
            .collect(Collectors.joining(" "))
        + ".";
  }

  private static String list(Collection<String> names) {
    List<String> shown = new ArrayList<>(names);
    return shown.isEmpty() ? "none" : String.join(", ", shown);
  }

  private SpanTable.Columns columns() {
    return new SpanTable.Columns(
        found.get(ColumnRole.TENANT_ID),
        required(ColumnRole.TRACE_ID),
        required(ColumnRole.SPAN_ID),
        required(ColumnRole.ENDED_AT),
        found.get(ColumnRole.UPDATED_AT),
        found.get(ColumnRole.CREATED_AT),
        version(),
        found.get(ColumnRole.STARTED_AT));
  }

  private String required(ColumnRole role) {
    String column = found.get(role);
    if (column == null) {
      throw new IllegalStateException("requireAll() lets no table pass without " + role.label());
    }
    return column;
  }

  /** Told by columns that our tables had from the first release on, all meaning what they say. */
  private @Nullable String version() {
    boolean ours =
        Stream.of(SpanColumn.TENANT_ID, SpanColumn.SPAN_TYPE, SpanColumn.IS_EVENT)
                .allMatch(column -> present.contains(column.columnName()))
            && Stream.of(SpanColumn.TRACE_ID, SpanColumn.SPAN_ID, SpanColumn.ENDED_AT)
                .allMatch(column -> found.containsValue(column.columnName()));
    return ours && present.contains(SpanColumn.VERSION_NAME) ? SpanColumn.VERSION_NAME : null;
  }
}
