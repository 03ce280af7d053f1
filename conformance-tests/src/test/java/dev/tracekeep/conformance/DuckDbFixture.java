package dev.tracekeep.conformance;

import dev.tracekeep.adapter.duckdb.DuckDbProvider;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** DuckDB, in a file or in a named memory that lives as long as a connection is open. */
final class DuckDbFixture implements StorageFixture {
  private final String name;
  private final @Nullable Path directory;
  private final AtomicInteger made = new AtomicInteger();

  private DuckDbFixture(String name, @Nullable Path directory) {
    this.name = name;
    this.directory = directory;
  }

  static DuckDbFixture inMemory() {
    return new DuckDbFixture("duckdb-memory", null);
  }

  static DuckDbFixture onFile() throws IOException {
    return new DuckDbFixture("duckdb-file", Files.createTempDirectory("tracekeep-kit"));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public StorageProvider provider() {
    return new DuckDbProvider();
  }

  @Override
  public EngineAccess access() {
    return EngineAccess.embedded();
  }

  @Override
  public Optional<Map<String, String>> unreachable() {
    return directory == null
        ? Optional.empty()
        : Optional.of(
            Map.of("url", "jdbc:duckdb:" + directory.resolve("no-such-folder/spans.duckdb")));
  }

  @Override
  public TestDatabase newDatabase() throws SQLException {
    int number = made.incrementAndGet();
    String url =
        directory == null
            ? "jdbc:duckdb::memory:kit" + number
            : "jdbc:duckdb:" + directory.resolve("kit" + number + ".duckdb");
    // A memory is gone with its last connection.
    Connection anchor = directory == null ? DriverManager.getConnection(url) : null;
    return new TestDatabase() {
      @Override
      public Map<String, String> properties() {
        return Map.of("url", url);
      }

      @Override
      public Optional<RawAccess> raw() {
        return Optional.of(new Raw(url));
      }

      @Override
      public void close() throws SQLException {
        if (anchor != null) {
          anchor.close();
        }
      }
    };
  }

  @Override
  public void close() throws IOException {
    if (directory != null) {
      try (Stream<Path> files = Files.walk(directory)) {
        files.sorted(Comparator.reverseOrder()).forEach(DuckDbFixture::delete);
      }
    }
  }

  private static void delete(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class Raw extends JdbcRawAccess {
    private final String url;

    Raw(String url) {
      super(StorageConfig.DEFAULT_TABLE);
      this.url = url;
    }

    @Override
    protected Connection connect() throws SQLException {
      return DriverManager.getConnection(url);
    }

    @Override
    protected String selectFormat() {
      return "SELECT comment FROM duckdb_tables() WHERE table_name = 'tracekeep_spans'";
    }

    @Override
    protected String keepFormat(OptionalInt format) {
      return commentStatement("tracekeep_spans", format);
    }

    /** DuckDB drops no column while there is an index on any, so who does makes ours again. */
    @Override
    public boolean dropUserColumn() throws SQLException {
      try (Connection connection = connect();
          Statement statement = connection.createStatement()) {
        statement.execute("DROP INDEX tracekeep_spans_key");
        statement.execute("DROP INDEX tracekeep_spans_user_note_idx");
        statement.execute("ALTER TABLE tracekeep_spans DROP COLUMN " + USER_COLUMN);
        statement.execute(
            "CREATE UNIQUE INDEX tracekeep_spans_key ON tracekeep_spans (tenant_id, trace_id,"
                + " span_id)");
        return true;
      }
    }

    @Override
    protected String columnType(SpanColumn column) {
      return switch (column.type()) {
        case TEXT -> "VARCHAR";
        case TIME -> "TIMESTAMP_NS";
        case NUMBER -> column == SpanColumn.COST ? "DECIMAL(18, 12)" : "BIGINT";
        case FLAG -> "BOOLEAN";
        case JSON -> "JSON";
        case TEXT_LIST -> "VARCHAR[]";
      };
    }

    @Override
    protected String parameter(SpanColumn column) {
      // The driver binds times to the microsecond only.
      return column.type() == SpanColumn.Type.TIME ? "?::TIMESTAMP_NS" : "?";
    }

    @Override
    protected Object bound(Connection connection, SpanColumn column, Object value)
        throws SQLException {
      return value instanceof Instant time
          ? LocalDateTime.ofInstant(time, ZoneOffset.UTC).toString()
          : connection.createArrayOf("VARCHAR", ((List<?>) value).toArray());
    }

    /** DuckDB drops no column while an index of any column is there. */
    @Override
    public boolean dropColumns(List<String> columns) throws SQLException {
      Map<String, String> indexes = new TreeMap<>();
      try (Connection connection = connect();
          Statement statement = connection.createStatement()) {
        try (ResultSet rows =
            statement.executeQuery("SELECT index_name, sql FROM duckdb_indexes()")) {
          while (rows.next()) {
            indexes.put(rows.getString(1), rows.getString(2));
          }
        }
        for (String index : indexes.keySet()) {
          statement.execute("DROP INDEX " + quoted(index));
        }
        super.dropColumns(columns);
        for (String definition : indexes.values()) {
          statement.execute(definition);
        }
      }
      return true;
    }

    /** A foreign key of DuckDB's refers to a key, and not to an index. */
    @Override
    protected void makeReferable(Statement statement, String name, String column)
        throws SQLException {
      statement.execute("ALTER TABLE " + name + " ADD PRIMARY KEY (" + column + ")");
    }

    @Override
    protected boolean isUniquenessViolation(SQLException failure) {
      return String.valueOf(failure.getMessage()).contains("Duplicate key");
    }
  }
}
