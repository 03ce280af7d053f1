package dev.tracekeep.adapter.duckdb;

import dev.tracekeep.adapter.duckdb.DuckDbConnections.LockTimeoutException;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import dev.tracekeep.storage.spi.CommonFailures;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What DuckDB's failures mean. Its driver gives neither a code nor a state for nearly all of them,
 * so they are told apart by how their messages start.
 */
final class DuckDbFailures {
  private static final Pattern LOCK_HOLDER =
      Pattern.compile("Conflicting lock is held in (.*?)(?: by user [^.]*)?(?: \\(PID (\\d+)\\))");

  private static final Pattern LOST_RACE =
      Pattern.compile(
          "(?i)conflict on|transaction conflict|write-write conflict|has been altered by a"
              + " different");

  private record Rule(Pattern pattern, FailureKind kind, String advice) {
    Rule(String regex, FailureKind kind, String advice) {
      this(Pattern.compile(regex), kind, advice);
    }
  }

  private static final List<Rule> RULES =
      List.of(
          new Rule("Could not set lock on file", FailureKind.TRANSIENT, ""),
          new Rule(LOST_RACE, FailureKind.TRANSIENT, "Try again"),
          new Rule(
              "Duplicate key|UNIQUE constraint violation",
              FailureKind.TRANSIENT,
              "Somebody else stored the same span at the same moment; try again"),
          new Rule(
              "INTERRUPT Error", FailureKind.TRANSIENT, "The statement was interrupted; try again"),
          new Rule(
              "Out of Memory Error",
              FailureKind.OVERLOADED,
              "Give DuckDB more memory (SET memory_limit) or write smaller batches"),
          new Rule(
              "No space left on device",
              FailureKind.OVERLOADED,
              "Make room on the disk that holds the file, then try again"),
          new Rule(
              "not a valid DuckDB database file",
              FailureKind.CONFIGURATION,
              "The file holds something else: name another one"),
          new Rule(
              "(?s)version number \\d+, but we can only read",
              FailureKind.CONFIGURATION,
              "The file was written by another release of DuckDB: open it with that one"),
          new Rule(
              "Can't open a connection to same database file with a different configuration",
              FailureKind.CONFIGURATION,
              "This process has the file open with other settings: use the same URL in both"
                  + " places"),
          new Rule(
              "read-only mode",
              FailureKind.CONFIGURATION,
              "The database was opened read-only: take access_mode off the URL"),
          new Rule(
              "Permission denied|No such file or directory|Is a directory|Cannot open"
                  + " file|Read-only file system",
              FailureKind.CONFIGURATION,
              "Check that its folder is there and that this user may write to it"),
          new Rule(
              "Catalog Error: (Table|Schema)|Catalog Error: .*does not exist",
              FailureKind.CONFIGURATION,
              "Call init() to make the table, or check the schema's name"));

  private final StorageUri uri;

  DuckDbFailures(StorageUri uri) {
    this.uri = uri;
  }

  /** Whether a transaction failed only because another one was first. */
  static boolean isLostRace(@Nullable Throwable failure) {
    return failure instanceof SQLException
        && LOST_RACE.matcher(String.valueOf(failure.getMessage())).find();
  }

  static boolean isDuplicateKey(Exception failure) {
    String message = String.valueOf(failure.getMessage());
    return failure instanceof SQLException
        && (message.contains("Duplicate key")
            || message.contains("PRIMARY KEY or UNIQUE constraint violation"));
  }

  StorageException classify(String action, Exception failure) {
    return CommonFailures.explain(action, uri, failure)
        .orElseGet(() -> ofTheEngine(action, failure));
  }

  private StorageException ofTheEngine(String action, Exception failure) {
    String message =
        failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    Matcher holder = LOCK_HOLDER.matcher(message);
    if (holder.find()) {
      return failed(
          FailureKind.TRANSIENT,
          action,
          "the file is open in another process (PID "
              + holder.group(2)
              + ", "
              + holder.group(1)
              + "), and DuckDB lets one process at a time open a file",
          "Stop that process, or name another file",
          failure);
    }
    for (Rule rule : RULES) {
      if (rule.pattern().matcher(message).find()) {
        return failed(rule.kind(), action, message, rule.advice(), failure);
      }
    }
    if (failure instanceof SQLTimeoutException || failure instanceof LockTimeoutException) {
      return failed(FailureKind.TRANSIENT, action, message, "Try again", failure);
    }
    return failed(FailureKind.PERMANENT, action, message, "", failure);
  }

  private StorageException failed(
      FailureKind kind, String action, String reason, String advice, Exception cause) {
    return StorageException.couldNot(kind, action, uri, reason, advice, cause);
  }
}
