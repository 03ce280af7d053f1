package dev.tracekeep.adapter.libsql;

import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import dev.tracekeep.storage.spi.CommonFailures;
import java.nio.file.FileSystemException;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteException;

/** What the failures of SQLite and of a libSQL server mean. */
final class LibSqlFailures {
  /**
   * One line of the table.
   *
   * @param code what the name of the engine's code starts with: extended codes only add to it
   * @param message what the message must contain; anything if empty
   */
  private record Rule(String code, Pattern message, FailureKind kind, String advice) {
    Rule(String code, FailureKind kind, String advice) {
      this(code, "", kind, advice);
    }

    Rule(String code, String message, FailureKind kind, String advice) {
      this(code, Pattern.compile(message), kind, advice);
    }
  }

  private static final String CHECK_FOLDER =
      "Check that its folder is there, and that this user may read and write in it";

  /** A server takes a stream's transaction away when it stays long and others wait. */
  private static final List<String> LOST_RACES =
      List.of(
          "SQLITE_BUSY",
          "SQLITE_LOCKED",
          "TRANSACTION_TIMEOUT",
          "TRANSACTION_BUSY",
          "STREAM_EXPIRED");

  private static final List<Rule> RULES =
      List.of(
          new Rule(
              "SQLITE_BUSY",
              FailureKind.TRANSIENT,
              "Another process writes to it; try again, or raise lock-timeout"),
          new Rule(
              "SQLITE_LOCKED",
              FailureKind.TRANSIENT,
              "Another connection writes to it; try again, or raise lock-timeout"),
          new Rule("SQLITE_PROTOCOL", FailureKind.TRANSIENT, "Try again"),
          new Rule("SQLITE_SCHEMA", FailureKind.TRANSIENT, "Try again"),
          new Rule("SQLITE_INTERRUPT", FailureKind.TRANSIENT, "It was interrupted; try again"),
          new Rule("SQLITE_ABORT", FailureKind.TRANSIENT, "Try again"),
          new Rule(
              "SQLITE_FULL",
              FailureKind.OVERLOADED,
              "Make room on the disk that holds the database, then try again"),
          new Rule(
              "SQLITE_IOERR_NOMEM",
              FailureKind.OVERLOADED,
              "Give the process more memory, or write smaller batches"),
          new Rule(
              "SQLITE_NOMEM",
              FailureKind.OVERLOADED,
              "Give the process more memory, or write smaller batches"),
          new Rule("SQLITE_TOOBIG", FailureKind.INVALID, "Lower max-span-bytes"),
          new Rule("SQLITE_CONSTRAINT", FailureKind.INVALID, ""),
          new Rule("SQLITE_MISMATCH", FailureKind.INVALID, ""),
          new Rule(
              "SQLITE_NOTADB",
              FailureKind.CONFIGURATION,
              "The file holds something else, or is encrypted: name another one"),
          new Rule("SQLITE_CANTOPEN", FailureKind.CONFIGURATION, CHECK_FOLDER),
          new Rule("SQLITE_PERM", FailureKind.CONFIGURATION, CHECK_FOLDER),
          new Rule(
              "SQLITE_READONLY",
              FailureKind.CONFIGURATION,
              "This user may not write to the file or its folder, or the address says mode=ro"),
          new Rule(
              "SQLITE_NOLFS", FailureKind.CONFIGURATION, "Put it on a disk that takes large files"),
          new Rule("SQLITE_AUTH", FailureKind.CONFIGURATION, "Check the password or token"),
          new Rule(
              "SQLITE_CORRUPT",
              FailureKind.PERMANENT,
              "The file is damaged: run PRAGMA integrity_check, then restore it from a backup"),
          new Rule(
              "SQLITE_IOERR",
              FailureKind.PERMANENT,
              "The disk failed: check it, and that nobody moved or deleted the file"),
          new Rule(
              "TRANSACTION_",
              FailureKind.TRANSIENT,
              "Others write too, or the transaction is too long: try again, with smaller batches"),
          new Rule("STREAM_EXPIRED", FailureKind.TRANSIENT, "Try again"),
          new Rule("HTTP_INTERRUPTED", FailureKind.TRANSIENT, "Try again"),
          new Rule(
              "HTTP_401",
              FailureKind.CONFIGURATION,
              "Give a valid token, as the property password or as ?authToken= of the address"),
          new Rule(
              "HTTP_403",
              FailureKind.CONFIGURATION,
              "The token does not allow this: give one that may write"),
          new Rule(
              "HTTP_404",
              FailureKind.CONFIGURATION,
              "There is no libSQL server (Hrana 3 over HTTP) at this address: check it"),
          new Rule(
              "HTTP_MALFORMED",
              FailureKind.CONFIGURATION,
              "Something else answers at this address, or a proxy in front of the server: check"
                  + " it"),
          new Rule("HTTP_TIMEOUT", FailureKind.TRANSIENT, "Try again, or raise statement-timeout"),
          new Rule("HTTP_429", FailureKind.OVERLOADED, "Write less at a time, and try later"),
          new Rule("HTTP_413", FailureKind.INVALID, "Lower max-span-bytes"),
          new Rule(
              "HTTP_",
              FailureKind.TRANSIENT,
              "Check that the server runs and can be reached, then try again"),
          new Rule(
              "",
              "no such table",
              FailureKind.CONFIGURATION,
              "Call init() to make the table, or check its name"),
          new Rule(
              "", "unknown database", FailureKind.CONFIGURATION, "SQLite has no schemas: drop it"),
          new Rule(
              "",
              "path to .* does not exist|opening db|Permission denied|Is a directory",
              FailureKind.CONFIGURATION,
              CHECK_FOLDER));

  private final StorageUri uri;

  LibSqlFailures(StorageUri uri) {
    this.uri = uri;
  }

  /** Whether a transaction failed only because another one was first. */
  static boolean isLostRace(@Nullable Throwable failure) {
    String code = code(failure);
    return LOST_RACES.stream().anyMatch(code::startsWith);
  }

  static boolean isDuplicateKey(Exception failure) {
    String code = code(failure);
    return code.equals("SQLITE_CONSTRAINT_UNIQUE") || code.equals("SQLITE_CONSTRAINT_PRIMARYKEY");
  }

  /** The name of SQLite's extended result code, or of a server's; empty if there is none. */
  private static String code(@Nullable Throwable failure) {
    if (failure instanceof HranaException remote) {
      return remote.code();
    }
    return failure instanceof SQLiteException local ? local.getResultCode().name() : "";
  }

  StorageException classify(String action, Exception failure) {
    return CommonFailures.explain(action, uri, failure)
        .orElseGet(() -> ofTheEngine(action, failure));
  }

  private StorageException ofTheEngine(String action, Exception failure) {
    String code = code(failure);
    String message = firstLine(failure);
    if (failure instanceof Turns.TimedOutException) {
      return failed(FailureKind.TRANSIENT, action, message, "Try again", failure);
    }
    if (failure instanceof Pool.ExhaustedException) {
      return failed(
          FailureKind.OVERLOADED, action, message, "Try again, or raise pool-size", failure);
    }
    if (failure instanceof FileSystemException) {
      return failed(FailureKind.CONFIGURATION, action, message, CHECK_FOLDER, failure);
    }
    if (failure instanceof SQLException) {
      for (Rule rule : RULES) {
        if (code.startsWith(rule.code()) && rule.message().matcher(message).find()) {
          return failed(rule.kind(), action, message, rule.advice(), failure);
        }
      }
    }
    return failed(FailureKind.PERMANENT, action, message, "", failure);
  }

  private StorageException failed(
      FailureKind kind, String action, String reason, String advice, Exception cause) {
    return StorageException.couldNot(kind, action, uri, reason, advice, cause);
  }

  private static String firstLine(Exception failure) {
    String message =
        failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    return message.lines().findFirst().orElse("").strip();
  }
}
