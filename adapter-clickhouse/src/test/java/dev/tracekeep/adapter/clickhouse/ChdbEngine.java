package dev.tracekeep.adapter.clickhouse;

import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The ClickHouse engine in this process, with a folder of its own for data. A process can have one.
 * Thread-safe.
 */
final class ChdbEngine implements AutoCloseable {
  private final LibChdb library;
  private final Path folder;
  private final Set<ChdbConnection> open = new HashSet<>();

  private ChdbEngine(LibChdb library, Path folder) {
    this.library = library;
    this.folder = folder;
  }

  /**
   * Loads the library and starts an engine without data.
   *
   * @param path the library's file
   */
  static ChdbEngine start(Path path) throws IOException, ChdbException {
    ChdbEngine engine =
        new ChdbEngine(LibChdb.load(path), Files.createTempDirectory("tracekeep-clickhouse"));
    // The engine lives as long as its first connection, so this one stays open.
    ChdbConnection first = engine.connect();
    // A server's database "default" is Atomic; here it is an overlay, without UUIDs and EXCHANGE.
    // Only a folder without data allows this: otherwise the tables would go with the overlay.
    first.run("DROP DATABASE default", "Null", Map.of()).close();
    first.run("CREATE DATABASE default ENGINE = Atomic", "Null", Map.of()).close();
    return engine;
  }

  /** A connection, with settings of its own; it runs one statement at a time. */
  synchronized ChdbConnection connect() throws ChdbException {
    // Without implicit_select=0 the text 1 would be a statement, as in clickhouse-local.
    String[] arguments = {"clickhouse", "--path=" + folder, "--implicit_select=0"};
    Pointer handle = library.chdb_connect(arguments.length, arguments);
    if (handle == null) {
      throw new ChdbException("The engine gives no connection to " + folder);
    }
    ChdbConnection connection = new ChdbConnection(this, library, handle);
    open.add(connection);
    return connection;
  }

  synchronized void closed(ChdbConnection connection) {
    open.remove(connection);
  }

  /** Closes all connections, without which the end of the process would crash, and the data. */
  @Override
  public void close() throws IOException {
    Set<ChdbConnection> left;
    synchronized (this) {
      left = Set.copyOf(open);
    }
    left.forEach(ChdbConnection::close);
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
