package dev.tracekeep.conformance;

import dev.tracekeep.adapter.libsql.LibSqlProvider;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.sqlite.SQLiteException;

/** SQLite in this process, with a file for each database or in memory. */
final class LibSqlFixture implements StorageFixture {
  private final boolean inFiles;

  private LibSqlFixture(boolean inFiles) {
    this.inFiles = inFiles;
  }

  static LibSqlFixture inFiles() {
    return new LibSqlFixture(true);
  }

  static LibSqlFixture inMemory() {
    return new LibSqlFixture(false);
  }

  @Override
  public String name() {
    return inFiles ? "libsql-file" : "libsql-memory";
  }

  @Override
  public StorageProvider provider() {
    return new LibSqlProvider();
  }

  @Override
  public EngineAccess access() {
    return EngineAccess.embedded();
  }

  @Override
  public TestDatabase newDatabase() throws IOException {
    return inFiles ? new FileDatabase() : () -> Map.of("url", "jdbc:sqlite::memory:");
  }

  @Override
  public Optional<Map<String, String>> at(int port) {
    return Optional.of(Map.of("url", "http://127.0.0.1:" + port));
  }

  @Override
  public Optional<Map<String, String>> unreachable() {
    return Optional.of(
        Map.of(
            "url",
            "jdbc:sqlite:/no/such/folder/spans.db",
            "password",
            StorageConformanceKit.SECRET));
  }

  private static final class FileDatabase implements TestDatabase {
    private final Path folder = Files.createTempDirectory("tracekeep-libsql");
    private final Path file = folder.resolve("spans.db");

    FileDatabase() throws IOException {}

    @Override
    public Map<String, String> properties() {
      return Map.of("url", "jdbc:sqlite:" + file);
    }

    @Override
    public Optional<RawAccess> raw() {
      return Optional.of(new Raw(file));
    }

    @Override
    public void close() throws IOException {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  /** Reads and writes a file through the bare driver. */
  static class Raw extends JdbcRawAccess {
    private final Path file;

    Raw(Path file) {
      super(StorageConfig.DEFAULT_TABLE);
      this.file = file;
    }

    @Override
    protected Connection connect() throws SQLException {
      return DriverManager.getConnection("jdbc:sqlite:" + file);
    }

    @Override
    public Set<String> tableNames() throws SQLException {
      Set<String> names = super.tableNames();
      names.removeIf(name -> name.contains("tracekeep_formats")); // and its index
      return names;
    }

    @Override
    protected String selectFormat() {
      return "SELECT format FROM tracekeep_formats WHERE table_name = 'tracekeep_spans'";
    }

    @Override
    protected String keepFormat(OptionalInt format) {
      return format.isPresent()
          ? "REPLACE INTO tracekeep_formats VALUES ('tracekeep_spans', " + format.getAsInt() + ")"
          : "DELETE FROM tracekeep_formats";
    }

    @Override
    protected String columnType(SpanColumn column) {
      return switch (column.type()) {
        case TEXT, JSON, TEXT_LIST -> "TEXT";
        case TIME, FLAG, NUMBER -> "INTEGER";
      };
    }

    @Override
    protected Object bound(Connection connection, SpanColumn column, Object value) {
      return value instanceof Instant time
          ? EpochNanos.of(time)
          : Json.array(((List<?>) value).stream().map(tag -> Json.of((String) tag)).toList())
              .text();
    }

    @Override
    protected Object number(SpanColumn column, BigDecimal value) {
      return value.movePointRight(column.scale()).longValueExact();
    }

    @Override
    public Optional<String> keepRowsFromDeletion() throws SQLException {
      execute(
          "CREATE TRIGGER keeps_rows BEFORE DELETE ON tracekeep_spans BEGIN SELECT RAISE(IGNORE);"
              + " END");
      return Optional.of("keeps_rows");
    }

    @Override
    public void letRowsBeDeleted() throws SQLException {
      execute("DROP TRIGGER keeps_rows");
    }

    @Override
    protected boolean isUniquenessViolation(SQLException failure) {
      return failure instanceof SQLiteException sqlite
          && sqlite.getResultCode().name().startsWith("SQLITE_CONSTRAINT");
    }
  }
}
