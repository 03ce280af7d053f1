package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.document.DeadLetter;
import dev.tracekeep.document.SpanLine;
import dev.tracekeep.ingest.DeadLetterLog;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DlqCommandTest {
  private static final Instant NOW = Instant.parse("2026-01-31T12:00:00Z");

  @TempDir Path folder;
  private TestStore store;
  private TestScreen screen;
  private Path log;

  @BeforeEach
  void layDownALog() throws IOException {
    store = new TestStore(folder);
    screen = store.screen();
    log = folder.resolve("letters");
    DeadLetterLog.open(log).close();
    write(
        "000000000000-deferred.jsonl",
        create("a"),
        new DeadLetter(
            DeadLetter.Operation.UPDATE,
            null,
            SpanUpdate.builder(SpanKey.of("trace", "a"), NOW.plusSeconds(1))
                .output(Json.of("done"))
                .build(),
            NOW,
            "the store is down"));
    write("000000000001-refused.jsonl", create("b"));
  }

  private void write(String name, DeadLetter... letters) throws IOException {
    StringBuilder text = new StringBuilder();
    for (DeadLetter letter : letters) {
      text.append(letter.toLine()).append('\n');
    }
    Files.writeString(log.resolve(name), text.toString());
  }

  private static DeadLetter create(String id) {
    return new DeadLetter(
        DeadLetter.Operation.CREATE,
        Span.builder(SpanKey.of("trace", id))
            .name("work")
            .startedAt(NOW)
            .createdAt(NOW)
            .updatedAt(NOW)
            .build(),
        null,
        NOW,
        "the store is down");
  }

  @Test
  void list_namesSegmentsAndCounts() {
    assertThat(screen.run("dlq", "list", log.toString())).isEqualTo(ExitCode.OK);

    assertThat(screen.out().lines())
        .anyMatch(line -> line.matches("000000000000-deferred.jsonl  2 letters, .*"))
        .anyMatch(line -> line.matches("000000000001-refused.jsonl  1 letters, .*"));
    assertThat(screen.run("dlq", "list", "--json", log.toString())).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).contains("\"kind\":\"refused\",\"letters\":1");
  }

  @Test
  void show_saysWhichSpanAndWhy() {
    assertThat(screen.run("dlq", "show", "--kind", "deferred", log.toString())).isZero();

    assertThat(screen.out())
        .isEqualTo(
            """
            2026-01-31T12:00:00Z  create  default/trace/a  the store is down
            2026-01-31T12:00:00Z  update  default/trace/a  the store is down
            """);
    assertThat(screen.run("dlq", "show", "--json", "--limit", "1", log.toString())).isZero();
    assertThat(screen.out()).isEqualTo(create("a").toLine() + "\n");
    assertThat(screen.err()).contains("and 2 more");
  }

  @Test
  void replay_storesAllInOrderAndEmptiesTheLog() throws IOException {
    assertThat(screen.run("dlq", "replay", "--json", log.toString())).isEqualTo(ExitCode.OK);

    assertThat(screen.out())
        .isEqualTo("{\"stored\":3,\"refused\":0,\"missing\":0,\"damagedLines\":0}\n");
    try (DeadLetterLog after = DeadLetterLog.openForReading(log)) {
      assertThat(after.segments()).isEmpty();
    }
    assertThat(screen.run("trace", "trace", "--json")).isZero();
    assertThat(screen.out()).contains("\"done\"").contains("\"spanId\":\"b\"");
    assertThat(screen.run("dlq", "replay", log.toString())).isEqualTo(ExitCode.OK);
  }

  @Test
  void replay_ofAnUpdateWithoutItsSpan_isPartial() throws IOException {
    Files.delete(log.resolve("000000000001-refused.jsonl"));
    write(
        "000000000000-deferred.jsonl",
        new DeadLetter(
            DeadLetter.Operation.UPDATE,
            null,
            SpanUpdate.builder(SpanKey.of("trace", "none"), NOW).output(Json.of("x")).build(),
            NOW,
            "down"));

    assertThat(screen.run("dlq", "replay", log.toString())).isEqualTo(ExitCode.PARTIAL);
    assertThat(screen.err()).contains("default/trace/none is not stored");
  }

  @Test
  void import_takesLettersAndLinesOfWholeSpans() throws IOException {
    String letters = log.resolve("000000000000-deferred.jsonl").toString();
    String lines = store.write("spans.jsonl", SpanLine.of(create("c").span()) + "\n\nno span\n");

    assertThat(screen.run("import", "--json", letters, lines)).isEqualTo(ExitCode.PARTIAL);

    assertThat(screen.out()).contains("\"accepted\":2");
    assertThat(screen.err())
        .contains("'tracekeep dlq replay' stores it")
        .contains("spans.jsonl:3: line is no JSON object");
  }

  @Test
  void replay_whileAProgramUsesTheLog_isRefused() throws IOException {
    try (DeadLetterLog used = DeadLetterLog.open(log)) {
      assertThat(used.segments()).hasSize(2);
      assertThat(screen.run("dlq", "replay", log.toString())).isEqualTo(ExitCode.NOT_FOUND);
      assertThat(screen.err()).contains("in use by a running program");
    }
  }

  @Test
  void purge_deletesTheKindThatIsNamed() throws IOException {
    assertThat(screen.run("dlq", "purge", log.toString())).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err()).contains("--kind refused");
    assertThat(screen.run("dlq", "purge", "--kind", "refused", log.toString())).isZero();
    assertThat(screen.out()).contains("letters deleted  1");
    try (DeadLetterLog after = DeadLetterLog.openForReading(log)) {
      assertThat(after.segments()).hasSize(1);
    }
    assertThat(screen.run("dlq", "purge", "--all", log.toString())).isZero();
    assertThat(screen.out()).contains("letters deleted  2");
  }

  @Test
  void folder_thatIsNotThere_isSaidAndNotMade() {
    String none = folder.resolve("none").toString();

    for (String command : new String[] {"list", "show", "replay"}) {
      assertThat(screen.run("dlq", command, none)).isEqualTo(ExitCode.NOT_FOUND);
      assertThat(screen.err()).contains("is no folder");
    }
    assertThat(folder.resolve("none")).doesNotExist();
  }
}
