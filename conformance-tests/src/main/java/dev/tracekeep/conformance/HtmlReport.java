package dev.tracekeep.conformance;

import dev.tracekeep.conformance.CheckResult.Outcome;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** The matrix as one HTML page that needs nothing else. */
final class HtmlReport {
  private static final String STYLE =
      """
      :root { color-scheme: light dark; --ink: #1c2024; --dim: #60646c; --line: #d9dde2;
        --page: #ffffff; --band: #f4f6f8; --pass: #18794e; --passbg: #e6f6eb; --refuse: #2f5fb3;
        --refusebg: #e6effc; --skip: #60646c; --skipbg: #eceef1; --fail: #c3172b; --failbg: #fdd8dc;
        --none: #8a5a00; --nonebg: #fff0c7; }
      @media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --dim: #a4a9b2; --line: #363b42;
        --page: #15181c; --band: #1d2126; --pass: #5bd08e; --passbg: #12301f; --refuse: #8db8ff;
        --refusebg: #17294a; --skip: #b0b5bd; --skipbg: #2a2f36; --fail: #ff8f9b; --failbg: #4d1219;
        --none: #f5cf6b; --nonebg: #3d2e05; } }
      * { box-sizing: border-box; }
      body { margin: 0 auto; max-width: 82rem; padding: 2rem 1.25rem 5rem; background: var(--page);
        color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
      h1 { font-size: 1.7rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
      p { margin: .25rem 0 1rem; color: var(--dim); max-width: 60rem; }
      .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
      th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left;
        vertical-align: top; }
      thead th { background: var(--band); font-weight: 600; white-space: nowrap; }
      .matrix th[scope=row] { font: 13px/1.6 ui-monospace, monospace; font-weight: 400; width: 100%; }
      .matrix thead th + th, .matrix td { text-align: center; min-width: 7rem; }
      td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
      .mark { display: inline-block; min-width: 1.7rem; padding: 0 .4rem; border-radius: .4rem;
        font-weight: 600; text-align: center; }
      .passed { color: var(--pass); background: var(--passbg); }
      .refused_as_declared { color: var(--refuse); background: var(--refusebg); }
      .excluded { color: var(--skip); background: var(--skipbg); }
      .failed { color: var(--fail); background: var(--failbg); }
      .not_run { color: var(--none); background: var(--nonebg); }
      .legend span { margin-right: 1.2rem; white-space: nowrap; } code { font-size: 13px; }
      .note { font-size: 13px; color: var(--dim); white-space: pre-wrap; }
      """;

  private final ConformanceReport report;
  private final StringBuilder out = new StringBuilder();

  HtmlReport(ConformanceReport report) {
    this.report = report;
  }

  String text() {
    out.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
        .append("<title>Tracekeep conformance</title><style>\n")
        .append(STYLE)
        .append("</style></head><body>\n<h1>Tracekeep conformance</h1>\n")
        .append("<p>Every check of the kit on every store that it was run on. ")
        .append("Point at a mark for its reason.</p>\n");
    legend();
    summary();
    report.checksByGroup().forEach(this::group);
    notes();
    mutants();
    return out.append("</body></html>\n").toString();
  }

  private void legend() {
    out.append("<p class=\"legend\">");
    for (Outcome outcome : Outcome.values()) {
      out.append("<span>")
          .append(mark(outcome, ""))
          .append(' ')
          .append(escaped(ConformanceReport.words(outcome)))
          .append("</span> ");
    }
    out.append("</p>\n");
  }

  private void summary() {
    out.append("<h2>Runs</h2><div class=\"scroll\"><table><thead><tr><th>run</th><th>engine</th>")
        .append("<th>reached</th>");
    for (Outcome outcome : Outcome.values()) {
      out.append("<th class=\"number\">")
          .append(escaped(ConformanceReport.words(outcome)))
          .append("</th>");
    }
    out.append("<th class=\"number\">seconds</th></tr></thead><tbody>\n");
    for (RunResult run : report.runs()) {
      out.append("<tr><th scope=\"row\">")
          .append(escaped(run.name()))
          .append("</th><td>")
          .append(escaped(run.engine()))
          .append("</td><td>")
          .append(escaped(run.access()))
          .append("</td>");
      for (Outcome outcome : Outcome.values()) {
        long count = ConformanceReport.count(run, outcome);
        out.append("<td class=\"number\">").append(count == 0 ? "" : count).append("</td>");
      }
      long millis = run.results().stream().mapToLong(CheckResult::millis).sum();
      out.append("<td class=\"number\">")
          .append(Math.round(millis / 1000.0))
          .append("</td></tr>\n");
    }
    out.append("</tbody></table></div>\n");
  }

  private void group(String group, Set<String> checks) {
    out.append("<h2>")
        .append(escaped(group))
        .append("</h2><div class=\"scroll\"><table class=\"matrix\"><thead><tr><th>check</th>");
    report.runs().forEach(run -> out.append("<th>").append(escaped(run.name())).append("</th>"));
    out.append("</tr></thead><tbody>\n");
    for (String check : checks) {
      out.append("<tr><th scope=\"row\">").append(escaped(check)).append("</th>");
      for (RunResult run : report.runs()) {
        Optional<CheckResult> result = ConformanceReport.result(run, check);
        out.append("<td>")
            .append(
                result
                    .map(r -> mark(r.outcome(), r.note().isBlank() ? r.millis() + " ms" : r.note()))
                    .orElse(""))
            .append("</td>");
      }
      out.append("</tr>\n");
    }
    out.append("</tbody></table></div>\n");
  }

  private void notes() {
    out.append("<h2>Notes</h2><div class=\"scroll\"><table><thead><tr><th>run</th><th>check</th>")
        .append("<th>outcome</th><th>reason</th></tr></thead><tbody>\n");
    for (RunResult run : report.runs()) {
      for (CheckResult result : run.results()) {
        if (result.outcome() != Outcome.PASSED && result.outcome() != Outcome.NOT_RUN) {
          out.append("<tr><td>")
              .append(escaped(run.name()))
              .append("</td><td><code>")
              .append(escaped(result.check()))
              .append("</code></td><td>")
              .append(mark(result.outcome(), ""))
              .append(' ')
              .append(escaped(ConformanceReport.words(result.outcome())))
              .append("</td><td class=\"note\">")
              .append(escaped(result.note()))
              .append("</td></tr>\n");
        }
      }
    }
    out.append("</tbody></table></div>\n");
  }

  private void mutants() {
    if (report.mutants().isEmpty()) {
      return;
    }
    out.append("<h2>Broken storages, and the checks that notice</h2><p>")
        .append(report.mutants().size())
        .append(" storages are broken in one way each. The build fails if one passes.</p>")
        .append("<div class=\"scroll\"><table><thead><tr><th>fault</th><th>noticed by</th></tr>")
        .append("</thead><tbody>\n");
    report
        .mutants()
        .forEach(
            (fault, killers) ->
                out.append("<tr><td>")
                    .append(escaped(fault))
                    .append("</td><td>")
                    .append(killers(killers))
                    .append("</td></tr>\n"));
    out.append("</tbody></table></div>\n");
  }

  private static String killers(List<String> killers) {
    return String.join(", ", killers.stream().map(k -> "<code>" + escaped(k) + "</code>").toList());
  }

  private static String mark(Outcome outcome, String title) {
    return "<span class=\"mark "
        + outcome.name().toLowerCase(Locale.ROOT)
        + "\" title=\""
        + escaped(title)
        + "\" aria-label=\""
        + escaped(ConformanceReport.words(outcome))
        + "\">"
        + ConformanceReport.symbol(outcome)
        + "</span>";
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
