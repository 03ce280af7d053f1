package dev.tracekeep.adapter.mssql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import dev.tracekeep.storage.Storages;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MsSqlFailuresTest {
  private static final MsSqlFailures FAILURES =
      new MsSqlFailures(
          StorageUri.of("jdbc:sqlserver://db;databaseName=spans;user=u;password={se;cret-1}"));

  @ParameterizedTest
  @CsvSource({
    "64, TRANSIENT",
    "207, CONFIGURATION",
    "208, CONFIGURATION",
    "229, CONFIGURATION",
    "262, CONFIGURATION",
    "245, INVALID",
    "511, INVALID",
    "515, INVALID",
    "547, INVALID",
    "701, OVERLOADED",
    "911, CONFIGURATION",
    "916, CONFIGURATION",
    "921, TRANSIENT",
    "1101, OVERLOADED",
    "1105, OVERLOADED",
    "1204, OVERLOADED",
    "1205, TRANSIENT",
    "1222, TRANSIENT",
    "1934, CONFIGURATION",
    "1946, INVALID",
    "2601, INVALID",
    "2627, INVALID",
    "2628, INVALID",
    "2760, CONFIGURATION",
    "3906, CONFIGURATION",
    "3960, TRANSIENT",
    "4060, CONFIGURATION",
    "8152, INVALID",
    "8645, OVERLOADED",
    "9002, OVERLOADED",
    "10053, TRANSIENT",
    "10054, TRANSIENT",
    "10928, OVERLOADED",
    "10929, OVERLOADED",
    "18456, CONFIGURATION",
    "18488, CONFIGURATION",
    "40197, TRANSIENT",
    "40501, OVERLOADED",
    "40544, OVERLOADED",
    "40613, TRANSIENT",
    "40615, CONFIGURATION",
    "49918, OVERLOADED",
    "49919, OVERLOADED",
    "49920, OVERLOADED",
    "102, PERMANENT",
    "8134, PERMANENT"
  })
  void number_meansKind(int number, FailureKind kind) {
    StorageException failure =
        FAILURES.classify(
            "write 3 spans", new SQLException("it broke\n secret row", "S0001", number));
    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure)
        .hasMessageStartingWith(
            "Could not write 3 spans in jdbc:sqlserver://db;databaseName=spans;user=u;password=***:"
                + " it broke")
        .hasMessageNotContaining("cret");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          The TCP/IP connection to the host db, port 1433 has failed. Error: "Connection refused." | TRANSIENT | host and port
          "encrypt" property is set to "true" and "trustServerCertificate" property is set to "false" but the driver could not establish a secure connection to SQL Server by using Secure Sockets Layer (SSL) encryption: Error: PKIX path building failed | CONFIGURATION | encrypt=false
          The driver could not establish a secure connection to SQL Server by using Secure Sockets Layer (SSL) encryption. Error: "PKIX path building failed". | CONFIGURATION | trustStore
          The driver could not establish a secure connection to SQL Server by using Secure Sockets Layer (SSL) encryption. Error: "The server selected protocol version TLS10". | CONFIGURATION | encrypt=false
          The connection string contains a badly formed name or value. | CONFIGURATION | jdbc:sqlserver://host
          The port number 99999 is not valid. | CONFIGURATION | jdbc:sqlserver://host
          The connection is closed. | TRANSIENT | try again
          SQL Server did not return a response. The connection has been closed. | TRANSIENT | try again
          Connection reset | TRANSIENT | try again
          Read timed out | TRANSIENT | statement-timeout
          The query has timed out. | TRANSIENT | statement-timeout
          canceling statement due to lock timeout | TRANSIENT | lock-timeout
          could not serialize access due to concurrent update | TRANSIENT | Try again
          relation "tracekeep_spans" does not exist | CONFIGURATION | init()
          column "version" does not exist | CONFIGURATION | migrate plan
          schema "spans_traces" does not exist | CONFIGURATION | CREATE SCHEMA
          permission denied for table tracekeep_spans | CONFIGURATION | Grant
          """)
  void text_withoutNumber_meansKind(String text, FailureKind kind, String advice) {
    StorageException failure = FAILURES.classify("read", new SQLException(text));
    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure).hasMessageContaining(advice);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          2628 | String or binary data would be truncated in table 's', column 'n'. Truncated value: 'private'.
          2627 | Violation of PRIMARY KEY constraint 'k'. The duplicate key value is (default, private, s).
          245  | Conversion failed when converting the nvarchar value 'private' to data type int.
          """)
  void message_thatQuotesARow_isCut(int number, String text) {
    assertThat(FAILURES.classify("write", new SQLException(text, "S0001", number)))
        .hasMessageContaining("(not shown)")
        .hasMessageNotContaining("private");
  }

  @Test
  void timeout_ofTheDriver_isTransient() {
    assertThat(FAILURES.classify("read", new SQLTimeoutException("x")).kind())
        .isEqualTo(FailureKind.TRANSIENT);
    assertThat(FAILURES.classify("read", new SQLException("x", "08S01")).kind())
        .isEqualTo(FailureKind.TRANSIENT);
  }

  @Test
  void pool_isJudgedByTheReason_orIsExhausted() {
    SQLException login = new SQLException("Login failed for user 'u'.", "S0001", 18456);
    assertThat(
            FAILURES
                .classify("read", new SQLTransientConnectionException("no", "08001", login))
                .kind())
        .isEqualTo(FailureKind.CONFIGURATION);
    assertThat(FAILURES.classify("read", new SQLTransientConnectionException("no")))
        .hasMessageContaining("raise pool-size")
        .extracting(StorageException::kind)
        .isEqualTo(FailureKind.OVERLOADED);
  }

  @Test
  void interruption_isToldAndKept() {
    assertThat(FAILURES.classify("read", new InterruptedException()).kind())
        .isEqualTo(FailureKind.INTERRUPTED);
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  @Timeout(1200) // a third of what it would wait for a connection
  void server_thatIsNotThere_isReportedAtOnceAndWithoutPassword() {
    try (ObservabilityStorage storage =
        Storages.open(
            Map.of(
                "url", "jdbc:sqlserver://127.0.0.1:1;databaseName=spans;password=secret-1",
                "username", "u",
                "connect-timeout", "1h"))) {
      Health health = storage.check();
      assertThat(health.up()).isFalse();
      assertThat(health.message())
          .contains("port 1", "host and port")
          .doesNotContain("secret-1", "ClientConnectionId");
    }
  }
}
