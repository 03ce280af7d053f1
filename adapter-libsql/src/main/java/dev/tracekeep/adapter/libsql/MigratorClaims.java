package dev.tracekeep.adapter.libsql;

import dev.tracekeep.dedupe.MigratorLease;
import dev.tracekeep.jdbc.SqlStatement;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Claims on a server's database, for a {@link MigratorLease}: a row with an end, by the server's
 * clock. Every transaction of its owner puts that end off, and fails if the row has become
 * another's; so an owner that was asleep for longer changes nothing any more.
 */
record MigratorClaims(LibSqlConnections connections) implements MigratorLease.Claims {
  private static final int SECONDS = 10;

  private static final String TABLE = "tracekeep_migrator";

  @Override
  public Duration length() {
    return Duration.ofSeconds(SECONDS);
  }

  @Override
  public boolean claim(String owner) throws Exception {
    return connections.transact(
        connection -> {
          new SqlStatement(
                  "CREATE TABLE IF NOT EXISTS "
                      + TABLE
                      + " (one INTEGER PRIMARY KEY CHECK (one = 1), owner TEXT, ends_at INTEGER)")
              .execute(connection);
          return new SqlStatement(
                      "INSERT INTO "
                          + TABLE
                          + " AS t (one, owner, ends_at) VALUES (1, ?, unixepoch() + ?)"
                          + " ON CONFLICT (one) DO UPDATE SET owner = excluded.owner,"
                          + " ends_at = excluded.ends_at"
                          + " WHERE t.owner = excluded.owner OR t.ends_at <= unixepoch()",
                      owner,
                      SECONDS)
                  .execute(connection)
              > 0;
        });
  }

  @Override
  public boolean renew(String owner) throws Exception {
    return connections.transact(connection -> renew(connection, owner));
  }

  /** The same in the owner's current transaction. */
  boolean renew(Connection connection, String owner) throws SQLException {
    return new SqlStatement(
                "UPDATE " + TABLE + " SET ends_at = unixepoch() + ? WHERE owner = ?",
                SECONDS,
                owner)
            .execute(connection)
        > 0;
  }

  @Override
  public void release(String owner) throws Exception {
    connections.transact(
        connection ->
            new SqlStatement("DELETE FROM " + TABLE + " WHERE owner = ?", owner)
                .execute(connection));
  }
}
