package dev.tracekeep.adapter.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;

import com.clickhouse.client.api.ClientException;
import com.clickhouse.client.api.ConnectionInitiationException;
import com.clickhouse.client.api.DataTransferException;
import com.clickhouse.client.api.ServerException;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.util.Timeout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ClickHouseFailuresTest {
  private static final StorageUri URI =
      StorageUri.of("jdbc:clickhouse://db:8123/spans?user=app&password=kept-secret");

  private final ClickHouseFailures failures = new ClickHouseFailures(URI);

  private static ServerException server(int code, String message) {
    return new ServerException(code, message, 500, "id-1");
  }

  @ParameterizedTest(name = "{0} is {1}")
  @CsvSource({
    "3,     PERMANENT,     ''",
    "10,    CONFIGURATION, tracekeep migrate plan",
    "32,    TRANSIENT,     try again",
    "33,    CONFIGURATION, SHOW CREATE TABLE",
    "36,    PERMANENT,     ''",
    "47,    CONFIGURATION, tracekeep migrate plan",
    "53,    CONFIGURATION, SHOW CREATE TABLE",
    "57,    TRANSIENT,     try again",
    "60,    CONFIGURATION, init()",
    "62,    PERMANENT,     ''",
    "81,    CONFIGURATION, Create the database",
    "115,   CONFIGURATION, 24.8",
    "117,   CONFIGURATION, SHOW CREATE TABLE",
    "131,   INVALID,       limit of ClickHouse",
    "158,   OVERLOADED,    profile",
    "159,   TRANSIENT,     statement-timeout",
    "160,   TRANSIENT,     statement-timeout",
    "164,   CONFIGURATION, readonly",
    "173,   OVERLOADED,    memory",
    "191,   OVERLOADED,    profile",
    "192,   CONFIGURATION, username and password",
    "193,   CONFIGURATION, username and password",
    "194,   CONFIGURATION, username and password",
    "201,   OVERLOADED,    later",
    "202,   OVERLOADED,    pool-size",
    "209,   TRANSIENT,     try again",
    "210,   TRANSIENT,     try again",
    "225,   TRANSIENT,     Keeper",
    "236,   TRANSIENT,     try again",
    "241,   OVERLOADED,    max_memory_usage",
    "242,   TRANSIENT,     replica",
    "243,   OVERLOADED,    disk",
    "252,   OVERLOADED,    larger batches",
    "279,   TRANSIENT,     try again",
    "285,   TRANSIENT,     try again",
    "307,   OVERLOADED,    profile",
    "319,   TRANSIENT,     a second time changes nothing",
    "341,   TRANSIENT,     try again",
    "359,   CONFIGURATION, max_table_size_to_drop",
    "394,   TRANSIENT,     try again",
    "396,   OVERLOADED,    profile",
    "439,   OVERLOADED,    later",
    "452,   CONFIGURATION, readonly",
    "469,   INVALID,       constraint",
    "497,   CONFIGURATION, Grant",
    "516,   CONFIGURATION, username and password",
    "517,   TRANSIENT,     try again",
    "519,   TRANSIENT,     try again",
    "701,   CONFIGURATION, cluster",
    "735,   TRANSIENT,     try again",
    "745,   OVERLOADED,    later",
    "999,   TRANSIENT,     Keeper",
    "1002,  TRANSIENT,     a second time changes nothing",
    "9999,  PERMANENT,     ''"
  })
  void code_hasItsKindAndAdvice(int code, FailureKind kind, String advice) {
    StorageException classified =
        failures.classify("write 3 spans", new ExecutionException(server(code, "said so")));
    assertThat(classified.kind()).isEqualTo(kind);
    assertThat(classified)
        .hasMessageStartingWith(
            "Could not write 3 spans in jdbc:clickhouse://db:8123/spans?user=app&password=***:"
                + " code "
                + code
                + ", said so.")
        .hasMessageContaining(advice)
        .hasMessageNotContaining("kept-secret");
    if (advice.isEmpty()) {
      assertThat(classified).hasMessageEndingWith("said so.");
    }
    assertThat(classified.getCause()).hasCauseInstanceOf(ServerException.class);
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("clientSide")
  void failureOfThisSide_hasItsKindAndAdvice(Exception failure, FailureKind kind, String says) {
    StorageException classified = failures.classify("count the spans", failure);
    assertThat(classified.kind()).isEqualTo(kind);
    assertThat(classified).hasMessageContaining(says).hasMessageNotContaining("kept-secret");
  }

  static Stream<Arguments> clientSide() {
    return Stream.of(
        Arguments.of(
            new ConnectionInitiationException("no", new ConnectException("Connection refused")),
            FailureKind.TRANSIENT,
            "Connection refused. Check that the server is running"),
        Arguments.of(
            new ConnectionInitiationException("no", new UnknownHostException("db.invalid")),
            FailureKind.TRANSIENT,
            "no address is known of the host db.invalid. Check the host's name"),
        Arguments.of(
            new DataTransferException("no", new SocketTimeoutException("Read timed out")),
            FailureKind.TRANSIENT,
            "Read timed out. The connection was lost or too slow"),
        Arguments.of(
            new ClientException("no", new SSLHandshakeException("PKIX path building failed")),
            FailureKind.CONFIGURATION,
            "PKIX path building failed. Check that the port is the one for HTTPS"),
        Arguments.of(
            new ConnectionInitiationException(
                "no",
                new ConnectionRequestTimeoutException(
                    "Timeout deadline: " + Timeout.ofMilliseconds(5))),
            FailureKind.OVERLOADED,
            "all connections of the pool are in use. Try again later"),
        Arguments.of(
            new ExecutionException(new InterruptedException()),
            FailureKind.INTERRUPTED,
            "the thread was interrupted."),
        Arguments.of(
            new IllegalStateException("a bug at jdbc:clickhouse://u:kept-secret@h/"),
            FailureKind.PERMANENT,
            "a bug at jdbc:clickhouse://u:***@h/"));
  }

  @Test
  void interruption_isNotSwallowed() {
    failures.classify("count the spans", new InterruptedException());
    assertThat(Thread.interrupted()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Code: 241. DB::Exception: (total) memory limit exceeded: would use 3 GiB."
            + " (MEMORY_LIMIT_EXCEEDED) (version 26.7.2.1 (official build)) (queryId= 1-2-3) | code"
            + " 241, (total) memory limit exceeded: would use 3 GiB. (MEMORY_LIMIT_EXCEEDED)",
        "Code: 62. DB::Exception: Syntax error: failed at position 9 ('private'): private."
            + " Expected one of: x | code 62, Syntax error",
        "Code: 6. DB::Exception: Cannot parse string 'private' as DateTime: syntax error at"
            + " position 0 | code 6, Cannot parse string '…' as DateTime: syntax error at position"
            + " 0",
        "Code: 47. DB::Exception: Unknown identifier `x` in scope SELECT 'private'"
            + " | code 47, Unknown identifier `x`"
      })
  void reason_showsNothingOfTheStatement(String said, String reason) {
    int code = Integer.parseInt(said.substring(6, said.indexOf('.')));
    assertThat(ClickHouseFailures.reason(server(code, said))).isEqualTo(reason);
  }
}
