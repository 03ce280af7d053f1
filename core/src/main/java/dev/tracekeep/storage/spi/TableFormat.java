package dev.tracekeep.storage.spi;

import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The number of the format in which spans are stored: by which rule rows are compared, and how
 * their values are laid down. It changes when rows that an older release wrote cannot be read or
 * compared any more, and not for a new column. Engines keep it beside the table; where one has
 * comments of tables, it stands in them, behind whatever else they say.
 */
public final class TableFormat {
  /** The format of this release: versions of 29 bytes. Format 1, of 25 bytes, was never written. */
  public static final int CURRENT = 2;

  private static final String LABEL = "tracekeep-format: ";
  private static final Pattern NUMBER = Pattern.compile(LABEL + "(\\d{1,9})");

  private TableFormat() {}

  /** The number in a table's comment; empty if it has none. */
  public static OptionalInt in(@Nullable String comment) {
    Matcher number = NUMBER.matcher(comment == null ? "" : comment);
    return number.find() ? OptionalInt.of(Integer.parseInt(number.group(1))) : OptionalInt.empty();
  }

  /** A table's comment with the number of this release; its other words stay. */
  public static String commentWith(@Nullable String comment) {
    String number = LABEL + CURRENT;
    if (comment == null || comment.isBlank()) {
      return number;
    }
    Matcher old = NUMBER.matcher(comment);
    return old.find() ? old.replaceFirst(number) : comment + "; " + number;
  }
}
