package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.span.EpochNanos;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How values and names stand in a statement.
 *
 * <p>Values are written into the text rather than sent as parameters: parameters travel in the URL,
 * which servers and proxies cut off at sizes that a list of keys reaches.
 */
final class SqlText {
  private static final Pattern HOLE = Pattern.compile("<([a-z_]+)>");

  private SqlText() {}

  /**
   * A statement in which {@code <name>} stands for one of the values: names that are quoted
   * already, and expressions made of them.
   *
   * @throws IllegalArgumentException if there is no value of a name
   */
  static String fill(String template, Map<String, ?> values) {
    return HOLE.matcher(template)
        .replaceAll(
            hole -> {
              Object value = values.get(hole.group(1));
              if (value == null) {
                throw new IllegalArgumentException("Nothing stands for " + hole.group());
              }
              return Matcher.quoteReplacement(value.toString());
            });
  }

  /** A name between backticks. */
  static String name(String name) {
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`";
  }

  /** A string literal; nothing but quote and backslash means anything within. */
  static String literal(String value) {
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }

  /** A time, exact to the nanosecond. */
  static String literal(Instant value) {
    return nanos(EpochNanos.of(value));
  }

  /** A time given as nanoseconds since the epoch. */
  static String nanos(long value) {
    return "fromUnixTimestamp64Nano(toInt64(" + value + "), 'UTC')";
  }

  /** A list for {@code IN}. */
  static String list(Collection<String> values) {
    return values.stream().map(SqlText::literal).collect(Collectors.joining(", ", "(", ")"));
  }
}
