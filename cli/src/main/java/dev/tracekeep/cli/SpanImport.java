package dev.tracekeep.cli;

import dev.tracekeep.otlp.OtlpHandler;
import dev.tracekeep.otlp.OtlpProblem;
import dev.tracekeep.otlp.OtlpReader;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.WriteResult;
import dev.tracekeep.text.Printable;
import dev.tracekeep.text.Wording;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads inputs and stores their spans: one thread reads, as many as there are cores decode, another
 * one writes. Problems are printed at the end, each kind once. Where the process is told to end
 * before that (by Ctrl-C, or a service's stop), what was read is written and summed up. For one
 * run.
 */
final class SpanImport {
  private static final String CONFLICT =
      "has two starts: two spans have this id, and only the better one is kept. Ids come twice from"
          + " a generator with a fixed seed, or from processes forked with its state";

  private final ObservabilityStorage storage;
  private final OtlpReader reader;
  private final Progress progress;
  private final ProblemReport problems = new ProblemReport();
  private final AtomicBoolean ended = new AtomicBoolean();
  private @Nullable Instant updatedAt;
  private Consumer<ImportSummary> onInterrupt = summary -> {};

  // The reading thread's, but for the summary of an import that is interrupted.
  private volatile int files;
  private volatile int failedFiles;
  private long bytesBefore;
  private volatile long start;

  private final ExecutorService decoders =
      Executors.newFixedThreadPool(
          Runtime.getRuntime().availableProcessors(), BatchWriter.daemon("decoder"));
  // The writing thread's until it has finished.
  private long accepted;
  private long repeated;
  private WriteResult.@Nullable Counts counts = WriteResult.Counts.NONE;

  SpanImport(ObservabilityStorage storage, OtlpReader reader, Progress progress) {
    this.storage = storage;
    this.reader = reader;
    this.progress = progress;
  }

  /** Gives all spans another {@code updatedAt} than that of their input. */
  SpanImport updatedAt(@Nullable Instant value) {
    updatedAt = value;
    return this;
  }

  /**
   * Says what to do with the summary of an import that is interrupted; runs on a thread of its own.
   */
  SpanImport onInterrupt(Consumer<ImportSummary> action) {
    onInterrupt = action;
    return this;
  }

  /** An input that could not even be opened. */
  void unreadable(String message) {
    failedFiles++;
    progress.message(Printable.line(message));
  }

  /**
   * Imports everything, in order.
   *
   * @throws StorageException if the store fails for good; what was written before stays
   */
  ImportSummary run(List<ImportSource> sources) {
    start = System.nanoTime();
    boolean sized = sources.stream().allMatch(source -> source.size() >= 0);
    long total = sized ? sources.stream().mapToLong(ImportSource::size).sum() : -1;
    progress.begin("Importing", total, Progress.Unit.BYTES);
    try (BatchWriter writer =
        new BatchWriter(
            storage::batchCreateSpans,
            this::written,
            failure -> progress.message("Trying again: " + failure.getMessage()))) {
      Thread onExit = new Thread(() -> interrupted(writer), "tracekeep-import-interrupted");
      Runtime.getRuntime().addShutdownHook(onExit);
      try {
        for (ImportSource source : sources) {
          read(source, writer);
        }
        writer.finish();
      } finally {
        end(onExit);
      }
      problems.print(progress::message);
      return summary(writer);
    } catch (StorageException e) {
      problems.print(progress::message);
      progress.message(stored() + " stored before the failure; importing again is safe.");
      throw e;
    } finally {
      decoders.shutdownNow();
    }
  }

  /** From here on the run ends in the usual way; if it is being interrupted, it stays here. */
  private void end(Thread onExit) {
    if (!ended.compareAndSet(false, true)) {
      while (true) {
        LockSupport.park(this); // The other thread sums up, and then the process is gone.
      }
    }
    try {
      Runtime.getRuntime().removeShutdownHook(onExit);
    } catch (IllegalStateException e) {
      // The process is going down, and the hook does nothing any more.
    }
  }

  private void interrupted(BatchWriter writer) {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    try {
      String failure = writer.stop();
      problems.print(progress::message);
      progress.message(
          failure == null
              ? "Interrupted: what was read until then is stored; importing again is safe."
              : "Interrupted, and not all that was read is stored ("
                  + failure
                  + "); importing again is safe.");
      onInterrupt.accept(summary(writer));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private ImportSummary summary(BatchWriter writer) {
    return new ImportSummary(
        files,
        failedFiles,
        writer.added(),
        accepted,
        repeated,
        counts,
        problems.count(OtlpProblem.Severity.REFUSED),
        problems.count(OtlpProblem.Severity.WARNING),
        Duration.ofNanos(System.nanoTime() - start));
  }

  private String stored() {
    return Wording.counted(accepted, "span was", "spans were");
  }

  private void read(ImportSource source, BatchWriter writer) {
    long before = writer.added();
    boolean again;
    do {
      again = source.isFollowed();
      try (InputStream stream = source.opener().open()) {
        files++;
        read(stream, source, new Handler(writer));
        bytesBefore += Math.max(0, source.size());
      } catch (IOException e) {
        failedFiles++;
        again = false;
        progress.message(
            Printable.line(
                source.name()
                    + ": cannot be read on: "
                    + e.getMessage()
                    + String.format(
                        Locale.ROOT, " (%,d spans were read before)", writer.added() - before)));
      }
    } while (again);
  }

  /** A pipe must not be waited for to know what it brings: OTLP is read as it comes. */
  private void read(InputStream stream, ImportSource source, Handler handler) throws IOException {
    if (source.size() < 0 || source.isFollowed()) {
      reader.read(stream, source.name(), handler);
      return;
    }
    BufferedInputStream buffered = new BufferedInputStream(stream);
    if (SpanLineReader.isOne(buffered)) {
      SpanLineReader.read(buffered, source.name(), handler);
    } else {
      reader.read(buffered, source.name(), handler, decoders);
    }
  }

  private final class Handler implements OtlpHandler {
    private final BatchWriter writer;

    Handler(BatchWriter writer) {
      this.writer = writer;
    }

    @Override
    public void onSpan(Span span) {
      writer.add(updatedAt == null ? span : span.toBuilder().updatedAt(updatedAt).build());
    }

    @Override
    public void onProblem(OtlpProblem problem) {
      problems.add(problem);
    }

    @Override
    public void onBytes(long bytes) {
      long refused = problems.count(OtlpProblem.Severity.REFUSED);
      progress.at(
          bytesBefore + bytes,
          String.format(Locale.ROOT, "%,d spans", writer.added())
              + (refused > 0 ? String.format(Locale.ROOT, ", %,d refused", refused) : ""));
    }
  }

  private void written(WriteResult result) {
    accepted += result.processed();
    repeated += result.duplicates();
    WriteResult.Counts batch = result.counts();
    counts = counts == null || batch == null ? null : counts.plus(batch);
    result
        .rejected()
        .forEach(
            rejection ->
                problems.add(
                    OtlpProblem.Severity.REFUSED,
                    rejection.reason(),
                    "span " + rejection.key(),
                    "span " + rejection.key() + " " + rejection.reason()));
    addConflicts(result.conflictingStarts());
  }

  /**
   * Two spans under one id: one of them is lost, and the store cannot know that it was not meant.
   */
  private void addConflicts(WriteResult.ConflictingStarts conflicting) {
    for (SpanKey key : conflicting.first()) {
      problems.add(
          OtlpProblem.Severity.WARNING, CONFLICT, "span " + key, "span " + key + " " + CONFLICT);
    }
    int unnamed = conflicting.count() - conflicting.first().size();
    if (unnamed > 0) {
      problems.addMore(OtlpProblem.Severity.WARNING, CONFLICT, unnamed);
    }
  }
}
