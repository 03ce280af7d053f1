package dev.tracekeep.adapter.mssql;

import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import dev.tracekeep.storage.spi.CommonFailures;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What SQL Server's failures mean: told by the number where the server speaks, by the text where
 * the driver does, whose messages have no number.
 */
final class MsSqlFailures {
  private static final String AGAIN = "Try again";
  private static final String LATER = "Try again later, with less at once";
  private static final String LOGIN = "Check username and password, and that the login may connect";
  private static final String DATABASE =
      "Create the database, name another in databaseName, or grant the login access to it";
  private static final String PERMISSION = "Grant the user what is missing, or name another user";
  private static final String STARTING = "The database is starting or moving; try again";

  /** A rule for some numbers of the server. */
  private record Rule(FailureKind kind, String advice, Set<Integer> numbers) {}

  private static Rule rule(FailureKind kind, String advice, Integer... numbers) {
    return new Rule(kind, advice, Set.of(numbers));
  }

  private static final List<Rule> RULES =
      List.of(
          rule(FailureKind.TRANSIENT, "Another transaction was first; try again", 1205, 3960),
          rule(
              FailureKind.TRANSIENT,
              "Another transaction kept the lock longer than lock-timeout allows; try again",
              1222),
          rule(
              FailureKind.TRANSIENT,
              STARTING,
              615,
              921,
              922,
              927,
              952,
              976,
              983,
              4221,
              6005,
              17142,
              18401,
              40143,
              40197,
              40540,
              40613),
          rule(
              FailureKind.TRANSIENT,
              "The connection was lost; try again",
              20,
              64,
              121,
              233,
              10053,
              10054,
              10060),
          rule(
              FailureKind.OVERLOADED,
              "Let the transaction log be backed up or grow: log_reuse_wait_desc in sys.databases"
                  + " says what it waits for",
              9002),
          rule(
              FailureKind.OVERLOADED,
              "Make room for the database: on its disk, in its files or in its quota",
              1101,
              1105,
              3257,
              5149,
              40544),
          rule(
              FailureKind.OVERLOADED,
              LATER,
              701,
              802,
              1204,
              8645,
              8651,
              8902,
              10928,
              10929,
              40501,
              40549,
              40550,
              40551,
              40552,
              40553,
              49918,
              49919,
              49920),
          rule(
              FailureKind.CONFIGURATION,
              LOGIN,
              18450,
              18451,
              18452,
              18456,
              18461,
              18463,
              18464,
              18465,
              18466,
              18467,
              18468,
              18470,
              18486,
              18487,
              18488),
          rule(FailureKind.CONFIGURATION, DATABASE, 911, 916, 4060, 4064),
          rule(
              FailureKind.CONFIGURATION,
              "Let the server's firewall take connections from this address",
              40615,
              40914),
          rule(
              FailureKind.CONFIGURATION,
              "This database is read-only: connect to the primary (applicationIntent=ReadWrite)",
              978,
              3906),
          rule(
              FailureKind.CONFIGURATION,
              "Create the schema (CREATE SCHEMA in the database), or name another in the property"
                  + " schema",
              2760),
          rule(
              FailureKind.CONFIGURATION,
              "Call init() to make the table, or check schema and table",
              208),
          rule(
              FailureKind.CONFIGURATION,
              "The table is not of this release: run 'tracekeep migrate plan'",
              207),
          rule(
              FailureKind.CONFIGURATION,
              PERMISSION,
              229,
              230,
              262,
              297,
              300,
              1088,
              4902,
              15151,
              15247),
          rule(
              FailureKind.CONFIGURATION,
              "The indexes need the session settings that drivers have by default: leave"
                  + " QUOTED_IDENTIFIER and the ANSI options on",
              1934,
              1935),
          rule(
              FailureKind.INVALID,
              "A constraint of the table forbids this row",
              515,
              547,
              2601,
              2627),
          rule(
              FailureKind.INVALID,
              "This input can never be stored as it is",
              220,
              241,
              242,
              245,
              2628,
              8114,
              8115,
              8152),
          rule(
              FailureKind.INVALID,
              "This input is beyond a limit of SQL Server",
              511,
              1946,
              7119,
              8169));

  /** A rule for messages of the driver, and of servers that give everything one number. */
  private record TextRule(Pattern text, FailureKind kind, String advice) {
    static TextRule of(String regex, FailureKind kind, String advice) {
      return new TextRule(Pattern.compile(regex, Pattern.CASE_INSENSITIVE), kind, advice);
    }
  }

  private static final List<TextRule> TEXT_RULES =
      List.of(
          TextRule.of(
              "pkix|certificat|trustanchors|unable to find valid",
              FailureKind.CONFIGURATION,
              "The server's certificate is not trusted. Choose one of the two: name a trustStore"
                  + " that has its authority (or trustServerCertificate=true, which checks nobody),"
                  + " or encrypt=false where the network is trusted"),
          TextRule.of(
              "ssl|tls|encrypt",
              FailureKind.CONFIGURATION,
              "Server and driver do not agree on encryption. Choose one of the two: give the server"
                  + " a certificate and name a trustStore that has its authority, or encrypt=false"
                  + " where the network is trusted"),
          TextRule.of(
              "badly formed|is not valid|is invalid|not supported.*property|integrated"
                  + " authentication",
              FailureKind.CONFIGURATION,
              "Check the address: jdbc:sqlserver://host:1433;databaseName=spans"),
          TextRule.of(
              "tcp/ip connection to the host|unable to get information from sql server",
              FailureKind.TRANSIENT,
              "Check that the server is running and that host and port are right"),
          TextRule.of(
              "lock timeout|lock request time out",
              FailureKind.TRANSIENT,
              "Another transaction kept the lock longer than lock-timeout allows; try again"),
          TextRule.of("deadlock|could not serialize", FailureKind.TRANSIENT, AGAIN),
          TextRule.of(
              "timed out|time-?out",
              FailureKind.TRANSIENT,
              "It took longer than statement-timeout allows; try again, or raise it"),
          TextRule.of(
              "connection (is|was|has been) (closed|reset)|connection reset|broken pipe|did not"
                  + " return a response|terminating connection",
              FailureKind.TRANSIENT,
              "The connection was lost; try again"),
          TextRule.of("database \".*\" does not exist", FailureKind.CONFIGURATION, DATABASE),
          TextRule.of(
              "schema \".*\" does not exist",
              FailureKind.CONFIGURATION,
              "Create the schema (CREATE SCHEMA in the database), or name another in the property"
                  + " schema"),
          TextRule.of(
              "relation \".*\" does not exist",
              FailureKind.CONFIGURATION,
              "Call init() to make the table, or check schema and table"),
          TextRule.of(
              "column \".*\" does not exist",
              FailureKind.CONFIGURATION,
              "The table is not of this release: run 'tracekeep migrate plan'"),
          TextRule.of("permission denied|must be owner", FailureKind.CONFIGURATION, PERMISSION));

  /** What quotes a value of a row, which may be private. */
  private static final Pattern QUOTED_VALUE =
      Pattern.compile(
          "(?is)(truncated value|duplicate key value is|converting the \\w+ value|invalid"
              + " value)\\b.*");

  private final StorageUri uri;

  MsSqlFailures(StorageUri uri) {
    this.uri = uri;
  }

  /**
   * Whether a transaction failed only because another one was first, so that it may be repeated.
   */
  static boolean isLostRace(@Nullable Throwable failure) {
    if (!(failure instanceof SQLException sql)) {
      return false;
    }
    return failure instanceof LostRaceException
        || "40001".equals(sql.getSQLState())
        || Set.of(1205, 3960).contains(sql.getErrorCode())
        || String.valueOf(sql.getMessage()).startsWith("could not serialize access");
  }

  /**
   * Whether a table or an index could not be made because another session has just made it. On
   * Babelfish that can be a duplicate key of PostgreSQL's catalog.
   */
  static boolean isThereAlready(SQLException failure) {
    return Set.of(2714, 1913).contains(failure.getErrorCode())
        || isDuplicateKey(failure)
        || String.valueOf(failure.getMessage()).contains("already exists");
  }

  /** Whether a key was there already: of a constraint 2627, of an index 2601. */
  static boolean isDuplicateKey(Exception failure) {
    return failure instanceof SQLException sql
        && (sql.getErrorCode() == 2627 || sql.getErrorCode() == 2601);
  }

  /** Whether a unique index could not be made because there are duplicates. */
  static boolean isDuplicateInIndex(Exception failure) {
    return isDuplicateKey(failure)
        || failure instanceof SQLException sql
            && (sql.getErrorCode() == 1505 || sql.getErrorCode() == 1750);
  }

  /** Whether a lock was not given in time; Babelfish has no number for that. */
  static boolean isLockTimeout(Exception failure) {
    return failure instanceof SQLException sql
        && (sql.getErrorCode() == 1222
            || String.valueOf(sql.getMessage()).contains("due to lock timeout"));
  }

  /** What a failure of the server means. */
  static FailureKind kindOf(Exception failure) {
    return judge(known(failure)).map(Judgement::kind).orElse(FailureKind.PERMANENT);
  }

  private record Judgement(FailureKind kind, String advice) {}

  private static Optional<Judgement> judge(Throwable failure) {
    if (failure instanceof LostRaceException) {
      return Optional.of(new Judgement(FailureKind.TRANSIENT, AGAIN));
    }
    int number = failure instanceof SQLException sql ? sql.getErrorCode() : 0;
    Optional<Judgement> byNumber =
        RULES.stream()
            .filter(rule -> rule.numbers().contains(number))
            .findFirst()
            .map(rule -> new Judgement(rule.kind(), rule.advice()));
    if (byNumber.isPresent()) {
      return byNumber;
    }
    String text = chainText(failure);
    Optional<Judgement> byText =
        TEXT_RULES.stream()
            .filter(rule -> rule.text().matcher(text).find())
            .findFirst()
            .map(rule -> new Judgement(rule.kind(), rule.advice()));
    if (byText.isPresent()) {
      return byText;
    }
    if (failure instanceof SQLTimeoutException) {
      return Optional.of(new Judgement(FailureKind.TRANSIENT, AGAIN));
    }
    String state = failure instanceof SQLException sql ? String.valueOf(sql.getSQLState()) : "";
    return state.startsWith("08")
        ? Optional.of(new Judgement(FailureKind.TRANSIENT, "The connection was lost; try again"))
        : state.equals("40001")
            ? Optional.of(new Judgement(FailureKind.TRANSIENT, AGAIN))
            : Optional.empty();
  }

  /** Only the driver's own failures are told by their text: the server's may quote a row. */
  private static String chainText(Throwable failure) {
    StringBuilder text = new StringBuilder(String.valueOf(failure.getMessage()));
    for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
      text.append(' ').append(cause.getMessage());
    }
    return text.toString();
  }

  StorageException classify(String action, Exception failure) {
    return CommonFailures.explain(action, uri, failure)
        .orElseGet(() -> ofTheEngine(action, failure));
  }

  private StorageException ofTheEngine(String action, Exception failure) {
    Throwable cause = known(failure);
    if (cause instanceof SQLTransientConnectionException pool) {
      return failed(
          FailureKind.OVERLOADED,
          action,
          "all connections of the pool are in use (" + pool.getMessage() + ")",
          "Try again later, write larger batches from fewer threads, or raise pool-size",
          failure);
    }
    Judgement judgement = judge(cause).orElse(new Judgement(FailureKind.PERMANENT, ""));
    return failed(judgement.kind(), action, reason(cause), judgement.advice(), failure);
  }

  /** The failure that says most: the pool wraps what kept it from connecting. */
  private static Throwable known(Throwable failure) {
    Throwable best = failure;
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof InterruptedException) {
        return t;
      }
      if (t instanceof SQLException && !(t instanceof SQLTransientConnectionException)) {
        return t;
      }
    }
    return best;
  }

  /** What the server said, without the values that it quotes and the driver's connection id. */
  static String reason(Throwable failure) {
    String message =
        failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    return QUOTED_VALUE
        .matcher(message.replaceAll("\\s*ClientConnectionId:\\S+", ""))
        .replaceFirst("$1 (not shown)");
  }

  private StorageException failed(
      FailureKind kind, String action, String reason, String advice, Exception cause) {
    return StorageException.couldNot(kind, action, uri, reason, advice, cause);
  }
}
