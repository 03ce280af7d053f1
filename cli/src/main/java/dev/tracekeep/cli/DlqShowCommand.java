package dev.tracekeep.cli;

import dev.tracekeep.document.DeadLetter;
import dev.tracekeep.ingest.DeadLetterLog;
import dev.tracekeep.text.Printable;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "show",
    description = "Show letters: when, what was asked for, which span, and why it is there.",
    footer = {"", "With --json each letter is one line with the whole span, as it is in the log."})
final class DlqShowCommand implements Callable<Integer> {
  private final CommandContext context;

  @Option(
      names = "--kind",
      paramLabel = "KIND",
      description = "Only 'deferred' or only 'refused' letters.")
  private DeadLetterLog.@Nullable Kind kind;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "50",
      description = "At most so many; 50 if not given.")
  private int limit;

  @Option(names = "--json", description = "Print JSON lines with the whole spans instead.")
  private boolean json;

  @Mixin private LetterFolder folder = new LetterFolder();
  @Mixin private CommonOptions common = new CommonOptions();

  DlqShowCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return folder.reading(this::show);
  }

  private int show(DeadLetterLog log) throws IOException {
    int shown = 0;
    long more = 0;
    for (DeadLetterLog.Segment segment : log.segments()) {
      if (kind != null && segment.kind() != kind) {
        continue;
      }
      for (DeadLetter letter : log.read(segment).letters()) {
        if (shown < limit) {
          print(letter);
          shown++;
        } else {
          more++;
        }
      }
    }
    if (more > 0) {
      context.console().err().printf(Locale.ROOT, "... and %,d more; --limit shows them.%n", more);
    }
    return ExitCode.OK;
  }

  private void print(DeadLetter letter) {
    context
        .console()
        .out()
        .println(
            json
                ? letter.toLine()
                : letter.recordedAt()
                    + "  "
                    + letter.operation().name().toLowerCase(Locale.ROOT)
                    + "  "
                    + letter.key()
                    + "  "
                    + Printable.line(letter.reason()));
  }
}
