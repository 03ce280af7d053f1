package dev.tracekeep.cli;

import dev.tracekeep.migration.ArchivedRow;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.VerifyReport;
import dev.tracekeep.span.Json;
import dev.tracekeep.text.Printable;
import dev.tracekeep.text.Style;
import dev.tracekeep.text.Wording;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Plans, reports and journals of migrations, for people and as JSON. */
final class MigrationView {
  private static final int MAX_STATEMENT_LINES = 4;

  private final Console console;
  private final PrintWriter out;

  MigrationView(Console console) {
    this.console = console;
    this.out = console.out();
  }

  void print(MigrationPlan plan) {
    out.println(console.styled(Style.HEADING, "Table " + Printable.line(plan.table())));
    new Facts()
        .add("rows", plan.rows())
        .add("spans (keys)", plan.keys())
        .add("spans with duplicates", plan.duplicateGroups())
        .add("surplus rows", plan.surplusRows())
        .print(console);
    out.println("  uniqueness constraint: " + describe(plan.constraint()));
    if (plan.unfinishedMigrationId() != null) {
      out.println("  to be resumed: migration " + Printable.line(plan.unfinishedMigrationId()));
    }
    out.println();
    if (!plan.isNeeded()) {
      out.println(console.styled(Style.GOOD, "Nothing to do."));
    } else {
      out.println("Steps that would run");
      int number = 1;
      for (MigrationPlan.Step step : plan.steps()) {
        out.println("  " + number++ + ". " + step.step().description());
        if (step.statement() != null) {
          printStatement(step.statement());
        }
      }
    }
    print(plan.details(), plan.isNeeded());
    for (String refusal : plan.refusals()) {
      out.println(console.styled(Style.BAD, "Refused: ") + Printable.line(refusal));
    }
  }

  private void print(MigrationPlan.Details details, boolean needed) {
    if (!details.largestGroups().isEmpty()) {
      out.println();
      out.println("Spans with the most rows");
      for (MigrationPlan.Group group : details.largestGroups()) {
        out.println(
            String.format(
                Locale.ROOT,
                "  %,d  %s",
                group.rows(),
                Printable.line(String.join("/", group.key()))));
      }
    }
    if (!details.dependents().isEmpty()) {
      out.println();
      out.println("On the table");
      details.dependents().forEach(line -> out.println("  " + Printable.line(line)));
    }
    if (!needed) {
      return;
    }
    Facts facts = new Facts();
    Long bytes = details.archiveBytes();
    if (bytes != null) {
      facts.add(
          "room for the archive",
          String.format(Locale.ROOT, "about %,d KiB", (bytes + 1023) / 1024));
    }
    Duration estimate = details.estimate();
    if (estimate != null) {
      facts.add("time", "about " + Wording.duration(estimate, console.glyphs()));
    }
    if (!details.lock().isEmpty()) {
      facts.add("lock", details.lock());
    }
    out.println();
    facts.print(console);
    details.notes().forEach(note -> out.println("Note: " + Printable.line(note)));
  }

  private void printStatement(String statement) {
    int width = console.terminal().width() - 5;
    List<String> lines = statement.lines().toList();
    for (int i = 0; i < lines.size() && i < MAX_STATEMENT_LINES; i++) {
      String line =
          Terminal.CELLS.fit(Printable.line(lines.get(i)), width, console.glyphs().ellipsis());
      out.println("     " + console.styled(Style.FAINT, line));
    }
    if (lines.size() > MAX_STATEMENT_LINES) {
      out.println("     " + console.styled(Style.FAINT, console.glyphs().ellipsis()));
    }
  }

  private static String describe(MigrationPlan.ConstraintState state) {
    return switch (state) {
      case ABSENT -> "none";
      case PRESENT -> "in place";
      case INVALID -> "left behind by a failed attempt, enforces nothing";
    };
  }

  void print(MigrationReport report) {
    if (report.outcome() == MigrationReport.Outcome.NOTHING_TO_DO) {
      out.println(
          console.styled(Style.GOOD, "Nothing to do:")
              + " the table "
              + Printable.line(report.table())
              + " is as it should be.");
      return;
    }
    out.println(
        console.styled(
                Style.GOOD,
                report.outcome() == MigrationReport.Outcome.RESUMED ? "Resumed and done:" : "Done:")
            + " migration "
            + Printable.line(String.valueOf(report.migrationId()))
            + " of "
            + Printable.line(report.table())
            + " in "
            + Wording.duration(report.elapsed(), console.glyphs()));
    new Facts()
        .add("rows before", report.rowsBefore())
        .add("rows after", report.rowsAfter())
        .add("rows archived", report.rowsArchived())
        .add("spans with duplicates", report.duplicateGroups())
        .print(console);
    if (report.archive() != null) {
      out.println("  archive: " + Printable.line(report.archive()));
    }
  }

  void print(VerifyReport report) {
    out.println(
        "Migration "
            + Printable.line(report.migrationId())
            + ": "
            + (report.isSound()
                ? console.styled(Style.GOOD, "sound")
                : console.styled(Style.BAD, "not sound")));
    new Facts()
        .add("rows before", report.rowsBefore())
        .add("rows after", report.rowsAfter())
        .add("rows archived", report.rowsArchived())
        .print(console);
    for (String fault : report.faults()) {
      out.println(console.styled(Style.BAD, "  fault: ") + Printable.line(fault));
    }
    report.notes().forEach(note -> out.println("  note: " + Printable.line(note)));
  }

  void print(MigrationRecord migration) {
    out.println(
        Printable.line(migration.migrationId())
            + "  "
            + console.styled(style(migration.state()), lower(migration.state())));
    out.println(
        "  "
            + Printable.line(migration.table())
            + ", "
            + Wording.time(migration.startedAt())
            + " UTC"
            + (migration.finishedAt() == null
                ? ""
                : " to " + Wording.time(migration.finishedAt()) + " UTC"));
    out.println(
        String.format(
            Locale.ROOT,
            "  %s before, %,d %s, %s with duplicates",
            Wording.counted(migration.rowsBefore(), "row", "rows"),
            migration.state() == MigrationRecord.State.UNDONE
                ? migration.rowsRestored()
                : migration.rowsArchived(),
            migration.state() == MigrationRecord.State.UNDONE ? "restored" : "archived",
            Wording.counted(migration.duplicateGroups(), "span", "spans")));
  }

  void printDropped(String migrationId, List<String> dropped) {
    for (String table : dropped) {
      out.println("dropped " + Printable.line(table));
    }
    out.println(
        Printable.line(migrationId)
            + (dropped.isEmpty()
                ? ": nothing is kept any more, so there is nothing to drop."
                : ": this migration cannot be undone any more."));
  }

  private static Style style(MigrationRecord.State state) {
    return switch (state) {
      case FINISHED -> Style.GOOD;
      case UNFINISHED, UNDOING -> Style.PENDING;
      case UNDONE -> Style.FAINT;
    };
  }

  static Json document(MigrationPlan plan) {
    return Json.objectBuilder()
        .put("table", plan.table())
        .put("needed", plan.isNeeded())
        .put("rows", plan.rows())
        .put("keys", plan.keys())
        .put("duplicateGroups", plan.duplicateGroups())
        .put("surplusRows", plan.surplusRows())
        .put("constraint", lower(plan.constraint()))
        .put(
            "steps",
            Json.array(
                plan.steps().stream()
                    .map(
                        step ->
                            Json.objectBuilder()
                                .put("step", lower(step.step()))
                                .put("description", step.step().description())
                                .put("statement", text(step.statement()))
                                .build())
                    .toList()))
        .put("refusals", texts(plan.refusals()))
        .put("unfinishedMigrationId", text(plan.unfinishedMigrationId()))
        .put("details", document(plan.details()))
        .build();
  }

  private static Json document(MigrationPlan.Details details) {
    Long bytes = details.archiveBytes();
    Duration estimate = details.estimate();
    return Json.objectBuilder()
        .put(
            "largestGroups",
            Json.array(
                details.largestGroups().stream()
                    .map(
                        group ->
                            Json.objectBuilder()
                                .put("key", texts(group.key()))
                                .put("rows", group.rows())
                                .build())
                    .toList()))
        .put("archiveBytes", bytes == null ? Json.NULL : Json.of(bytes))
        .put("dependents", texts(details.dependents()))
        .put("estimateMillis", estimate == null ? Json.NULL : Json.of(estimate.toMillis()))
        .put("lock", details.lock())
        .put("notes", texts(details.notes()))
        .build();
  }

  /** A row of the archive, whole; bytes are in Base64. */
  static Json document(ArchivedRow row) {
    return Json.objectBuilder()
        .put("migrationId", row.migrationId())
        .put("archivedAt", row.archivedAt())
        .put("reason", row.reason())
        .put("key", values(row.key()))
        .put("winner", values(row.winner()))
        .put("row", values(row.row()))
        .build();
  }

  private static Json values(Map<String, @Nullable Object> values) {
    Map<String, Json> members = new LinkedHashMap<>();
    values.forEach((name, value) -> members.put(name, value(value)));
    return Json.object(members);
  }

  private static Json value(@Nullable Object value) {
    if (value == null) {
      return Json.NULL;
    }
    if (value instanceof Boolean flag) {
      return Json.of(flag);
    }
    if (value instanceof BigDecimal number) {
      return Json.of(number);
    }
    if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      return Double.isFinite(number) ? Json.of(number) : Json.of(value.toString());
    }
    if (value instanceof Number number) {
      return Json.of(new BigDecimal(number.toString()));
    }
    return Json.of(
        value instanceof byte[] bytes
            ? Base64.getEncoder().encodeToString(bytes)
            : value.toString());
  }

  private static Json texts(List<String> texts) {
    return Json.array(texts.stream().map(Json::of).toList());
  }

  static Json document(MigrationReport report) {
    return Json.objectBuilder()
        .put("migrationId", text(report.migrationId()))
        .put("table", report.table())
        .put("outcome", lower(report.outcome()))
        .put("rowsBefore", report.rowsBefore())
        .put("rowsAfter", report.rowsAfter())
        .put("rowsArchived", report.rowsArchived())
        .put("duplicateGroups", report.duplicateGroups())
        .put("archive", text(report.archive()))
        .put("elapsedMillis", report.elapsed().toMillis())
        .build();
  }

  static Json document(VerifyReport report) {
    return Json.objectBuilder()
        .put("migrationId", report.migrationId())
        .put("sound", report.isSound())
        .put("rowsBefore", report.rowsBefore())
        .put("rowsAfter", report.rowsAfter())
        .put("rowsArchived", report.rowsArchived())
        .put("faults", texts(report.faults()))
        .put("notes", texts(report.notes()))
        .build();
  }

  static Json document(MigrationRecord migration) {
    Instant finishedAt = migration.finishedAt();
    return Json.objectBuilder()
        .put("migrationId", migration.migrationId())
        .put("table", migration.table())
        .put("state", lower(migration.state()))
        .put("startedAt", migration.startedAt().toString())
        .put("finishedAt", text(finishedAt == null ? null : finishedAt.toString()))
        .put("rowsBefore", migration.rowsBefore())
        .put("rowsArchived", migration.rowsArchived())
        .put("rowsRestored", migration.rowsRestored())
        .put("duplicateGroups", migration.duplicateGroups())
        .build();
  }

  static Json dropped(String migrationId, List<String> dropped) {
    return Json.objectBuilder()
        .put("migrationId", migrationId)
        .put("dropped", Json.array(dropped.stream().map(Json::of).toList()))
        .build();
  }

  private static Json text(@Nullable String value) {
    return value == null ? Json.NULL : Json.of(value);
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
