package dev.tracekeep.cli;

import dev.tracekeep.ingest.DeadLetterLog;
import dev.tracekeep.ingest.PipelineListener;
import dev.tracekeep.ingest.PipelineOptions;
import dev.tracekeep.ingest.PipelineStatistics;
import dev.tracekeep.ingest.SpanPipeline;
import dev.tracekeep.ingest.StoreState;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.text.Printable;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "replay",
    description = "Store the letters of a dead-letter log, oldest first.",
    footer = {
      "",
      "Refused letters are tried again, too: what the store still refuses stays in",
      "the log. A segment goes when all of its spans are stored. Stopped half-way,",
      "replay can be run again; what was stored does not change."
    })
final class DlqReplayCommand implements Callable<Integer> {
  private static final int REPORTED_PROBLEMS = 20;

  private final CommandContext context;

  @Option(names = "--json", description = "Print the summary as one JSON document.")
  private boolean json;

  @Mixin private LetterFolder folder = new LetterFolder();
  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  DlqReplayCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return folder.writing(this::replay);
  }

  private int replay(DeadLetterLog log) throws IOException {
    AtomicReference<String> unavailable = new AtomicReference<>("");
    AtomicInteger problems = new AtomicInteger();
    PipelineListener listener =
        new PipelineListener() {
          @Override
          public void deadLettered(SpanKey span, String reason) {
            report(problems, "span " + span + " stays in the log: " + reason);
          }

          @Override
          public void missing(SpanKey span) {
            report(problems, "span " + span + " is not stored, so it cannot be updated");
          }

          @Override
          public void stateChanged(StoreState from, StoreState to, String reason) {
            if (to == StoreState.UNAVAILABLE) {
              unavailable.set(reason);
            }
          }

          @Override
          public void logFailed(String reason) {
            report(problems, reason);
          }
        };
    try (ObservabilityStorage storage = store.openForWriting(context)) {
      boolean drained;
      PipelineStatistics.Replay result;
      try (SpanPipeline pipeline = SpanPipeline.open(storage, options(storage, listener), log)) {
        drained = pipeline.replayDeadLetters(true, Duration.ofDays(365));
        result = pipeline.statistics().replay();
      }
      print(result, problems.get());
      if (!drained) {
        context
            .console()
            .message(
                "Stopped, because the store is unavailable: "
                    + unavailable.get()
                    + " What is not stored stays in the log; replay can be run again.");
        return ExitCode.FAILURE;
      }
      return result.deadLettered() + result.missing() + result.damaged() > 0
          ? ExitCode.PARTIAL
          : ExitCode.OK;
    }
  }

  /** In the order of the log wherever the store takes updates. */
  private static PipelineOptions options(ObservabilityStorage storage, PipelineListener listener) {
    boolean takesUpdates =
        storage.tracingStrategy().supported().contains(TracingStrategy.BATCH_WITH_UPDATES);
    return PipelineOptions.builder()
        .strategy(
            takesUpdates
                ? TracingStrategy.BATCH_WITH_UPDATES.configName()
                : TracingStrategySupport.AUTO)
        .listener(listener)
        .build();
  }

  private void report(AtomicInteger problems, String message) {
    if (problems.getAndIncrement() < REPORTED_PROBLEMS) {
      context.console().message(Printable.line(message));
    }
  }

  private void print(PipelineStatistics.Replay result, int problems) {
    if (problems > REPORTED_PROBLEMS) {
      context.console().message("... and " + (problems - REPORTED_PROBLEMS) + " more problems");
    }
    if (json) {
      context
          .console()
          .out()
          .println(
              Json.objectBuilder()
                  .put("stored", result.written())
                  .put("refused", result.deadLettered())
                  .put("missing", result.missing())
                  .put("damagedLines", result.damaged())
                  .build()
                  .text());
      return;
    }
    Facts facts = new Facts().add("stored", result.written());
    if (result.deadLettered() > 0) {
      facts.add("refused again", result.deadLettered());
    }
    if (result.missing() > 0) {
      facts.add("updates without a span", result.missing());
    }
    if (result.damaged() > 0) {
      facts.add("damaged lines, kept aside", result.damaged());
    }
    facts.print(context.console());
  }
}
