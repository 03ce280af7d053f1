package dev.tracekeep.cli;

import dev.tracekeep.document.DeadLetter;
import dev.tracekeep.ingest.DeadLetterLog;
import dev.tracekeep.span.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "list", description = "List the segments of a dead-letter log, oldest first.")
final class DlqListCommand implements Callable<Integer> {
  private final CommandContext context;

  @Option(names = "--json", description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private LetterFolder folder = new LetterFolder();
  @Mixin private CommonOptions common = new CommonOptions();

  DlqListCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return folder.reading(this::list);
  }

  private int list(DeadLetterLog log) throws IOException {
    List<Json> documents = new ArrayList<>();
    for (DeadLetterLog.Segment segment : log.segments()) {
      DeadLetterLog.Content content = log.read(segment);
      if (json) {
        documents.add(document(segment, content));
      } else {
        print(segment, content);
      }
    }
    if (json) {
      context
          .console()
          .out()
          .println(Json.objectBuilder().put("segments", Json.array(documents)).build().text());
    } else if (log.segments().isEmpty()) {
      context.console().err().println("The dead-letter log is empty.");
    }
    return ExitCode.OK;
  }

  private static Json document(DeadLetterLog.Segment segment, DeadLetterLog.Content content) {
    return Json.objectBuilder()
        .put("file", segment.fileName())
        .put("kind", kind(segment))
        .put("letters", content.letters().size())
        .put("bytes", segment.bytes())
        .put("firstRecordedAt", recordedAt(content, 0))
        .put("lastRecordedAt", recordedAt(content, content.letters().size() - 1))
        .put("damagedLines", content.damagedLines())
        .build();
  }

  private void print(DeadLetterLog.Segment segment, DeadLetterLog.Content content) {
    List<DeadLetter> letters = content.letters();
    context
        .console()
        .out()
        .printf(
            Locale.ROOT,
            "%s  %,d letters, %,d bytes%s%s%n",
            segment.fileName(),
            letters.size(),
            segment.bytes(),
            letters.isEmpty() ? "" : ", from " + recordedAt(content, 0),
            content.damagedLines() == 0 ? "" : ", " + content.damagedLines() + " lines damaged");
  }

  private static @Nullable String recordedAt(DeadLetterLog.Content content, int index) {
    return content.letters().isEmpty()
        ? null
        : content.letters().get(index).recordedAt().toString();
  }

  static String kind(DeadLetterLog.Segment segment) {
    return segment.kind().name().toLowerCase(Locale.ROOT);
  }
}
