package dev.tracekeep.conformance;

import dev.tracekeep.conformance.CheckResult.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The matrix as Markdown. */
final class MarkdownReport {
  private static final int KILLERS_SHOWN = 4;

  private final ConformanceReport report;
  private final StringBuilder out = new StringBuilder();

  MarkdownReport(ConformanceReport report) {
    this.report = report;
  }

  String text() {
    line("# Conformance");
    line("");
    line(
        "Generated from the last run of the conformance kit on each engine; do not edit."
            + " [Writing an adapter](writing-an-adapter.md) says how to run it.");
    line("");
    line("✓ passed · ○ refused as declared · – excluded, with a reason · ✗ failed · ? not run");
    line("");
    summary();
    report.checksByGroup().forEach(this::group);
    notes();
    mutants();
    return out.toString();
  }

  private void summary() {
    line("| run | engine | reached | ✓ | ○ | – | ✗ | ? | seconds |");
    line("|---|---|---|---:|---:|---:|---:|---:|---:|");
    for (RunResult run : report.runs()) {
      List<String> cells = new ArrayList<>(List.of(run.name(), run.engine(), run.access()));
      for (Outcome outcome : Outcome.values()) {
        cells.add(Long.toString(ConformanceReport.count(run, outcome)));
      }
      long millis = run.results().stream().mapToLong(CheckResult::millis).sum();
      cells.add(Long.toString(Math.round(millis / 1000.0)));
      row(cells);
    }
    line("");
    for (RunResult run : report.runs()) {
      if (!run.capabilities().isEmpty()) {
        line("- `" + run.name() + "` declares " + run.capabilities() + ".");
      }
    }
    line("");
  }

  private void group(String group, Set<String> checks) {
    line("## " + group);
    line("");
    List<String> head = new ArrayList<>(List.of("check"));
    report.runs().forEach(run -> head.add(run.name()));
    row(head);
    line("|---|" + ":---:|".repeat(report.runs().size()));
    for (String check : checks) {
      List<String> cells = new ArrayList<>(List.of("`" + check + "`"));
      for (RunResult run : report.runs()) {
        Optional<CheckResult> result = ConformanceReport.result(run, check);
        cells.add(result.map(r -> ConformanceReport.symbol(r.outcome())).orElse(""));
      }
      row(cells);
    }
    line("");
  }

  private void notes() {
    line("## Notes");
    line("");
    for (RunResult run : report.runs()) {
      for (CheckResult result : run.results()) {
        if (result.outcome() != Outcome.PASSED && result.outcome() != Outcome.NOT_RUN) {
          line(
              "- `"
                  + run.name()
                  + "` `"
                  + result.check()
                  + "` "
                  + ConformanceReport.words(result.outcome())
                  + ": "
                  + result.note().lines().findFirst().orElse(""));
        }
      }
      if (run.results().stream().allMatch(r -> r.outcome() == Outcome.NOT_RUN)) {
        line("- `" + run.name() + "` " + run.access());
      }
    }
    line("");
  }

  private void mutants() {
    Map<String, List<String>> mutants = report.mutants();
    if (mutants.isEmpty()) {
      return;
    }
    line("## Broken storages, and the checks that notice");
    line("");
    line(mutants.size() + " storages are broken in one way each. The build fails if one passes.");
    line("");
    line("| fault | noticed by |");
    line("|---|---|");
    mutants.forEach(
        (fault, killers) -> {
          String names =
              String.join(
                  ", ", killers.stream().limit(KILLERS_SHOWN).map(k -> "`" + k + "`").toList());
          int more = killers.size() - KILLERS_SHOWN;
          row(List.of(fault, more > 0 ? names + " and " + more + " more" : names));
        });
  }

  private void row(List<String> cells) {
    line("| " + String.join(" | ", cells.stream().map(c -> c.replace("|", "\\|")).toList()) + " |");
  }

  private void line(String text) {
    out.append(text).append('\n');
  }
}
