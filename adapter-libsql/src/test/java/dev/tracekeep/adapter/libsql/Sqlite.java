package dev.tracekeep.adapter.libsql;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A file, read and written through the bare driver. */
record Sqlite(Path file) {
  String url() {
    return "jdbc:sqlite:" + file;
  }

  void execute(String... statements) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  /** The rows, their values parted by a bar; bytes as hexadecimal digits. */
  List<String> rows(String query) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(query)) {
      while (found.next()) {
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
          Object value = found.getObject(i);
          row.add(
              value instanceof byte[] bytes
                  ? "x" + HexFormat.of().formatHex(bytes)
                  : String.valueOf(value));
        }
        rows.add(String.join("|", row));
      }
    }
    return rows;
  }
}
