package dev.tracekeep.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Something to import.
 *
 * @param name what messages call it
 * @param size how many bytes it has; -1 where that shows only at its end
 * @param opener opens it for reading
 */
record ImportSource(String name, long size, Opener opener) {
  /** Opens a stream, which the caller closes. */
  @FunctionalInterface
  interface Opener {
    InputStream open() throws IOException;
  }

  /**
   * A file, looked at before anything is stored.
   *
   * @throws IOException with a message for people if it cannot be imported
   */
  static ImportSource file(String name) throws IOException {
    Path path;
    try {
      path = Path.of(name);
    } catch (InvalidPathException e) {
      throw new IOException(name + ": is no file name on this system (" + e.getReason() + ").", e);
    }
    if (Files.notExists(path)) {
      throw new NoSuchFileException(name + ": there is no such file.");
    }
    if (Files.isDirectory(path)) {
      throw new IOException(
          name + ": is a directory. Name the files in it, for example " + name + "/*.jsonl.");
    }
    if (!Files.isReadable(path)) {
      throw new IOException(name + ": cannot be read: permission denied.");
    }
    boolean regular = Files.isRegularFile(path);
    long size = regular ? Files.size(path) : -1;
    return new ImportSource(name, size, () -> Files.newInputStream(path));
  }
}
