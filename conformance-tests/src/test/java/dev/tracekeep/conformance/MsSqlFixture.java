package dev.tracekeep.conformance;

import dev.tracekeep.adapter.mssql.MsSqlProvider;
import dev.tracekeep.adapter.mssql.MsSqlTestServer;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** SQL Server: the one that is given, or a container. */
final class MsSqlFixture implements StorageFixture {
  private final Optional<MsSqlTestServer> server = MsSqlTestServer.get();
  private final EngineAccess access =
      server.map(MsSqlFixture::access).orElse(EngineAccess.notRun(MsSqlTestServer.NOT_THERE));

  @Override
  public String name() {
    return "mssql";
  }

  @Override
  public StorageProvider provider() {
    return new MsSqlProvider();
  }

  @Override
  public EngineAccess access() {
    return access;
  }

  private static EngineAccess access(MsSqlTestServer server) {
    try {
      if (!server.isSqlServer()) {
        return EngineAccess.standIn(server.version());
      }
    } catch (SQLException e) {
      throw new IllegalStateException("The server that " + MsSqlTestServer.URL + " names", e);
    }
    return server.way().startsWith("docker ")
        ? EngineAccess.docker(server.way().substring("docker ".length()))
        : EngineAccess.url(MsSqlTestServer.URL);
  }

  @Override
  public Optional<Map<String, String>> at(int port) {
    return Optional.of(
        Map.of("url", "jdbc:sqlserver://127.0.0.1:" + port + ";databaseName=spans;encrypt=false"));
  }

  @Override
  public Optional<Map<String, String>> unreachable() {
    return Optional.of(
        Map.of(
            "url", "jdbc:sqlserver://localhost:1;databaseName=spans",
            "username", "kit",
            "password", StorageConformanceKit.SECRET));
  }

  @Override
  public TestDatabase newDatabase() throws SQLException {
    MsSqlTestServer running = server.orElseThrow();
    String url = running.newDatabase();
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
        running.drop(url);
      }
    };
  }

  /** Ids that end in a blank are stored as the adapter stores them, by this release and older. */
  private static final class Raw extends JdbcRawAccess {
    private static final String BYTE_ORDER = " COLLATE Latin1_General_BIN2";

    private final String url;

    Raw(String url) {
      super(StorageConfig.DEFAULT_TABLE);
      this.url = url;
    }

    /** What is too short for the column would be filled up with zeros. */
    @Override
    public void storeVersion(SpanKey key, byte[] version) throws SQLException {
      try (Connection connection = connect();
          Statement statement = connection.createStatement()) {
        statement.execute(
            "ALTER TABLE ["
                + StorageConfig.DEFAULT_TABLE
                + "] ALTER COLUMN [version] varbinary(100)");
      }
      super.storeVersion(key, version);
    }

    @Override
    protected Connection connect() throws SQLException {
      return DriverManager.getConnection(url);
    }

    private static boolean isId(SpanColumn column) {
      return column.isKey() || column == SpanColumn.PARENT_SPAN_ID;
    }

    @Override
    protected String selectFormat() {
      return "SELECT CAST(value AS nvarchar(20)) FROM sys.extended_properties WHERE class = 1 AND"
          + " major_id = OBJECT_ID('tracekeep_spans') AND minor_id = 0 AND name ="
          + " 'tracekeep_format'";
    }

    @Override
    protected String keepFormat(OptionalInt format) {
      String table =
          ", @level0type = 'SCHEMA', @level0name = 'dbo', @level1type = 'TABLE', @level1name ="
              + " 'tracekeep_spans'";
      String drop =
          "IF EXISTS ("
              + selectFormat()
              + ") EXEC sys.sp_dropextendedproperty @name = 'tracekeep_format'"
              + table;
      return format.isPresent()
          ? drop
              + "; EXEC sys.sp_addextendedproperty @name = 'tracekeep_format', @value = '"
              + format.getAsInt()
              + "'"
              + table
          : drop;
    }

    @Override
    protected String columnType(SpanColumn column) {
      return switch (column.type()) {
        case TEXT -> (isId(column) ? "varchar(131)" : "nvarchar(max)") + BYTE_ORDER;
        case TIME -> "bigint";
        case NUMBER -> column == SpanColumn.COST ? "decimal(18, 12)" : "bigint";
        case FLAG -> "bit";
        case JSON, TEXT_LIST -> "nvarchar(max)" + BYTE_ORDER;
      };
    }

    @Override
    protected String foreignType(ForeignType type) {
      return switch (type) {
        case TEXT -> "nvarchar(200)";
        case INTEGER -> "bigint";
        case NUMBER -> "float";
        case TIME -> "datetime2(7)";
      };
    }

    @Override
    public boolean hasNonFiniteNumbers() {
      return false;
    }

    @Override
    protected String dropIndex(String name) {
      return "DROP INDEX " + quoted(name) + " ON " + quoted(StorageConfig.DEFAULT_TABLE);
    }

    @Override
    protected String parameter(SpanColumn column) {
      return isId(column)
          ? "(SELECT CASE WHEN RIGHT(i.id + N'.', 2) = N' .' THEN LEFT(i.id + REPLICATE(N' ', 128),"
              + " 128) + RIGHT(N'00' + CAST(LEN(i.id + N'.') - 1 AS nvarchar(3)), 3) ELSE i.id"
              + " END FROM (SELECT CAST(? AS nvarchar(128)) AS id) i)"
          : "?";
    }

    @Override
    protected @Nullable String text(ResultSet result, int index) throws SQLException {
      String text = super.text(result, index);
      boolean isPadded = text != null && text.matches("[ -~]{128}[0-9]{3}");
      return isPadded ? text.substring(0, Integer.parseInt(text.substring(128))) : text;
    }

    @Override
    protected Object bound(Connection connection, SpanColumn column, Object value) {
      return value instanceof Instant time
          ? (Object) EpochNanos.of(time)
          : Json.array(((List<?>) value).stream().map(tag -> Json.of((String) tag)).toList())
              .text();
    }

    /** Computed columns take no values, so every column is named. */
    @Override
    public boolean insertCopy(SpanKey key) throws SQLException {
      try (Connection connection = connect()) {
        String columns = ownColumns(connection);
        try (PreparedStatement statement =
            connection.prepareStatement(
                "INSERT INTO tracekeep_spans ("
                    + columns
                    + ") SELECT "
                    + columns
                    + " FROM tracekeep_spans WHERE tenant_id = ? AND trace_id = ? AND span_id ="
                    + " ?")) {
          statement.setString(1, key.tenantId());
          statement.setString(2, key.traceId());
          statement.setString(3, key.spanId());
          if (statement.executeUpdate() == 0) {
            throw new IllegalStateException("There is no row of " + key + " to copy");
          }
          return true;
        } catch (SQLException e) {
          if (isUniquenessViolation(e)) {
            return false;
          }
          throw e;
        }
      }
    }

    private static String ownColumns(Connection connection) throws SQLException {
      try (ResultSet table =
          connection
              .createStatement()
              .executeQuery(
                  "SELECT c.name FROM sys.columns c WHERE c.object_id ="
                      + " OBJECT_ID('tracekeep_spans') AND c.is_computed = 0 AND c.is_identity"
                      + " = 0")) {
        Stream.Builder<String> names = Stream.builder();
        while (table.next()) {
          names.add("[" + table.getString(1) + "]");
        }
        return names.build().collect(Collectors.joining(", "));
      }
    }

    @Override
    protected String dropIndexStatement(String name) {
      return "DROP INDEX " + quoted(name) + " ON tracekeep_spans";
    }

    @Override
    public Set<String> tableNames() throws SQLException {
      return names("SELECT name FROM sys.tables WHERE schema_id = SCHEMA_ID('dbo')");
    }

    @Override
    public Set<String> indexNames() throws SQLException {
      return names(
          "SELECT i.name FROM sys.indexes i WHERE i.object_id = OBJECT_ID('tracekeep_spans')"
              + " AND i.name IS NOT NULL");
    }

    private Set<String> names(String query) throws SQLException {
      try (Connection connection = connect();
          PreparedStatement statement = connection.prepareStatement(query);
          ResultSet rows = statement.executeQuery()) {
        Set<String> names = new TreeSet<>();
        while (rows.next()) {
          names.add(rows.getString(1));
        }
        return names;
      }
    }
  }
}
