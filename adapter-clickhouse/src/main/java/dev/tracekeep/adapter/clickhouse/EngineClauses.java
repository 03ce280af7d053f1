package dev.tracekeep.adapter.clickhouse;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The clauses behind a table's engine, as the server writes them in {@code engine_full}. Texts in
 * quotes and what stands in parentheses are not looked into.
 */
final class EngineClauses {
  /** What may stand behind an engine, in the server's order. */
  enum Clause {
    PARTITION_BY("PARTITION BY"),
    PRIMARY_KEY("PRIMARY KEY"),
    ORDER_BY("ORDER BY"),
    SAMPLE_BY("SAMPLE BY"),
    TTL("TTL"),
    SETTINGS("SETTINGS");

    private final String keyword;

    Clause(String keyword) {
      this.keyword = keyword;
    }
  }

  private final String engine;
  private final Map<Clause, String> clauses = new EnumMap<>(Clause.class);

  /**
   * @param engineFull for example {@code MergeTree ORDER BY id SETTINGS index_granularity = 8192}
   */
  EngineClauses(String engineFull) {
    int from = 0;
    Clause current = null;
    String head = engineFull;
    int next = nextOutside(engineFull, 0, ' ');
    while (next >= 0) {
      Clause found = clauseAt(engineFull, next + 1);
      if (found != null) {
        String text = engineFull.substring(from, next).strip();
        if (current == null) {
          head = text;
        } else {
          clauses.put(current, text);
        }
        current = found;
        from = next + 1 + found.keyword.length();
      }
      next = nextOutside(engineFull, next + 1, ' ');
    }
    if (current != null) {
      clauses.put(current, engineFull.substring(from).strip());
    }
    this.engine = head;
  }

  private static @Nullable Clause clauseAt(String text, int at) {
    for (Clause clause : Clause.values()) {
      // The order matters: a sort key may be called "TTL", but then it stands in backticks.
      if (text.startsWith(clause.keyword + " ", at)) {
        return clause;
      }
    }
    return null;
  }

  /** The engine with its arguments: {@code ReplacingMergeTree(version)}. */
  String engine() {
    return engine;
  }

  /** A clause with its keyword and a blank in front of it; empty if there is none. */
  String clause(Clause clause) {
    String text = clauses.get(clause);
    return text == null ? "" : " " + clause.keyword + " " + text;
  }

  /** The settings in their order, as they were written. */
  Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    for (String setting : splitOutside(clauses.getOrDefault(Clause.SETTINGS, ""), ',')) {
      int equals = setting.indexOf('=');
      if (equals > 0) {
        settings.put(setting.substring(0, equals).strip(), setting.substring(equals + 1).strip());
      }
    }
    return settings;
  }

  private static List<String> splitOutside(String text, char separator) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int at = nextOutside(text, 0, separator);
        at >= 0;
        at = nextOutside(text, from, separator)) {
      parts.add(text.substring(from, at));
      from = at + 1;
    }
    parts.add(text.substring(from));
    return parts;
  }

  /** Where a character stands next that is neither quoted nor in parentheses; -1 for nowhere. */
  private static int nextOutside(String text, int from, char wanted) {
    int depth = 0;
    for (int at = from; at < text.length(); at++) {
      char c = text.charAt(at);
      if (c == wanted && depth == 0) {
        return at;
      }
      if (c == '\'' || c == '`' || c == '"') {
        at = endOfQuoted(text, at);
      } else if (c == '(' || c == '[') {
        depth++;
      } else if (c == ')' || c == ']') {
        depth--;
      }
    }
    return -1;
  }

  private static int endOfQuoted(String text, int start) {
    char quote = text.charAt(start);
    int at = start + 1;
    while (at < text.length() && text.charAt(at) != quote) {
      at += text.charAt(at) == '\\' ? 2 : 1;
    }
    return at;
  }
}
