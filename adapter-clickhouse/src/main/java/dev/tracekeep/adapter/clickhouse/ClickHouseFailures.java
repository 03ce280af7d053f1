package dev.tracekeep.adapter.clickhouse;

import com.clickhouse.client.api.ClientException;
import com.clickhouse.client.api.ClientMisconfigurationException;
import com.clickhouse.client.api.ServerException;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import dev.tracekeep.storage.spi.CommonFailures;
import java.io.IOException;
import java.net.ConnectException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.jspecify.annotations.Nullable;

/** What ClickHouse's failures mean, told by the code that each carries. */
final class ClickHouseFailures {
  /** What some codes mean. */
  private record Rule(FailureKind kind, String advice, List<Integer> codes) {
    Rule(FailureKind kind, String advice, Integer... codes) {
      this(kind, advice, List.of(codes));
    }
  }

  private static final List<Rule> RULES =
      List.of(
          new Rule(
              FailureKind.TRANSIENT,
              "It took longer than statement-timeout allows; try again, or raise it",
              159,
              160),
          new Rule(
              FailureKind.TRANSIENT,
              "The network failed between servers, or a server is starting; try again",
              32,
              95,
              209,
              210,
              236,
              279,
              425,
              519,
              722,
              733),
          new Rule(
              FailureKind.TRANSIENT,
              "It may have been done or not; try again, a second time changes nothing",
              319,
              1002),
          new Rule(
              FailureKind.TRANSIENT,
              "Keeper did not answer; try again, and look at it if this goes on",
              225,
              999),
          new Rule(
              FailureKind.TRANSIENT,
              "Replicas are behind or away; try again when enough are up",
              285,
              286,
              289,
              415),
          new Rule(
              FailureKind.TRANSIENT,
              "This replica is read-only while it has lost Keeper; try again, or connect to"
                  + " another",
              242),
          new Rule(
              FailureKind.TRANSIENT,
              "Another change of the table came in between; try again",
              57,
              341,
              473,
              517,
              529),
          new Rule(FailureKind.TRANSIENT, "Somebody ended the statement; try again", 394, 735),
          new Rule(
              FailureKind.OVERLOADED,
              "Give ClickHouse more memory (max_memory_usage), or do less at once",
              173,
              241),
          new Rule(
              FailureKind.OVERLOADED,
              "Parts are made faster than they are merged: write larger batches, less often",
              252,
              692),
          new Rule(
              FailureKind.OVERLOADED,
              "Try again later, with fewer statements at once (pool-size)",
              201,
              202,
              203,
              439,
              745),
          new Rule(FailureKind.OVERLOADED, "Make room on the server's disk", 243),
          new Rule(
              FailureKind.OVERLOADED,
              "The result is beyond a limit of the user's profile: ask for less, or raise the"
                  + " limit",
              158,
              191,
              307,
              396),
          new Rule(
              FailureKind.CONFIGURATION, "Check username and password", 192, 193, 194, 195, 516),
          new Rule(FailureKind.CONFIGURATION, "Grant the user what is missing", 497, 291),
          new Rule(FailureKind.CONFIGURATION, "Create the database, or name another", 81),
          new Rule(
              FailureKind.CONFIGURATION,
              "Call init() to make the table, or check schema and table",
              60,
              218),
          new Rule(
              FailureKind.CONFIGURATION,
              "The table is not of this release: run 'tracekeep migrate plan'",
              10,
              16,
              47),
          new Rule(
              // What this side sends is well-formed for the table that it makes.
              FailureKind.CONFIGURATION,
              "The table's columns are not of this release's types: compare it with SHOW CREATE"
                  + " TABLE",
              6,
              27,
              33,
              41,
              53,
              69,
              70,
              72,
              117,
              321,
              349),
          new Rule(
              FailureKind.CONFIGURATION,
              "The user's profile is read-only and lets no setting be changed: use readonly=2 or 0",
              164,
              392,
              452),
          new Rule(
              FailureKind.CONFIGURATION,
              "The server does not know the setting: use ClickHouse 24.8 or newer, and check the"
                  + " address for clickhouse_setting_ parameters",
              115),
          new Rule(
              FailureKind.CONFIGURATION,
              "The server knows no cluster of that name: check the property cluster",
              170,
              701),
          new Rule(
              FailureKind.CONFIGURATION,
              "The server guards large tables: raise max_table_size_to_drop there",
              359),
          new Rule(FailureKind.INVALID, "A constraint of the table forbids this row", 469),
          new Rule(FailureKind.INVALID, "This input is beyond a limit of ClickHouse", 131));

  private static final Map<Integer, Rule> BY_CODE = new HashMap<>();

  static {
    RULES.forEach(rule -> rule.codes().forEach(code -> BY_CODE.putIfAbsent(code, rule)));
  }

  /** What is not for people: the code in front, and the ids behind. */
  private static final Pattern FRAME =
      Pattern.compile(
          "^.*?DB::Exception: |\\s*\\(version"
              + " [^()]*(?:\\([^()]*\\))?\\)|\\s*\\(query_?[iI]d=[^)]*\\)",
          Pattern.DOTALL);

  /** Syntax errors and their like quote the statement, and a statement holds what is looked for. */
  private static final Pattern QUOTED =
      Pattern.compile(
          "(?s)[:,.]?\\s*(?:failed at position|While processing|[iI]n scope|while executing).*");

  /** A value that the server quotes may be part of a payload. */
  private static final Pattern LITERAL = Pattern.compile("'[^']*'");

  private static final int LONGEST_REASON = 300;

  private final StorageUri uri;

  ClickHouseFailures(StorageUri uri) {
    this.uri = uri;
  }

  /** The server's code for a failure, or 0 if it does not come from the server. */
  static int codeOf(@Nullable Throwable failure) {
    return find(failure, ServerException.class) instanceof ServerException server
        ? server.getCode()
        : 0;
  }

  StorageException classify(String action, Exception failure) {
    return CommonFailures.explain(action, uri, failure)
        .orElseGet(() -> ofTheEngine(action, failure));
  }

  private StorageException ofTheEngine(String action, Exception failure) {
    if (find(failure, ServerException.class) instanceof ServerException server) {
      Rule rule = BY_CODE.get(server.getCode());
      return rule == null
          ? failed(FailureKind.PERMANENT, action, reason(server), "", failure)
          : failed(rule.kind(), action, reason(server), rule.advice(), failure);
    }
    if (find(failure, ConnectionRequestTimeoutException.class) != null) {
      return failed(
          FailureKind.OVERLOADED,
          action,
          "all connections of the pool are in use",
          "Try again later, write larger batches from fewer threads, or raise pool-size",
          failure);
    }
    if (find(failure, SSLException.class) instanceof SSLException ssl) {
      return failed(
          FailureKind.CONFIGURATION,
          action,
          ssl.getMessage(),
          "Check that the port is the one for HTTPS, and that its certificate is trusted",
          failure);
    }
    if (find(failure, ConnectException.class) instanceof ConnectException refused) {
      return failed(
          FailureKind.TRANSIENT,
          action,
          refused.getMessage(),
          "Check that the server is running and that host and port are right",
          failure);
    }
    if (find(failure, IOException.class) instanceof IOException lost) {
      return failed(
          FailureKind.TRANSIENT,
          action,
          lost.getMessage(),
          "The connection was lost or too slow; try again",
          failure);
    }
    if (find(failure, ClientMisconfigurationException.class) != null) {
      return failed(
          FailureKind.CONFIGURATION, action, failure.getMessage(), "Check the address", failure);
    }
    FailureKind kind =
        failure instanceof ClientException ? FailureKind.TRANSIENT : FailureKind.PERMANENT;
    return failed(kind, action, failure.getMessage(), "", failure);
  }

  private static <T extends Throwable> @Nullable Throwable find(
      @Nullable Throwable failure, Class<T> type) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (type.isInstance(t)) {
        return t;
      }
    }
    return null;
  }

  /** What the server said, without what a statement or a row would show of its content. */
  static String reason(ServerException failure) {
    String message = FRAME.matcher(String.valueOf(failure.getMessage())).replaceAll("");
    String plain =
        LITERAL.matcher(QUOTED.matcher(message).replaceFirst("")).replaceAll("'…'").strip();
    String line = plain.lines().findFirst().orElse("");
    String cut = line.length() > LONGEST_REASON ? line.substring(0, LONGEST_REASON) + "…" : line;
    return "code " + failure.getCode() + (cut.isEmpty() ? "" : ", " + cut);
  }

  private StorageException failed(
      FailureKind kind, String action, @Nullable String reason, String advice, Exception cause) {
    return StorageException.couldNot(kind, action, uri, reason, advice, cause);
  }
}
