package dev.tracekeep.cli;

import dev.tracekeep.storage.StorageUri;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The file behind the address of an embedded engine. The engines make a missing file when they are
 * asked to open it; a command that only looks must not leave an empty one behind.
 */
final class EmbeddedFile {
  private static final String[] PREFIXES = {"jdbc:duckdb:", "jdbc:sqlite:", "libsql:file:"};

  private static final String LIBSQL_IN_MEMORY = "libsql::memory:";

  private EmbeddedFile() {}

  /** The file; null for an engine in memory or on a server. */
  static @Nullable Path of(String url) {
    String name = name(url);
    if (name == null || isMemoryName(name) || name.startsWith("file:")) {
      return null;
    }
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      // The engine will say what is wrong with it, better than we can.
      return null;
    }
  }

  /** Whether the store is in memory and so ends with the process. */
  static boolean isMemory(String url) {
    String name = name(url);
    return StorageUri.of(url).startsWith(LIBSQL_IN_MEMORY) || (name != null && isMemoryName(name));
  }

  private static boolean isMemoryName(String name) {
    return name.isBlank() || name.startsWith(":memory:");
  }

  /** What follows the prefix of an embedded engine, without settings; null for another engine. */
  private static @Nullable String name(String url) {
    StorageUri uri = StorageUri.of(url);
    for (String prefix : PREFIXES) {
      if (uri.startsWith(prefix)) {
        return uri.raw().substring(prefix.length()).split("[?;]", 2)[0];
      }
    }
    return null;
  }
}
