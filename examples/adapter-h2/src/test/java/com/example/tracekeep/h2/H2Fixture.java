package com.example.tracekeep.h2;

import dev.tracekeep.conformance.EngineAccess;
import dev.tracekeep.conformance.JdbcRawAccess;
import dev.tracekeep.conformance.RawAccess;
import dev.tracekeep.conformance.StorageFixture;
import dev.tracekeep.conformance.TestDatabase;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
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

/** Tells the kit about H2: a file for each check. */
final class H2Fixture implements StorageFixture {
  private final Path folder;
  private int made;

  H2Fixture(Path folder) {
    this.folder = folder;
  }

  @Override
  public String name() {
    return "h2-file";
  }

  @Override
  public StorageProvider provider() {
    return new H2Provider();
  }

  @Override
  public EngineAccess access() {
    return EngineAccess.embedded();
  }

  @Override
  public Optional<Map<String, String>> unreachable() {
    return Optional.of(
        Map.of("url", "jdbc:h2:file:" + folder.resolve("not-there") + ";IFEXISTS=TRUE"));
  }

  @Override
  public TestDatabase newDatabase() {
    String url = "jdbc:h2:file:" + folder.resolve("kit" + made++);
    return new TestDatabase() {
      @Override
      public Map<String, String> properties() {
        return Map.of("url", url);
      }

      @Override
      public Optional<RawAccess> raw() {
        return Optional.of(new Raw(url));
      }
    };
  }

  @Override
  public void close() throws Exception {
    try (var files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** The way around the adapter. */
  private static final class Raw extends JdbcRawAccess {
    private final String url;

    Raw(String url) {
      super(StorageConfig.DEFAULT_TABLE);
      this.url = url;
    }

    @Override
    protected Connection connect() throws SQLException {
      return DriverManager.getConnection(url, "sa", "");
    }

    @Override
    protected String columnType(SpanColumn column) {
      return new H2Dialect().columnType(column);
    }

    @Override
    protected Object bound(Connection connection, SpanColumn column, Object value)
        throws SQLException {
      return value instanceof Instant time
          ? (Object) EpochNanos.of(time)
          : connection.createArrayOf("VARCHAR", ((List<?>) value).toArray());
    }
  }
}
