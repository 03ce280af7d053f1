package dev.tracekeep.dedupe;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Tables that look as if they had duplicates and have none: each span has a row when it starts and
 * another when it ends, and both are needed.
 */
public final class EventStores {
  /** What the column is called that tells the events of one span apart, in small letters. */
  private static final List<String> KINDS = List.of("eventtype", "event_type");

  private EventStores() {}

  /** The column that tells events apart where a table has one. */
  public static Optional<String> kindColumn(Collection<String> columns) {
    return columns.stream()
        .filter(column -> KINDS.contains(column.toLowerCase(Locale.ROOT)))
        .findFirst();
  }

  /** Why a table is refused in which rows of one key differ in that column. */
  public static String refusal(TableIdentity table, String column) {
    return "The rows of "
        + table
        + " are events of spans and not spans: there are keys with more than one kind in the column"
        + " "
        + column
        + ". Each of these rows is needed, so none may be taken for a duplicate.";
  }

  /**
   * What is said of a table in which most keys are pairs.
   *
   * @param pairs keys that have one running and one completed row, and no other
   * @param keys all keys
   */
  public static Optional<String> note(long pairs, long keys) {
    return 2 * pairs <= keys
        ? Optional.empty()
        : Optional.of(
            "Over half of the spans have exactly one running and one completed row. That is what a"
                + " retry leaves, and also what start and end records of one span look like: make"
                + " sure that each row is a whole span.");
  }
}
