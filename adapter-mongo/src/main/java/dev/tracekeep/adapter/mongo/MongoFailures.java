package dev.tracekeep.adapter.mongo;

import com.mongodb.ErrorCategory;
import com.mongodb.MongoBulkWriteException;
import com.mongodb.MongoCommandException;
import com.mongodb.MongoConfigurationException;
import com.mongodb.MongoConnectionPoolClearedException;
import com.mongodb.MongoException;
import com.mongodb.MongoIncompatibleDriverException;
import com.mongodb.MongoInterruptedException;
import com.mongodb.MongoSecurityException;
import com.mongodb.MongoServerUnavailableException;
import com.mongodb.MongoSocketException;
import com.mongodb.MongoTimeoutException;
import com.mongodb.MongoWriteException;
import com.mongodb.WriteError;
import com.mongodb.bulk.BulkWriteError;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import dev.tracekeep.storage.spi.CommonFailures;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bson.BsonMaximumSizeExceededException;
import org.jspecify.annotations.Nullable;

/** What the failures of MongoDB and its driver mean, told by code, label and class. */
final class MongoFailures {
  static final int NAMESPACE_NOT_FOUND = 26;
  static final int INDEX_NOT_FOUND = 27;
  static final int CURSOR_NOT_FOUND = 43;
  static final int COMMAND_NOT_FOUND = 59;
  static final int INDEX_OPTIONS_CONFLICT = 85;
  static final int INDEX_KEY_SPECS_CONFLICT = 86;

  /** Why a server could not be reached, in the driver's description of a cluster. */
  private static final Pattern CAUSE = Pattern.compile("caused by \\{[\\w.]+: ([^{}]*)\\}");

  private static final Pattern UNKNOWN_HOST =
      Pattern.compile("caused by \\{java\\.net\\.UnknownHostException: ([^{}:]*)");

  /** The index that refused a document, as MongoDB names it, and as DocumentDB does. */
  private static final Pattern INDEX = Pattern.compile("index: (\\S+)|Index '([^']+)'");

  /** What DocumentDB makes of PostgreSQL's states 40P01 and 40001. */
  private static final int DEADLOCK = 16908292;

  private static final int SERIALIZATION_FAILURE = 16777220;

  /** What servers answer that speak MongoDB's protocol and lack a part of it. */
  private static final Set<Integer> NOT_SUPPORTED =
      Set.of(COMMAND_NOT_FOUND, 115, 238, 40324, 15952);

  private static final String TRY_AGAIN = "Try again";
  private static final String LET_SERVERS_COME_BACK =
      "The servers are electing a primary or restarting; try again";
  private static final String LOST = "The connection was lost; try again";
  private static final String USER = "Check username, password and authSource";

  /** What a kind of failure means and what to do about it. */
  private record Rule(FailureKind kind, String advice) {}

  private static final Map<Integer, Rule> BY_CODE = new HashMap<>();

  static {
    rule(FailureKind.TRANSIENT, LET_SERVERS_COME_BACK, 91, 189, 10107, 10058, 11600, 11602, 13435);
    rule(FailureKind.TRANSIENT, LET_SERVERS_COME_BACK, 13436, 133);
    rule(FailureKind.TRANSIENT, LOST, 6, 7, 89, 9001, 202, CURSOR_NOT_FOUND, 237);
    rule(FailureKind.TRANSIENT, TRY_AGAIN, 24, 46, 63, 150, 13388, 11601, 251, 276, 12586, 12587);
    rule(
        FailureKind.TRANSIENT,
        "Another write was first; try again",
        112,
        225,
        244,
        DEADLOCK,
        SERIALIZATION_FAILURE);
    rule(
        FailureKind.TRANSIENT,
        "It took longer than statement-timeout allows; try again, or raise it",
        50,
        262);
    rule(
        FailureKind.TRANSIENT,
        "The write is there, but not yet on enough servers; try again, which is safe",
        64);
    rule(
        FailureKind.OVERLOADED,
        "The server is throttled: try again later, write less at once, or give it more throughput",
        16500,
        462);
    rule(FailureKind.OVERLOADED, "Make room on the server's disk", 14031);
    rule(FailureKind.OVERLOADED, "The server is short of memory; try again later", 146, 292);
    rule(FailureKind.CONFIGURATION, USER, 11, 18, 8000);
    rule(
        FailureKind.CONFIGURATION,
        "Grant the user readWrite on the database, and dbAdmin to migrate",
        13);
    rule(
        FailureKind.CONFIGURATION,
        "Call init() to make the collection, or check database and table",
        NAMESPACE_NOT_FOUND,
        INDEX_NOT_FOUND);
    rule(
        FailureKind.CONFIGURATION,
        "An index of that name or those fields is there with other options: drop it",
        INDEX_OPTIONS_CONFLICT,
        INDEX_KEY_SPECS_CONFLICT);
    rule(
        FailureKind.CONFIGURATION,
        "The write concern asks for servers that there are not",
        79,
        100);
    rule(
        FailureKind.CONFIGURATION,
        "If the server cannot retry writes, add retryWrites=false to the address",
        20);
    rule(FailureKind.CONFIGURATION, "Leave the read concern out of the address", 123, 148);
    rule(FailureKind.CONFIGURATION, "The name is a view's or not allowed", 73, 166);
    rule(
        FailureKind.CONFIGURATION,
        "Shard the collection by {tenant_id: 1, trace_id: 1}",
        61,
        67,
        31082);
    rule(FailureKind.CONFIGURATION, "The server lacks a command", COMMAND_NOT_FOUND, 115, 238);
    rule(FailureKind.INVALID, "A document of MongoDB ends at 16 MB", 10334, 17419, 17420);
    rule(FailureKind.INVALID, "The collection's validator forbids this document", 121);
    rule(FailureKind.INVALID, "Another unique index forbids this document", 11000, 11001, 12582);
    rule(FailureKind.INVALID, "This input can never be stored as it is", 22, 17280);
  }

  private static void rule(FailureKind kind, String advice, int... codes) {
    for (int code : codes) {
      BY_CODE.put(code, new Rule(kind, advice));
    }
  }

  private final StorageUri uri;

  MongoFailures(StorageUri uri) {
    this.uri = uri;
  }

  /** Whether a unique index refused a document. */
  static boolean isDuplicateKey(Throwable failure) {
    return failure instanceof MongoException mongo
        && ErrorCategory.fromErrorCode(code(mongo)) == ErrorCategory.DUPLICATE_KEY;
  }

  /** Whether a unique index refused this document of a batch. */
  static boolean isDuplicateKey(BulkWriteError error) {
    return error.getCategory() == ErrorCategory.DUPLICATE_KEY;
  }

  /** The name of the index that refused a document, if the server's message tells it. */
  static Optional<String> indexOf(String message) {
    Matcher index = INDEX.matcher(message);
    return index.find()
        ? Optional.of(index.group(1) == null ? index.group(2) : index.group(1))
        : Optional.empty();
  }

  /** Whether the server lacks what it was asked for. */
  static boolean isNotSupported(MongoException failure) {
    return NOT_SUPPORTED.contains(failure.getCode());
  }

  /** What a failure of the server means. */
  static FailureKind kindOf(int code) {
    Rule rule = BY_CODE.get(code);
    return rule == null ? FailureKind.PERMANENT : rule.kind();
  }

  private static int code(MongoException failure) {
    if (failure instanceof MongoBulkWriteException bulk) {
      List<BulkWriteError> errors = bulk.getWriteErrors();
      // A failed document says more than a write concern that is late.
      return errors.isEmpty()
          ? bulk.getWriteConcernError() == null
              ? bulk.getCode()
              : bulk.getWriteConcernError().getCode()
          : errors.get(0).getCode();
    }
    return failure.getCode();
  }

  StorageException classify(String action, Exception failure) {
    return CommonFailures.explain(action, uri, failure)
        .orElseGet(() -> ofTheEngine(action, failure));
  }

  private StorageException ofTheEngine(String action, Exception failure) {
    if (failure instanceof MongoInterruptedException) {
      return CommonFailures.interrupted(action, uri, failure);
    }
    Matcher host = UNKNOWN_HOST.matcher(String.valueOf(failure.getMessage()));
    if (failure instanceof MongoTimeoutException && host.find()) {
      return CommonFailures.unknownHost(action, uri, host.group(1), failure);
    }
    Rule rule = rule(failure);
    return StorageException.couldNot(
        rule.kind(), action, uri, message(failure), rule.advice(), failure);
  }

  private static Rule rule(Exception failure) {
    if (!(failure instanceof MongoException mongo)) {
      return failure instanceof BsonMaximumSizeExceededException
          ? BY_CODE.get(10334)
          : new Rule(FailureKind.PERMANENT, "");
    }
    return byClass(mongo)
        .or(() -> Optional.ofNullable(BY_CODE.get(code(mongo))))
        .or(() -> byLabel(mongo))
        .orElseGet(() -> new Rule(FailureKind.PERMANENT, ""));
  }

  private static Optional<Rule> byClass(MongoException failure) {
    if (failure instanceof MongoSecurityException) {
      return Optional.of(new Rule(FailureKind.CONFIGURATION, USER));
    }
    if (failure instanceof MongoIncompatibleDriverException) {
      return Optional.of(
          new Rule(
              FailureKind.CONFIGURATION, "MongoDB 5.0 is the oldest server that is supported"));
    }
    if (failure instanceof MongoConfigurationException) {
      return Optional.of(new Rule(FailureKind.CONFIGURATION, "Check the address"));
    }
    if (failure instanceof MongoTimeoutException && isPoolExhausted(failure)) {
      return Optional.of(
          new Rule(
              FailureKind.OVERLOADED,
              "Try again later, write larger batches from fewer threads, or raise pool-size"));
    }
    // Also where the time-out of a whole operation ends the search for a server.
    if (failure instanceof MongoTimeoutException && isSearchForServer(failure)) {
      return Optional.of(
          String.valueOf(failure.getMessage()).contains("MongoSecurityException")
              ? new Rule(FailureKind.CONFIGURATION, USER)
              : new Rule(
                  FailureKind.TRANSIENT,
                  "Check that the server is running and that host, port and replica set are"
                      + " right"));
    }
    if (failure instanceof MongoTimeoutException) {
      return Optional.of(BY_CODE.get(50));
    }
    return failure instanceof MongoSocketException
            || failure instanceof MongoConnectionPoolClearedException
            || failure instanceof MongoServerUnavailableException
        ? Optional.of(new Rule(FailureKind.TRANSIENT, LOST))
        : Optional.empty();
  }

  private static boolean isPoolExhausted(MongoException failure) {
    return String.valueOf(failure.getMessage()).contains("waiting for a connection");
  }

  private static boolean isSearchForServer(Exception failure) {
    return String.valueOf(failure.getMessage()).contains("waiting for a server");
  }

  private static Optional<Rule> byLabel(MongoException failure) {
    if (failure.hasErrorLabel("SystemOverloadedError")) {
      return Optional.of(new Rule(FailureKind.OVERLOADED, "Try again later, with less at once"));
    }
    return failure.hasErrorLabel("RetryableWriteError")
            || failure.hasErrorLabel("RetryableError")
            || failure.hasErrorLabel(MongoException.TRANSIENT_TRANSACTION_ERROR_LABEL)
        ? Optional.of(new Rule(FailureKind.TRANSIENT, TRY_AGAIN))
        : Optional.empty();
  }

  /** The server's own sentence: the driver's adds its whole answer, which may quote a document. */
  private static @Nullable String message(Exception failure) {
    if (failure instanceof MongoCommandException command) {
      return command.getErrorMessage() + " (" + nameAndCode(command) + ")";
    }
    if (failure instanceof MongoWriteException write) {
      WriteError error = write.getError();
      return error.getMessage() + " (" + error.getCode() + ")";
    }
    if (failure instanceof MongoBulkWriteException bulk) {
      if (!bulk.getWriteErrors().isEmpty()) {
        BulkWriteError error = bulk.getWriteErrors().get(0);
        return error.getMessage() + " (" + error.getCode() + ")";
      }
      if (bulk.getWriteConcernError() != null) {
        return bulk.getWriteConcernError().getMessage();
      }
    }
    if (failure instanceof MongoTimeoutException && isSearchForServer(failure)) {
      // The driver's message is a dump of all that it knows of the cluster.
      Matcher cause = CAUSE.matcher(String.valueOf(failure.getMessage()));
      return "no server answered" + (cause.find() ? " (" + cause.group(1) + ")" : "");
    }
    return failure instanceof MongoSecurityException
        ? "the server did not let the user in"
        : failure.getMessage();
  }

  private static String nameAndCode(MongoCommandException failure) {
    String name = failure.getErrorCodeName();
    return (name.isEmpty() ? "" : name + " ") + failure.getErrorCode();
  }
}
