package dev.tracekeep.adapter.pg;

import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import dev.tracekeep.storage.spi.CommonFailures;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What PostgreSQL's failures mean, told by the SQL state that each carries. */
final class PgFailures {
  /** A rule for all states that start like this; the first that fits counts. */
  private record Rule(String state, FailureKind kind, String advice) {}

  private static final List<Rule> RULES =
      List.of(
          new Rule(
              "08001",
              FailureKind.TRANSIENT,
              "Check that the server is running and that host and port are right"),
          new Rule(
              "08004", FailureKind.CONFIGURATION, "Check the server's pg_hba.conf and the user"),
          new Rule(
              "08P01",
              FailureKind.CONFIGURATION,
              "If this is a proxy, let it ignore extra_float_digits and options"),
          new Rule("08", FailureKind.TRANSIENT, "The connection was lost; try again"),
          new Rule(
              "57014",
              FailureKind.TRANSIENT,
              "It took longer than statement-timeout allows; try again, or raise it"),
          new Rule("57P03", FailureKind.TRANSIENT, "The server is starting or stopping; try again"),
          new Rule("57P", FailureKind.TRANSIENT, "The server ended the connection; try again"),
          new Rule("25P0", FailureKind.TRANSIENT, "The server ended the transaction; try again"),
          new Rule(
              "25006",
              FailureKind.CONFIGURATION,
              "This server is read-only: connect to the primary (targetServerType=primary)"),
          new Rule(
              "53300",
              FailureKind.OVERLOADED,
              "The server has no connection left: lower pool-size or raise max_connections"),
          new Rule("53100", FailureKind.OVERLOADED, "Make room on the server's disk"),
          new Rule("53", FailureKind.OVERLOADED, "Try again later, with less at once"),
          new Rule("40", FailureKind.TRANSIENT, "Another transaction was first; try again"),
          new Rule(
              "55P03",
              FailureKind.TRANSIENT,
              "Another transaction kept the lock longer than lock-timeout allows; try again"),
          new Rule("28", FailureKind.CONFIGURATION, "Check username and password"),
          new Rule("3D000", FailureKind.CONFIGURATION, "Create the database, or name another"),
          new Rule(
              "3F000",
              FailureKind.CONFIGURATION,
              "Create the schema, or name another in the property schema"),
          new Rule(
              "42P01",
              FailureKind.CONFIGURATION,
              "Call init() to make the table, or check schema and table"),
          new Rule(
              "42703",
              FailureKind.CONFIGURATION,
              "The table is not of this release: run 'tracekeep migrate plan'"),
          new Rule(
              "42710",
              FailureKind.CONFIGURATION,
              "The schema has a type of that name: drop it, or choose another table"),
          new Rule(
              "42501",
              FailureKind.CONFIGURATION,
              "Grant the user what is missing, or name the table's owner"),
          new Rule(
              "26000",
              FailureKind.CONFIGURATION,
              "A proxy pools transactions: set " + PgProvider.TRANSACTION_POOLING + "=true"),
          new Rule(
              "42P05",
              FailureKind.CONFIGURATION,
              "A proxy pools transactions: set " + PgProvider.TRANSACTION_POOLING + "=true"),
          new Rule("22", FailureKind.INVALID, "This input can never be stored as it is"),
          new Rule("23", FailureKind.INVALID, "A constraint of the table forbids this row"),
          new Rule("54", FailureKind.INVALID, "This input is beyond a limit of PostgreSQL"));

  /** The catalog's own keys: two sessions made the same table, type or index at once. */
  private static final Set<String> CATALOG_KEYS =
      Set.of(
          "pg_class_relname_nsp_index", "pg_type_typname_nsp_index", "pg_namespace_nspname_index");

  private final StorageUri uri;

  PgFailures(StorageUri uri) {
    this.uri = uri;
  }

  /**
   * Whether a transaction failed only because another one was first, so that it may be repeated.
   */
  static boolean isLostRace(@Nullable Throwable failure) {
    if (!(failure instanceof SQLException sql)) {
      return false;
    }
    return switch (String.valueOf(sql.getSQLState())) {
      // 42P07 and 42710 are what CREATE TABLE says of a table, and of the table's row type, that
      // another session made since; 23505 is the same a moment later, from the catalog's own keys.
      case "40001", "40P01", "42P07", "42710" -> true;
      case "23505" -> constraint(sql).filter(CATALOG_KEYS::contains).isPresent();
      default -> false;
    };
  }

  /** Whether a key was there already. */
  static boolean isDuplicateKey(Exception failure) {
    return failure instanceof SQLException sql && "23505".equals(sql.getSQLState());
  }

  /** Whether the server has no state for it but that of an internal error. */
  static boolean isUnknown(Exception failure) {
    return failure instanceof SQLException sql && "XX000".equals(sql.getSQLState());
  }

  private static Optional<String> constraint(SQLException failure) {
    return server(failure).map(ServerErrorMessage::getConstraint);
  }

  private static Optional<ServerErrorMessage> server(Throwable failure) {
    return failure instanceof PSQLException driver
        ? Optional.ofNullable(driver.getServerErrorMessage())
        : Optional.empty();
  }

  /** What a failure of the server means. */
  static FailureKind kindOf(SQLException failure) {
    return rule(failure).map(Rule::kind).orElse(FailureKind.PERMANENT);
  }

  private static Optional<Rule> rule(Throwable failure) {
    String state = failure instanceof SQLException sql ? String.valueOf(sql.getSQLState()) : "";
    return RULES.stream().filter(rule -> state.startsWith(rule.state())).findFirst();
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
    String reason = reason(cause);
    return rule(cause)
        .map(rule -> failed(rule.kind(), action, reason, rule.advice(), failure))
        .orElseGet(() -> failed(FailureKind.PERMANENT, action, reason, "", failure));
  }

  /** The failure that says most: the pool wraps what kept it from connecting. */
  private static Throwable known(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof PSQLException || t instanceof InterruptedException) {
        return t;
      }
    }
    return failure;
  }

  /** The server's own message: the driver's adds details, which may quote a row. */
  static String reason(Throwable failure) {
    return server(failure)
        .map(ServerErrorMessage::getMessage)
        .orElseGet(
            () ->
                failure.getMessage() == null
                    ? failure.getClass().getSimpleName()
                    : failure.getMessage());
  }

  private StorageException failed(
      FailureKind kind, String action, String reason, String advice, Exception cause) {
    return StorageException.couldNot(kind, action, uri, reason, advice, cause);
  }
}
