package dev.tracekeep.conformance;

import dev.tracekeep.adapter.pg.PgProvider;
import dev.tracekeep.adapter.pg.PgTestServer;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/** PostgreSQL: the one that is given, a container, or the embedded server. */
final class PgFixture implements StorageFixture {
  @Override
  public String name() {
    return "pg";
  }

  @Override
  public StorageProvider provider() {
    return new PgProvider();
  }

  @Override
  public EngineAccess access() {
    String way = PgTestServer.get().way();
    if (way.startsWith("docker ")) {
      return EngineAccess.docker(way.substring("docker ".length()));
    }
    return way.equals("url") ? EngineAccess.url("TRACEKEEP_TEST_PG_URL") : EngineAccess.embedded();
  }

  @Override
  public Optional<Map<String, String>> at(int port) {
    return Optional.of(Map.of("url", "jdbc:postgresql://127.0.0.1:" + port + "/spans"));
  }

  @Override
  public Optional<Map<String, String>> unreachable() {
    return Optional.of(
        Map.of(
            "url", "jdbc:postgresql://localhost:1/spans",
            "username", "kit",
            "password", StorageConformanceKit.SECRET));
  }

  @Override
  public TestDatabase newDatabase() throws SQLException {
    String url = PgTestServer.get().newDatabase();
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
        PgTestServer.get().drop(url);
      }
    };
  }

  static final class Raw extends JdbcRawAccess {
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
    protected String columnType(SpanColumn column) {
      return switch (column.type()) {
        case TEXT ->
            column.isKey() || column == SpanColumn.PARENT_SPAN_ID ? "text COLLATE \"C\"" : "text";
        case TIME -> "bigint";
        case NUMBER -> column == SpanColumn.COST ? "numeric(18, 12)" : "bigint";
        case FLAG -> "boolean";
        case JSON -> "text";
        case TEXT_LIST -> "text[]";
      };
    }

    @Override
    protected String selectFormat() {
      return "SELECT obj_description('tracekeep_spans'::regclass, 'pg_class')";
    }

    @Override
    protected String keepFormat(OptionalInt format) {
      return commentStatement("tracekeep_spans", format);
    }

    @Override
    public Optional<String> keepRowsFromDeletion() throws SQLException {
      execute(
          "CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
          "CREATE TRIGGER keeps_rows BEFORE DELETE ON tracekeep_spans FOR EACH ROW EXECUTE FUNCTION"
              + " keep_row()");
      return Optional.of("keeps_rows");
    }

    @Override
    public void letRowsBeDeleted() throws SQLException {
      execute("DROP TRIGGER keeps_rows ON tracekeep_spans");
    }

    @Override
    public Optional<AutoCloseable> leaveTransactionOpen(String userNote) throws SQLException {
      return Optional.of(openTransaction(userNote));
    }

    @Override
    public Set<String> tableNames() throws SQLException {
      try (Connection connection = connect();
          ResultSet tables =
              connection
                  .getMetaData()
                  .getTables(null, "public", "%", new String[] {"TABLE", "VIEW"})) {
        Set<String> names = new TreeSet<>();
        while (tables.next()) {
          names.add(tables.getString("TABLE_NAME"));
        }
        return names;
      }
    }

    @Override
    protected Object bound(Connection connection, SpanColumn column, Object value)
        throws SQLException {
      return value instanceof Instant time
          ? EpochNanos.of(time)
          : connection.createArrayOf("text", ((List<?>) value).toArray());
    }
  }
}
