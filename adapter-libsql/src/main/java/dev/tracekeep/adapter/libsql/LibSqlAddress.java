package dev.tracekeep.adapter.libsql;

import dev.tracekeep.storage.StorageConfig;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;

/** Where databases are: takes the address of a store apart. */
final class LibSqlAddress {
  /** What the addresses of this adapter start with. */
  static final List<String> PREFIXES = List.of("jdbc:sqlite:", "libsql:", "https://", "http://");

  /** What the driver knows behind a question mark. */
  private static final Set<String> PRAGMAS =
      Arrays.stream(SQLiteConfig.Pragma.values())
          .map(pragma -> pragma.getPragmaName().toLowerCase(Locale.ROOT))
          .collect(Collectors.toUnmodifiableSet());

  /** What SQLite itself knows, in an address that begins with {@code file:}. */
  private static final Set<String> SQLITE_URI_PARAMETERS =
      Set.of("cache", "immutable", "mode", "modeof", "nolock", "psow", "vfs");

  /** Those that let a statement load a library, or name a place for files. */
  private static final Set<String> UNSAFE =
      Set.of("enable_load_extension", "load_extension", "temp_store_directory", "vfs");

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
      return local(config, raw.substring("jdbc:sqlite:".length()));
    }
    if (config.uri().startsWith("libsql:file:")) {
      String path = raw.substring("libsql:file:".length());
      return local(config, path.startsWith("///") ? path.substring(2) : path);
    }
    if (config.uri().startsWith("libsql::memory:")) {
      return local(config, ":memory:");
    }
    if (config.uri().startsWith("libsql:") && !config.uri().startsWith("libsql://")) {
      throw new IllegalArgumentException(
          "The address "
              + config.uri()
              + " is none of libSQL: write libsql://HOST for a server, or libsql:file:PATH for a file.");
    }
    return server(config, raw);
  }

  private static Target local(StorageConfig config, String rest) {
    String name = rest.split("\\?", 2)[0];
    requireKnownParameters(config, rest.substring(name.length()), name.startsWith("file:"));
    if (name.startsWith(":resource:") && !config.allowsUnsafeOptions()) {
      throw new IllegalArgumentException(
          "The address "
              + config.uri()
              + " makes the driver fetch a file from elsewhere: name a file of this machine, or set"
              + " the property "
              + StorageConfig.UNSAFE_OPTIONS
              + " to true.");
    }
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

  /** The driver takes an unknown parameter for a part of the file's name, and says nothing. */
  private static void requireKnownParameters(
      StorageConfig config, String query, boolean isSqliteUri) {
    if (query.isEmpty()) {
      return;
    }
    Set<String> known = new TreeSet<>(PRAGMAS);
    if (isSqliteUri) {
      known.addAll(SQLITE_URI_PARAMETERS);
    }
    List<String> names = new ArrayList<>();
    for (String parameter : query.substring(1).split("&")) {
      names.add(parameter.split("=", 2)[0]);
    }
    List<String> problems = new ArrayList<>();
    List<String> unknown =
        names.stream().filter(name -> !known.contains(name.toLowerCase(Locale.ROOT))).toList();
    if (!unknown.isEmpty()) {
      problems.add(
          "The address "
              + config.uri()
              + " has unknown parameters: "
              + String.join(", ", unknown)
              + ". Known are "
              + String.join(", ", known)
              + "."
              + (SQLITE_URI_PARAMETERS.containsAll(unknown)
                  ? " SQLite's own need an address that begins with jdbc:sqlite:file:."
                  : ""));
    }
    problems.addAll(config.problemsOfOptions(names, UNSAFE));
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join(" ", problems));
    }
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
