package dev.tracekeep.adapter.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import com.mongodb.MongoBulkWriteException;
import com.mongodb.MongoCommandException;
import com.mongodb.MongoConfigurationException;
import com.mongodb.MongoCredential;
import com.mongodb.MongoException;
import com.mongodb.MongoInterruptedException;
import com.mongodb.MongoOperationTimeoutException;
import com.mongodb.MongoSecurityException;
import com.mongodb.MongoSocketReadTimeoutException;
import com.mongodb.MongoTimeoutException;
import com.mongodb.ServerAddress;
import com.mongodb.bulk.BulkWriteError;
import com.mongodb.bulk.BulkWriteResult;
import com.mongodb.bulk.WriteConcernError;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.bson.BsonArray;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonMaximumSizeExceededException;
import org.bson.BsonString;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class MongoFailuresTest {
  private static final ServerAddress SERVER = new ServerAddress("db.example", 27017);

  private final MongoFailures failures =
      new MongoFailures(StorageUri.of("mongodb://u:secret@db.example/spans"));

  private static MongoCommandException command(int code, String... labels) {
    BsonArray labelArray = new BsonArray(Stream.of(labels).map(BsonString::new).toList());
    return new MongoCommandException(
        new BsonDocument("ok", new BsonInt32(0))
            .append("code", new BsonInt32(code))
            .append("codeName", new BsonString("SomeName"))
            .append("errmsg", new BsonString("what the server says"))
            .append("errorLabels", labelArray)
            .append("failing", new BsonString("a payload")),
        SERVER);
  }

  @ParameterizedTest
  @CsvSource({
    "6, TRANSIENT", // HostUnreachable
    "7, TRANSIENT", // HostNotFound
    "24, TRANSIENT", // LockTimeout
    "43, TRANSIENT", // CursorNotFound
    "46, TRANSIENT", // LockBusy
    "50, TRANSIENT", // MaxTimeMSExpired
    "64, TRANSIENT", // WriteConcernTimeout
    "89, TRANSIENT", // NetworkTimeout
    "91, TRANSIENT", // ShutdownInProgress
    "112, TRANSIENT", // WriteConflict
    "16908292, TRANSIENT", // DocumentDB: deadlock detected
    "16777220, TRANSIENT", // DocumentDB: could not serialize access
    "133, TRANSIENT", // FailedToSatisfyReadPreference
    "189, TRANSIENT", // PrimarySteppedDown
    "237, TRANSIENT", // CursorKilled
    "251, TRANSIENT", // NoSuchTransaction
    "262, TRANSIENT", // ExceededTimeLimit
    "276, TRANSIENT", // IndexBuildAborted
    "9001, TRANSIENT", // SocketException
    "10107, TRANSIENT", // NotWritablePrimary
    "11600, TRANSIENT", // InterruptedAtShutdown
    "11601, TRANSIENT", // Interrupted
    "11602, TRANSIENT", // InterruptedDueToReplStateChange
    "12586, TRANSIENT", // BackgroundOperationInProgressForDatabase
    "13388, TRANSIENT", // StaleConfig
    "13435, TRANSIENT", // NotPrimaryNoSecondaryOk
    "13436, TRANSIENT", // NotPrimaryOrSecondary
    "146, OVERLOADED", // ExceededMemoryLimit
    "14031, OVERLOADED", // OutOfDiskSpace
    "16500, OVERLOADED", // the request rate is too large (Azure Cosmos DB)
    "11, CONFIGURATION", // UserNotFound
    "13, CONFIGURATION", // Unauthorized
    "18, CONFIGURATION", // AuthenticationFailed
    "20, CONFIGURATION", // IllegalOperation
    "26, CONFIGURATION", // NamespaceNotFound
    "27, CONFIGURATION", // IndexNotFound
    "59, CONFIGURATION", // CommandNotFound
    "79, CONFIGURATION", // UnknownReplWriteConcern
    "85, CONFIGURATION", // IndexOptionsConflict
    "86, CONFIGURATION", // IndexKeySpecsConflict
    "100, CONFIGURATION", // UnsatisfiableWriteConcern
    "148, CONFIGURATION", // ReadConcernMajorityNotEnabled
    "166, CONFIGURATION", // CommandNotSupportedOnView
    "8000, CONFIGURATION", // AtlasError
    "121, INVALID", // DocumentValidationFailure
    "10334, INVALID", // BSONObjectTooLarge
    "11000, INVALID", // DuplicateKey, of another index
    "12582, INVALID", // DuplicateKey, of old routers
    "2, PERMANENT", // BadValue
    "8, PERMANENT" // UnknownError
  })
  void code_hasItsKind(int code, FailureKind kind) {
    MongoCommandException cause = command(code);
    StorageException failure = failures.classify("write 3 spans", cause);
    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure.getCause()).isSameAs(cause);
    assertThat(failure)
        .hasMessageStartingWith(
            "Could not write 3 spans in mongodb://u:***@db.example/spans: what the server says"
                + " (SomeName "
                + code
                + ")")
        .hasMessageNotContaining("secret")
        .hasMessageNotContaining("a payload");
  }

  @ParameterizedTest
  @CsvSource({
    "TransientTransactionError, TRANSIENT",
    "RetryableWriteError, TRANSIENT",
    "SystemOverloadedError, OVERLOADED",
    "NoLabelThatIsKnown, PERMANENT"
  })
  void unknownCode_isToldByItsLabel(String label, FailureKind kind) {
    assertThat(failures.classify("x", command(99_999, label)).kind()).isEqualTo(kind);
  }

  static Stream<Arguments> exceptions() {
    MongoCredential user = MongoCredential.createCredential("u", "admin", "secret".toCharArray());
    return Stream.of(
        Arguments.of(
            new MongoTimeoutException("Timed out while waiting for a server"),
            FailureKind.TRANSIENT,
            "host"),
        Arguments.of(
            new MongoOperationTimeoutException(
                "Timed out while waiting for a server that matches X. Client view of cluster state"
                    + " is {type=UNKNOWN, servers=[{address=h:1, exception={com.mongodb"
                    + ".MongoSocketOpenException: Exception opening socket}, caused by {java.net"
                    + ".ConnectException: Connection refused}}]"),
            FailureKind.TRANSIENT,
            "no server answered (Connection refused). Check that the server is running"),
        Arguments.of(
            new MongoTimeoutException(
                "Timed out while waiting for a server. Client view of cluster state is {exception="
                    + "{com.mongodb.MongoSecurityException: Exception authenticating}}"),
            FailureKind.CONFIGURATION,
            "authSource"),
        Arguments.of(
            new MongoTimeoutException("Timed out after 10 ms while waiting for a connection to x"),
            FailureKind.OVERLOADED,
            "pool-size"),
        Arguments.of(
            new MongoOperationTimeoutException("Operation timed out"),
            FailureKind.TRANSIENT,
            "statement-timeout"),
        Arguments.of(
            new MongoSocketReadTimeoutException("Timeout", SERVER, new RuntimeException()),
            FailureKind.TRANSIENT,
            "try again"),
        Arguments.of(
            new MongoSecurityException(user, "Exception authenticating " + user),
            FailureKind.CONFIGURATION,
            "authSource"),
        Arguments.of(
            new MongoConfigurationException("No SRV records"),
            FailureKind.CONFIGURATION,
            "address"),
        Arguments.of(
            new BsonMaximumSizeExceededException("too large"), FailureKind.INVALID, "16 MB"),
        Arguments.of(new MongoException("whatever"), FailureKind.PERMANENT, "whatever"),
        Arguments.of(new IllegalStateException("a bug"), FailureKind.PERMANENT, "a bug"));
  }

  @ParameterizedTest
  @MethodSource("exceptions")
  void exceptionWithoutCode_hasItsKindAndAdvice(Exception cause, FailureKind kind, String advice) {
    StorageException failure = failures.classify("read the span a/b/c", cause);
    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure).hasMessageContaining(advice).hasMessageNotContaining("secret");
    assertThat(failure.getCause()).isSameAs(cause);
  }

  @ParameterizedTest
  @CsvSource({
    "E11000 duplicate key error collection: db.spans index: spans_key dup key: { a: 1 }, spans_key",
    "Duplicate key violation on the requested collection: Index 'spans_key', spans_key",
    "E11000 duplicate key error, "
  })
  void duplicateKey_namesItsIndex(String message, @Nullable String index) {
    assertThat(MongoFailures.indexOf(message)).isEqualTo(Optional.ofNullable(index));
  }

  @Test
  void interruption_staysVisible() {
    assertThat(
            failures
                .classify("x", new MongoInterruptedException("stopped", new InterruptedException()))
                .kind())
        .isEqualTo(FailureKind.INTERRUPTED);
    assertThat(Thread.interrupted()).isTrue();
  }

  private static MongoBulkWriteException bulk(
      List<BulkWriteError> errors, WriteConcernError concern) {
    return new MongoBulkWriteException(
        BulkWriteResult.unacknowledged(), errors, concern, SERVER, Set.of());
  }

  @Test
  void bulk_isToldByItsFirstErrorAndShowsNoDetails() {
    BsonDocument details = new BsonDocument("consideredValue", new BsonString("a payload"));
    StorageException failure =
        failures.classify(
            "write",
            bulk(List.of(new BulkWriteError(121, "Document failed validation", details, 0)), null));
    assertThat(failure.kind()).isEqualTo(FailureKind.INVALID);
    assertThat(failure)
        .hasMessageContaining("Document failed validation (121)")
        .hasMessageNotContaining("a payload");
  }

  @Test
  void lateWriteConcern_isRetryable() {
    StorageException failure =
        failures.classify(
            "write",
            bulk(
                List.of(),
                new WriteConcernError(
                    64,
                    "WriteConcernTimeout",
                    "waiting for replication timed out",
                    new BsonDocument())));
    assertThat(failure.kind()).isEqualTo(FailureKind.TRANSIENT);
    assertThat(failure).hasMessageContaining("waiting for replication timed out");
  }
}
