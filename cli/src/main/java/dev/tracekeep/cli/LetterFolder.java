package dev.tracekeep.cli;

import dev.tracekeep.ingest.DeadLetterLog;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.Parameters;

/** Which dead-letter log a command works on. */
final class LetterFolder {
  @Parameters(paramLabel = "FOLDER", description = "The folder of the dead-letter log.")
  private String folder = "";

  /** What is done with a log, and may fail. */
  @FunctionalInterface
  interface Work {
    int with(DeadLetterLog log) throws IOException;
  }

  /** Works on the log, which a program may be writing to. */
  int reading(Work work) {
    return working(work, DeadLetterLog::openForReading);
  }

  /** Works on the log, which no program may be writing to. */
  int writing(Work work) {
    // A log of any size may be replayed or purged.
    return working(
        work,
        path -> {
          DeadLetterLog.openForReading(path).close(); // a folder that is not there stays so
          return DeadLetterLog.open(path, Long.MAX_VALUE);
        });
  }

  @FunctionalInterface
  private interface Opener {
    DeadLetterLog open(Path path) throws IOException;
  }

  private int working(Work work, Opener opener) {
    Path path;
    try {
      path = Path.of(folder);
    } catch (InvalidPathException e) {
      throw new CommandFailure(ExitCode.USAGE, folder + " is no file name on this system.");
    }
    DeadLetterLog log;
    try {
      log = opener.open(path);
    } catch (IOException e) {
      throw new CommandFailure(ExitCode.NOT_FOUND, e.getMessage() + ".");
    }
    try (log) {
      return work.with(log);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCode.FAILURE, "The dead-letter log " + folder + " cannot be used: " + e);
    }
  }
}
