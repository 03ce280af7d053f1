package dev.tracekeep.cli;

import dev.tracekeep.otlp.OtlpHandler;
import dev.tracekeep.otlp.OtlpProblem;
import dev.tracekeep.otlp.OtlpReader;
import dev.tracekeep.span.Span;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.WriteResult;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads inputs and stores their spans: one thread parses, another one writes. Problems are printed
 * as they are met, the first {@value #REPORTED_PROBLEMS} of them. For one run.
 */
final class SpanImport {
  private static final int REPORTED_PROBLEMS = 20;

  private final ObservabilityStorage storage;
  private final OtlpReader reader;
  private final Progress progress;

  private int files;
  private int failedFiles;
  private long read;
  private long warnings;
  private long bytesBefore;
  // Both threads report.
  private long problems;
  private long refused;
  // The writing thread's until it has finished.
  private long accepted;
  private long repeated;
  private WriteResult.@Nullable Counts counts = WriteResult.Counts.NONE;

  SpanImport(ObservabilityStorage storage, OtlpReader reader, Progress progress) {
    this.storage = storage;
    this.reader = reader;
    this.progress = progress;
  }

  /** An input that could not even be opened. */
  void unreadable(String message) {
    failedFiles++;
    report(message, false);
  }

  /**
   * Imports everything, in order.
   *
   * @throws StorageException if the store fails for good; what was written before stays
   */
  ImportSummary run(List<ImportSource> sources) {
    long start = System.nanoTime();
    boolean sized = sources.stream().allMatch(source -> source.size() >= 0);
    long total = sized ? sources.stream().mapToLong(ImportSource::size).sum() : -1;
    progress.begin("Importing", total, Progress.Unit.BYTES);
    try (BatchWriter writer =
        new BatchWriter(
            storage::batchCreateSpans,
            this::written,
            failure -> progress.message("Trying again: " + failure.getMessage()))) {
      for (ImportSource source : sources) {
        read(source, writer);
      }
      writer.finish();
    } catch (StorageException e) {
      progress.message(
          String.format(
              Locale.ROOT, "%s stored before the failure; importing again is safe.", stored()));
      throw e;
    }
    long unreported = problems() - REPORTED_PROBLEMS;
    if (unreported > 0) {
      progress.message(String.format(Locale.ROOT, "... and %,d more problems", unreported));
    }
    return new ImportSummary(
        files,
        failedFiles,
        read,
        accepted,
        repeated,
        counts,
        refused,
        warnings,
        Duration.ofNanos(System.nanoTime() - start));
  }

  private String stored() {
    return TraceView.counted(accepted, "span was", "spans were");
  }

  private void read(ImportSource source, BatchWriter writer) {
    long before = read;
    try (InputStream stream = source.opener().open()) {
      files++;
      reader.read(stream, source.name(), new Handler(writer));
      bytesBefore += Math.max(0, source.size());
    } catch (IOException e) {
      failedFiles++;
      report(
          source.name()
              + ": cannot be read on: "
              + e.getMessage()
              + String.format(Locale.ROOT, " (%,d spans were read before)", read - before),
          false);
    }
  }

  private final class Handler implements OtlpHandler {
    private final BatchWriter writer;

    Handler(BatchWriter writer) {
      this.writer = writer;
    }

    @Override
    public void onSpan(Span span) {
      read++;
      writer.add(span);
    }

    @Override
    public void onProblem(OtlpProblem problem) {
      if (problem.severity() == OtlpProblem.Severity.REFUSED) {
        report(problem.toString(), true);
      } else {
        warnings++;
        report("warning: " + problem, false);
      }
    }

    @Override
    public void onBytes(long bytes) {
      progress.at(bytesBefore + bytes, String.format(Locale.ROOT, "%,d spans", read));
    }
  }

  private synchronized void report(String message, boolean isRefusal) {
    problems++;
    if (isRefusal) {
      refused++;
    }
    if (problems <= REPORTED_PROBLEMS) {
      progress.message(Printable.line(message));
    }
  }

  private synchronized long problems() {
    return problems;
  }

  private void written(WriteResult result) {
    accepted += result.accepted();
    repeated += result.duplicates();
    WriteResult.Counts batch = result.counts();
    counts = counts == null || batch == null ? null : counts.plus(batch);
    result
        .rejected()
        .forEach(rejection -> report("span " + rejection.key() + " " + rejection.reason(), true));
  }
}
