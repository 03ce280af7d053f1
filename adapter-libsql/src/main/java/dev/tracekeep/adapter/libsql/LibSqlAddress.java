package dev.tracekeep.adapter.libsql;

import dev.tracekeep.storage.StorageConfig;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Where databases are: takes the address of a store apart. */
final class LibSqlAddress {
  /** What the addresses of this adapter start with. */
  static final List<String> PREFIXES = List.of("jdbc:sqlite:", "libsql:", "https://", "http://");

  private LibSqlAddress() {}

  /** Where a database is. */
  sealed interface Target permits Memory, File, Server {}

  /** A database in the memory of this process. */
  record Memory(String jdbcUrl) implements Target {}

  /** A file that several processes may have open. */
  record File(String jdbcUrl, Path path) implements Target {}

  /**
   * A libSQL server.
   *
   * @param server the address without path, query and secrets
   * @param token proves who asks; null where the server asks nobody
   */
  record Server(URI server, @Nullable String token) implements Target {
    /** Hides the token. */
    @Override
    public String toString() {
      return server.toString();
    }
  }

  /**
   * Takes the address of a configuration apart.
   *
   * @throws IllegalArgumentException with what is wrong with it, a sentence
   */
  static Target of(StorageConfig config) {
    String raw = config.uri().raw();
    if (config.uri().startsWith("jdbc:sqlite:")) {
      return local(raw.substring("jdbc:sqlite:".length()));
    }
    if (config.uri().startsWith("libsql:file:")) {
      String path = raw.substring("libsql:file:".length());
      return local(path.startsWith("///") ? path.substring(2) : path);
    }
    if (config.uri().startsWith("libsql::memory:")) {
      return local(":memory:");
    }
    if (config.uri().startsWith("libsql:") && !config.uri().startsWith("libsql://")) {
      throw new IllegalArgumentException(
          "The address "
              + config.uri()
              + " is none of libSQL: write libsql://HOST for a server, or libsql:file:PATH for a file.");
    }
    return server(config, raw);
  }

  private static Target local(String rest) {
    String name = rest.split("\\?", 2)[0];
    boolean inMemory =
        name.isEmpty()
            || name.equals(":memory:")
            || name.equals("file::memory:")
            || rest.contains("mode=memory");
    if (inMemory) {
      // SQLite makes a temporary file of an empty name.
      return new Memory("jdbc:sqlite:" + (name.isEmpty() ? ":memory:" + rest : rest));
    }
    String path = name.startsWith("file:") ? name.substring("file:".length()) : name;
    return new File("jdbc:sqlite:" + rest, Path.of(path).toAbsolutePath().normalize());
  }

  private static Target server(StorageConfig config, String raw) {
    URI uri;
    try {
      uri = URI.create(raw);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "The address "
              + config.uri()
              + " is no URL: write libsql://HOST, with ?authToken=TOKEN if the server wants one.",
          e);
    }
    if (uri.getHost() == null) {
      throw new IllegalArgumentException(
          "The address " + config.uri() + " names no host: write libsql://HOST.");
    }
    String token = config.password();
    boolean encrypted = !uri.getScheme().toLowerCase(Locale.ROOT).equals("http");
    List<String> unknown = new ArrayList<>();
    String query = uri.getQuery() == null ? "" : uri.getQuery();
    for (String parameter : query.isEmpty() ? new String[0] : query.split("&")) {
      String[] parts = parameter.split("=", 2);
      switch (parts[0]) {
        case "authToken" -> token = parts.length == 2 ? parts[1] : "";
        case "tls" -> encrypted = parts.length < 2 || !parts[1].equals("0");
        default -> unknown.add(parts[0]);
      }
    }
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "The address "
              + config.uri()
              + " has unknown parameters: "
              + String.join(", ", unknown)
              + ". Known are authToken and tls.");
    }
    String server =
        (encrypted ? "https" : "http")
            + "://"
            + uri.getHost()
            + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
    return new Server(URI.create(server), token == null || token.isEmpty() ? null : token);
  }
}
