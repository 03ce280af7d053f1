package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.SQLException;
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
            Table mastra_ai_spans
              rows                   255
              spans (keys)           200
              spans with duplicates   45
              surplus rows            55
              uniqueness constraint: none

            Steps that would run
              1. make the archive and open the journal
            """)
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
            "{\"table\":\"mastra_ai_spans\",\"needed\":true,\"rows\":255,\"keys\":200,"
                + "\"duplicateGroups\":45,\"surplusRows\":55,\"constraint\":\"absent\",\"steps\":["
                + "{\"step\":\"prepare\",")
        .endsWith("\"refusals\":[],\"unfinishedMigrationId\":null}\n");
  }

  @Test
  void applyVerifyUndo_bringTheTableBackToWhatItWas() {
    assertThat(migrate("apply")).isEqualTo(ExitCode.OK);
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

    assertThat(migrate("apply", "--json")).isEqualTo(ExitCode.OK);
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

    assertThat(migrate("finish", id)).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .isEqualTo(id + ": nothing is kept beside the archive, so there is nothing to drop.\n");
    assertThat(migrate("finish", id, "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).isEqualTo("{\"migrationId\":\"" + id + "\",\"dropped\":[]}\n");

    assertThat(migrate("undo", id)).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).startsWith(id + "  undone\n");
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
    assertThat(migrate("undo", "nope")).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(migrate("finish", "nope")).isEqualTo(ExitCode.NOT_FOUND);
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
            tracekeep: Say what to do: plan, apply, verify, undo, finish or list.
            Commands: plan, apply, verify, undo, finish, list.
            Try 'tracekeep migrate --help'.
            """);
  }
}
