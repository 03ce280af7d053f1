package dev.tracekeep.cli;

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
      console
          .out()
          .println(
              "  "
                  + Printable.padRight(fact.label, labels)
                  + "  "
                  + (fact.number ? Printable.padLeft(fact.value, numbers) : fact.value));
    }
  }
}
