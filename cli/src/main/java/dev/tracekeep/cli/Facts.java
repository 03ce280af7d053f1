package dev.tracekeep.cli;

import dev.tracekeep.text.Printable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Labels and values in two columns; numbers are aligned at their last digit. */
final class Facts {
  private record Fact(String label, String value, boolean number) {}

  private final List<Fact> facts = new ArrayList<>();

  Facts add(String label, String value) {
    facts.add(new Fact(label, Printable.line(value), false));
    return this;
  }

  Facts add(String label, long value) {
    facts.add(new Fact(label, String.format(Locale.ROOT, "%,d", value), true));
    return this;
  }

  void print(Console console) {
    int labels = facts.stream().mapToInt(fact -> fact.label.length()).max().orElse(0);
    int numbers =
        facts.stream().filter(Fact::number).mapToInt(fact -> fact.value.length()).max().orElse(0);
    for (Fact fact : facts) {
      String value =
          fact.number
              ? Terminal.CELLS.padLeft(fact.value, numbers)
              : wrapped(fact.value, labels + 4, console.terminal().width());
      console.out().println("  " + Terminal.CELLS.padRight(fact.label, labels) + "  " + value);
    }
  }

  private static String wrapped(String value, int indent, int width) {
    StringBuilder out = new StringBuilder();
    int used = indent;
    for (String word : value.split(" ")) {
      if (out.isEmpty()) {
        out.append(word);
      } else if (used + 1 + Terminal.CELLS.width(word) > width) {
        out.append('\n').append(" ".repeat(indent)).append(word);
        used = indent - 1;
      } else {
        out.append(' ').append(word);
      }
      used += 1 + Terminal.CELLS.width(word);
    }
    return out.toString();
  }
}
