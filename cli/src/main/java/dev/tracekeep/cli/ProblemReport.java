package dev.tracekeep.cli;

import dev.tracekeep.otlp.OtlpProblem;
import dev.tracekeep.text.Printable;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The problems of one import, each kind told once with its first place and its count: what was
 * refused first, then what was odd, then what was no span. Thread-safe.
 */
final class ProblemReport {
  /** So many kinds of each severity are printed... */
  static final int PRINTED_KINDS = 20;

  /** ...and so many are told apart. */
  private static final int MAX_KINDS = 1_000;

  private final Map<OtlpProblem.Severity, Map<String, Kind>> kinds =
      new EnumMap<>(OtlpProblem.Severity.class);
  private final Map<OtlpProblem.Severity, Long> counts = new EnumMap<>(OtlpProblem.Severity.class);

  private static final class Kind {
    final String first;
    String lastPlace = "";
    long count;

    Kind(String first) {
      this.first = first;
    }
  }

  /** Adds a problem of an input. */
  void add(OtlpProblem problem) {
    add(
        problem.severity(),
        problem.kind(),
        problem.source() + (problem.line() > 0 ? ":" + problem.line() : ""),
        problem.toString());
  }

  /**
   * Adds a problem.
   *
   * @param kind the same for problems that are told together
   * @param place where it is; may be empty
   */
  synchronized void add(OtlpProblem.Severity severity, String kind, String place, String text) {
    counts.merge(severity, 1L, Long::sum);
    Map<String, Kind> known = kinds.computeIfAbsent(severity, key -> new LinkedHashMap<>());
    if (known.size() < MAX_KINDS || known.containsKey(kind)) {
      Kind same = known.computeIfAbsent(kind, key -> new Kind(text));
      same.count++;
      same.lastPlace = place;
    }
  }

  /** Adds further problems of a kind that was added just now, whose places nobody has kept. */
  synchronized void addMore(OtlpProblem.Severity severity, String kind, long more) {
    counts.merge(severity, more, Long::sum);
    Kind same = kinds.getOrDefault(severity, Map.of()).get(kind);
    if (same != null) {
      same.count += more;
    }
  }

  synchronized long count(OtlpProblem.Severity severity) {
    return counts.getOrDefault(severity, 0L);
  }

  /** Prints everything, line by line. */
  synchronized void print(Consumer<String> out) {
    print(OtlpProblem.Severity.REFUSED, "", out);
    print(OtlpProblem.Severity.WARNING, "warning: ", out);
    print(OtlpProblem.Severity.OTHER_SIGNAL, "note: ", out);
  }

  private void print(OtlpProblem.Severity severity, String label, Consumer<String> out) {
    Map<String, Kind> known = kinds.getOrDefault(severity, Map.of());
    long left = count(severity);
    int printed = 0;
    for (Kind kind : known.values()) {
      if (printed++ == PRINTED_KINDS) {
        break;
      }
      left -= kind.count;
      out.accept(Printable.line(label + kind.first) + more(kind));
    }
    if (left > 0) {
      out.accept(String.format(Locale.ROOT, "... and %,d more of other kinds", left));
    }
  }

  private static String more(Kind kind) {
    if (kind.count == 1) {
      return "";
    }
    String last = kind.lastPlace.isEmpty() ? "" : ", the last at " + Printable.line(kind.lastPlace);
    return String.format(Locale.ROOT, " (and %,d more like it%s)", kind.count - 1, last);
  }
}
