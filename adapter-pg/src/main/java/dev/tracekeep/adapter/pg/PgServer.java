package dev.tracekeep.adapter.pg;

import dev.tracekeep.jdbc.SqlStatement;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Locale;

/**
 * What answers at the other end.
 *
 * @param product what people call it, with its version
 * @param version PostgreSQL's version number, for example 180006; what a relative claims to be
 * @param kind PostgreSQL itself, or which relative
 * @param statementTimeoutMillis the limit that the session really has
 * @param hasCitus whether the database has the extension, so that a table may be distributed
 */
record PgServer(
    String product, int version, Kind kind, long statementTimeoutMillis, boolean hasCitus) {
  /** The servers that speak PostgreSQL's protocol, as far as they differ for us. */
  enum Kind {
    /** PostgreSQL, and what is built from it and keeps its storage: Aurora, AlloyDB, Citus. */
    POSTGRESQL("PostgreSQL"),
    /** No xmax, no ctid, advisory locks that lock nothing. */
    COCKROACHDB("CockroachDB"),
    /** No xmax, no ctid, temporary tables that cost a trip through the whole cluster. */
    YUGABYTEDB("YugabyteDB");

    private final String displayName;

    Kind(String displayName) {
      this.displayName = displayName;
    }

    String displayName() {
      return displayName;
    }

    /** Tells them apart by what version() says. */
    static Kind of(String versionText) {
      String text = versionText.toLowerCase(Locale.ROOT);
      return text.contains("cockroach")
          ? COCKROACHDB
          : text.contains("-yb-") || text.contains("yugabyte") ? YUGABYTEDB : POSTGRESQL;
    }
  }

  /** Asks the server. */
  static PgServer of(Connection connection) throws SQLException {
    return new SqlStatement(
            "SELECT version(), current_setting('server_version_num'),"
                + " (SELECT setting FROM pg_settings WHERE name = 'statement_timeout'),"
                + " (SELECT extversion FROM pg_extension WHERE extname = 'citus')")
        .list(
            connection,
            row -> {
              String citus = row.getString(4);
              return new PgServer(
                  product(row.getString(1)) + (citus == null ? "" : " with Citus " + citus),
                  Integer.parseInt(row.getString(2)),
                  Kind.of(row.getString(1)),
                  Long.parseLong(row.getString(3)),
                  citus != null);
            })
        .get(0);
  }

  /** The name and the number, without the compiler and its flags. */
  private static String product(String versionText) {
    return versionText.split("[,(]| on ", 2)[0].strip();
  }

  /**
   * Whether rows have addresses and locks that work, binary COPY included: all but the distributed
   * relatives.
   */
  boolean isPostgres() {
    return kind == Kind.POSTGRESQL;
  }
}
