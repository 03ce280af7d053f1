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
  private static final String[] PREFIXES = {"jdbc:duckdb:", "jdbc:sqlite:"};

  private EmbeddedFile() {}

  /** The file; null for an engine in memory or on a server. */
  static @Nullable Path of(String url) {
    StorageUri uri = StorageUri.of(url);
    for (String prefix : PREFIXES) {
      if (uri.startsWith(prefix)) {
        String rest = uri.raw().substring(prefix.length());
        int end = indexOfAny(rest);
        return path(end < 0 ? rest : rest.substring(0, end));
      }
    }
    return null;
  }

  private static int indexOfAny(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == '?' || text.charAt(i) == ';') {
        return i;
      }
    }
    return -1;
  }

  private static @Nullable Path path(String name) {
    if (name.isBlank() || name.startsWith(":memory:") || name.startsWith("file:")) {
      return null;
    }
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      // The engine will say what is wrong with it, better than we can.
      return null;
    }
  }
}
