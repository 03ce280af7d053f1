package dev.tracekeep.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Something to import.
 *
 * @param name what messages call it
 * @param size how many bytes it has; -1 where that shows only at its end
 * @param isFollowed whether it is opened again at its end, because another file takes its place
 * @param opener opens it for reading
 */
record ImportSource(String name, long size, boolean isFollowed, Opener opener) {
  /** Opens a stream, which the caller closes. */
  @FunctionalInterface
  interface Opener {
    InputStream open() throws IOException;
  }

  /** Something that is read once. */
  ImportSource(String name, long size, Opener opener) {
    this(name, size, false, opener);
  }

  /**
   * A file, looked at before anything is stored.
   *
   * @throws IOException with a message for people if it cannot be imported
   */
  static ImportSource file(String name) throws IOException {
    Path path = path(name);
    BasicFileAttributes attributes = attributes(name, path);
    if (attributes.isDirectory()) {
      throw new IOException(
          name + ": is a directory. Name the files in it, for example " + name + "/*.jsonl.");
    }
    if (!Files.isReadable(path)) {
      throw new IOException(name + ": cannot be read: permission denied.");
    }
    long size = attributes.isRegularFile() ? attributes.size() : -1;
    return new ImportSource(name, size, () -> Files.newInputStream(path));
  }

  /**
   * A file that grows, and may be replaced.
   *
   * @throws IOException with a message for people if it cannot be imported
   */
  static ImportSource followed(String name) throws IOException {
    ImportSource file = file(name);
    if (file.size < 0) {
      throw new IOException(
          name
              + ": is no regular file, which alone can be followed. Leave --follow out: a pipe is"
              + " read until its writer closes it.");
    }
    Path path = path(name);
    return new ImportSource(name, -1, true, () -> new FollowedFile(path, FollowedFile.POLL));
  }

  private static Path path(String name) throws IOException {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new IOException(name + ": is no file name on this system (" + e.getReason() + ").", e);
    }
  }

  private static BasicFileAttributes attributes(String name, Path path) throws IOException {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class);
    } catch (NoSuchFileException e) {
      throw new NoSuchFileException(
          Files.isSymbolicLink(path)
              ? name + ": is a symbolic link to a file that is not there."
              : name + ": there is no such file.");
    } catch (FileSystemException e) {
      if (e instanceof FileSystemLoopException
          || String.valueOf(e.getReason()).contains("symbolic")) {
        throw new IOException(name + ": is a symbolic link that leads back to itself.", e);
      }
      throw new IOException(name + ": cannot be read: " + reason(e) + ".", e);
    }
  }

  private static String reason(FileSystemException e) {
    String reason = e.getReason();
    return reason == null ? "permission denied" : reason.toLowerCase(java.util.Locale.ROOT);
  }
}
