package dev.tracekeep.conformance;

import dev.tracekeep.adapter.libsql.LibSqlProvider;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageProvider;
import dev.tracekeep.storage.Storages;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A libSQL server (sqld) of its own for each database, made from the binary that the environment
 * variable {@value #BINARY} names. The way around the adapter is the server's file.
 */
final class SqldFixture implements StorageFixture {
  static final String BINARY = "TRACEKEEP_TEST_SQLD";

  private final @Nullable String binary = System.getenv(BINARY);

  @Override
  public String name() {
    return "sqld";
  }

  @Override
  public StorageProvider provider() {
    return new LibSqlProvider();
  }

  @Override
  public EngineAccess access() {
    return binary == null
        ? EngineAccess.notRun(BINARY + " names no binary of sqld, the libSQL server")
        : EngineAccess.embedded();
  }

  @Override
  public TestDatabase newDatabase() throws IOException, InterruptedException {
    return new Server(binary);
  }

  @Override
  public Optional<Map<String, String>> at(int port) {
    return Optional.of(Map.of("url", "http://127.0.0.1:" + port));
  }

  @Override
  public Optional<Map<String, String>> unreachable() {
    return Optional.of(
        Map.of("url", "http://127.0.0.1:1", "password", StorageConformanceKit.SECRET));
  }

  private static final class Server implements TestDatabase {
    private final Path folder = Files.createTempDirectory("tracekeep-sqld");
    private final int port = freePort();
    private final Process process;

    Server(String binary) throws IOException, InterruptedException {
      process =
          new ProcessBuilder(
                  binary,
                  "--no-welcome",
                  "--db-path",
                  folder.toString(),
                  "--http-listen-addr",
                  "127.0.0.1:" + port)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      long deadline = System.nanoTime() + Duration.ofMinutes(5).toNanos();
      while (!answers()) {
        if (!process.isAlive() || System.nanoTime() > deadline) {
          process.destroyForcibly();
          throw new IOException(binary + " did not start on port " + port);
        }
        process.waitFor(20, TimeUnit.MILLISECONDS);
      }
      // The server makes the file when it is first asked for something.
      try (ObservabilityStorage storage = Storages.open(properties())) {
        storage.check();
      }
    }

    private static int freePort() throws IOException {
      try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      }
    }

    private boolean answers() {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return true;
      } catch (IOException e) {
        return false;
      }
    }

    @Override
    public Map<String, String> properties() {
      return Map.of("url", "http://127.0.0.1:" + port);
    }

    @Override
    public Optional<RawAccess> raw() {
      return Optional.of(
          new LibSqlFixture.Raw(folder.resolve("dbs/default/data")) {
            @Override
            public void endClaims() throws SQLException {
              try (Connection connection = connect();
                  Statement statement = connection.createStatement()) {
                statement.executeUpdate("UPDATE tracekeep_migrator SET ends_at = 0");
              }
            }
          });
    }

    @Override
    public void close() throws IOException {
      process.destroyForcibly().onExit().join();
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }
}
