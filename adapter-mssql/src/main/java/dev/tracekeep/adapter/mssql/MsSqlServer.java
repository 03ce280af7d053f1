package dev.tracekeep.adapter.mssql;

import dev.tracekeep.jdbc.SqlStatement;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What answers at the other end.
 *
 * @param product what people call it, with its version
 * @param locksByHints whether the hints UPDLOCK and HOLDLOCK take locks; Babelfish, which speaks
 *     the same language over PostgreSQL, reads over them
 */
record MsSqlServer(String product, boolean locksByHints) {
  private static final Pattern BABELFISH =
      Pattern.compile("(PostgreSQL [0-9.]+).*\\((Babelfish [^)]*)\\)");

  /** Asks the server. */
  static MsSqlServer of(Connection connection) throws SQLException {
    return of(
        new SqlStatement("SELECT CAST(@@VERSION AS nvarchar(400))")
            .list(connection, row -> row.getString(1))
            .get(0));
  }

  /** Reads what {@code @@VERSION} says, whose first line has the product and its number. */
  static MsSqlServer of(String versionText) {
    Matcher babelfish = BABELFISH.matcher(versionText);
    return babelfish.find()
        ? new MsSqlServer(babelfish.group(2) + " over " + babelfish.group(1), false)
        : new MsSqlServer(versionText.lines().findFirst().orElse("").strip(), true);
  }
}
