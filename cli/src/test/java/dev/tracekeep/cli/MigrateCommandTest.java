package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationProgress;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.span.Json;
import dev.tracekeep.text.Glyphs;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MigrateCommandTest {
  private static final Pattern ID = Pattern.compile("dedupe-[0-9A-Za-z-]+");

  @TempDir private Path folder;
  private TestScreen screen;

  @BeforeEach
  void createLegacyTable() throws SQLException {
    TestStore store = new TestStore(folder);
    screen = store.screen();
    new LegacyTable(store.url()).create();
  }

  private int migrate(String command, String... more) {
    String[] arguments = new String[4 + more.length];
    arguments[0] = "migrate";
    arguments[1] = command;
    arguments[2] = "--table";
    arguments[3] = LegacyTable.NAME;
    System.arraycopy(more, 0, arguments, 4, more.length);
    return screen.run(arguments);
  }

  private static String id(String output) {
    Matcher matcher = ID.matcher(output);
    assertThat(matcher.find()).isTrue();
    return matcher.group();
  }

  @Test
  void plan_countsAndChangesNothing() {
    assertThat(migrate("plan")).isEqualTo(ExitCode.OK);
    String first = screen.out();
    assertThat(first)
        .startsWith(
            """
            Table main.mastra_ai_spans
              rows                   255
              spans (keys)           200
              spans with duplicates   45
              surplus rows            55
              uniqueness constraint: none

            Steps that would run
              1. make the archive and open the journal
            """)
        .contains("\nSpans with the most rows\n")
        .endsWith("\nTo run them: tracekeep migrate apply --table mastra_ai_spans\n");
    migrate("plan");
    assertThat(screen.out()).isEqualTo(first);
    assertThat(migrate("apply", "--dry-run")).isEqualTo(ExitCode.OK);
    assertThat(first).startsWith(screen.out());
    assertThat(migrate("list", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).isEqualTo("{\"migrations\":[]}\n");
  }

  @Test
  void plan_json() {
    assertThat(migrate("plan", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .startsWith(
            "{\"table\":\"main.mastra_ai_spans\",\"needed\":true,\"rows\":255,\"keys\":200,"
                + "\"duplicateGroups\":45,\"surplusRows\":55,\"constraint\":\"absent\",\"steps\":["
                + "{\"step\":\"prepare\",")
        .contains(
            "\"refusals\":[],\"unfinishedMigrationId\":null,\"details\":{\"largestGroups\":[{")
        .endsWith("}}\n");
  }

  @Test
  void applyVerifyUndo_bringTheTableBackToWhatItWas() {
    assertThat(migrate("apply", "--yes")).isEqualTo(ExitCode.OK);
    String applied = screen.out();
    String id = id(applied);
    assertThat(applied)
        .contains(
            """
              rows before            255
              rows after             200
              rows archived           55
              spans with duplicates   45
              archive: mastra_ai_spans_dedupe_archive
            """)
        .contains("tracekeep migrate undo " + id + " --table mastra_ai_spans\n");

    assertThat(migrate("apply", "--yes", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).contains("\"migrationId\":null", "\"outcome\":\"nothing_to_do\"");

    assertThat(migrate("verify")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .isEqualTo(
            """
            Migration %s: sound
              rows before    255
              rows after     200
              rows archived   55
            """
                .formatted(id));

    assertThat(migrate("archive", id)).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).hasLineCount(55);
    assertThat(migrate("archive", id, "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .hasLineCount(55)
        .startsWith("{\"migrationId\":\"" + id + "\",\"archivedAt\":");

    assertThat(migrate("undo", id)).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err()).contains("add --yes");
    assertThat(migrate("undo", id, "--yes")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).startsWith(id + "  undone\n").contains("55 restored");
    assertThat(migrate("plan", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).contains("\"rows\":255,\"keys\":200");
    assertThat(migrate("list")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).startsWith(id + "  undone\n").hasLineCount(3);
  }

  @Test
  void verify_unknownMigration_isNotFound() {
    assertThat(migrate("verify")).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(screen.err()).contains("no finished migration");
    assertThat(migrate("verify", "nope")).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(screen.err()).contains("There is no migration nope of this table.");
    assertThat(migrate("undo", "nope", "--yes")).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(migrate("drop", "nope", "--yes")).isEqualTo(ExitCode.NOT_FOUND);
  }

  @Test
  void plan_ownTableAbsent_isNotFound() {
    assertThat(screen.run("migrate", "plan")).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(screen.err()).contains("nothing to migrate");
  }

  @Test
  void migrate_withoutACommand_listsThem() {
    assertThat(screen.run("migrate")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err())
        .isEqualTo(
            """
            tracekeep: Say what to do: plan, apply, verify, undo, archive, drop or list.
            Commands: plan, apply, verify, undo, archive, drop, list.
            Try 'tracekeep migrate --help'.
            """);
  }

  @Test
  void apply_whereNobodyCanBeAsked_needsYes() {
    assertThat(migrate("apply")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err())
        .isEqualTo(
            "tracekeep: This changes the table, and nobody can be asked here: add --yes. Nothing"
                + " was changed.\n");
    assertThat(migrate("list", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).isEqualTo("{\"migrations\":[]}\n");
  }

  private static InputStream typed(String text) {
    return new ByteArrayInputStream((text + "\n").getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void apply_onATerminal_asksAndTakesNoForNo() {
    screen.with(new Terminal(false, true, Glyphs.ASCII, 80)).with(typed("no"));
    assertThat(migrate("apply")).isEqualTo(ExitCode.FAILURE);
    assertThat(screen.err())
        .contains("255 rows, of which 55 move into the archive, for 45 spans with duplicates.")
        .contains("Writers wait at most 2.00 s for a lock")
        .contains("Go on? Type yes: ")
        .contains("Nothing was changed.");
    screen.with(typed("yes"));
    assertThat(migrate("apply")).isEqualTo(ExitCode.OK);
  }

  @Test
  void drop_letsTheArchiveGo() {
    migrate("apply", "--yes");
    String id = id(screen.out());
    assertThat(migrate("drop", id)).isEqualTo(ExitCode.USAGE);
    assertThat(migrate("finish", id, "--yes")).as("the old word").isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .contains("mastra_ai_spans_dedupe_archive\n")
        .endsWith(id + ": this migration cannot be undone any more.\n");
    assertThat(migrate("drop", id, "--yes", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).isEqualTo("{\"migrationId\":\"" + id + "\",\"dropped\":[]}\n");
    assertThat(migrate("undo", id, "--yes")).isEqualTo(ExitCode.FAILURE);
    assertThat(screen.err()).contains("what it kept was dropped on");
  }

  @Test
  void apply_withAnAuditFile_writesEachRemovedRow() throws IOException {
    Path audit = folder.resolve("audit.ndjson");
    assertThat(migrate("apply", "--yes", "--audit-file", audit.toString())).isEqualTo(ExitCode.OK);
    assertThat(Files.readAllLines(audit))
        .hasSize(55)
        .allSatisfy(line -> assertThat(Json.parse(line).members()).containsKeys("reason", "row"));
  }

  @Test
  void apply_withAnAuditFileThatCannotBeWritten_movesNothing() {
    Path audit = folder.resolve("no").resolve("audit.ndjson");
    assertThat(migrate("apply", "--yes", "--audit-file", audit.toString()))
        .isEqualTo(ExitCode.FAILURE);
    assertThat(screen.err()).contains("The audit file " + audit + " cannot be written");
    assertThat(migrate("plan", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).contains("\"rows\":255,\"keys\":200");
  }

  @Test
  void apply_withAnArchivesName_movesThere() {
    assertThat(migrate("apply", "--yes", "--archive-table", "removed", "--json"))
        .isEqualTo(ExitCode.OK);
    assertThat(screen.out()).contains("\"archive\":\"removed\"");
  }

  @Test
  void wrongOptions_areNamed() {
    assertThat(migrate("apply", "--yes", "--pause", "soon")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err()).contains("--pause is a number and a unit, such as 500ms, 2s or 1m");
    assertThat(migrate("apply", "--yes", "--lock-timeout", "5")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err()).contains("--lock-timeout is a number and a unit");
    assertThat(migrate("apply", "--yes", "--batch-rows", "0")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err()).contains("--batch-rows must be at least 1.");
    assertThat(migrate("apply", "--yes", "-P", "lock-timeout=soon")).isEqualTo(ExitCode.USAGE);
    assertThat(migrate("apply", "--yes", "--layout", "langfuse")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err()).contains("--layout is auto, tracekeep or mastra, not langfuse.");
    assertThat(migrate("plan", "--column", "end=x")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err()).contains("--column knows no end, but tenant-id, trace-id, span-id");
    assertThat(screen.run("migrate", "plan", "--column", "ended-at=x")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err()).contains("name it by --table");
  }

  @Test
  void missingTable_isNotFound() {
    for (String command : List.of("plan", "apply")) {
      assertThat(
              command.equals("plan")
                  ? screen.run("migrate", command, "--table", "nothing")
                  : screen.run("migrate", command, "--table", "nothing", "--yes"))
          .as(command)
          .isEqualTo(ExitCode.NOT_FOUND);
      assertThat(screen.err()).contains("There is no table").contains("nothing");
    }
  }

  @Test
  void plan_ofColumnsNobodyKnows_showsTheOption() throws SQLException {
    new TestStore(folder)
        .execute("CREATE TABLE odd AS SELECT 't' AS tr, 's' AS span_id, 1 AS closed");
    assertThat(screen.run("migrate", "plan", "--table", "odd")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err()).contains("--column trace-id=NAME --column ended-at=NAME");
    assertThat(
            screen.run(
                "migrate",
                "plan",
                "--table",
                "odd",
                "--column",
                "trace-id=tr",
                "--column",
                "ended-at=closed"))
        .isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .endsWith(
            "tracekeep migrate apply --table odd --column trace-id=tr --column ended-at=closed\n");
  }

  @Test
  void plan_thatWouldBeRefused_exitsWithFour() throws SQLException {
    new TestStore(folder)
        .execute(
            "CREATE TABLE holed AS SELECT NULL::VARCHAR AS trace_id, 's' AS span_id, 1 AS"
                + " ended_at");
    assertThat(screen.run("migrate", "plan", "--table", "holed"))
        .isEqualTo(ExitCode.MIGRATION_REQUIRED);
    assertThat(screen.out()).contains("Refused: ");
    assertThat(screen.run("migrate", "apply", "--table", "holed", "--yes"))
        .isEqualTo(ExitCode.MIGRATION_REQUIRED);
    assertThat(screen.err()).contains("is refused, nothing was changed.");
  }

  @Test
  void gracefulStop_endsAtTheNextStatement() {
    MigrationProgress progress =
        new MigrationProgress(
            "m", MigrationStep.ARCHIVE, MigrationProgress.Phase.AFTER, "batch 1", 1, 2L);
    try (GracefulStop stop = new GracefulStop(() -> {})) {
      List<MigrationProgress> heard = new ArrayList<>();
      MigrationListener listener = stop.around(heard::add);
      listener.onProgress(progress);
      stop.request();
      assertThatThrownBy(() -> listener.onProgress(progress))
          .isInstanceOf(GracefulStop.Stopped.class);
      assertThat(heard).hasSize(2);
    }
  }
}
