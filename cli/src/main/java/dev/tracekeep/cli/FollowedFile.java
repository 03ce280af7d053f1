package dev.tracekeep.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A file that another process still writes: at its end the reading waits for more. It ends where
 * another file has taken the name, as after a rotation, or where the file was cut. Used by one
 * thread.
 */
final class FollowedFile extends InputStream {
  static final Duration POLL = Duration.ofMillis(200);

  private final Path path;
  private final Duration poll;
  private final InputStream in;
  private final @Nullable Object fileKey;
  private long position;

  FollowedFile(Path path, Duration poll) throws IOException {
    this.path = path;
    this.poll = poll;
    this.in = Files.newInputStream(path);
    this.fileKey = attributes().fileKey();
  }

  private BasicFileAttributes attributes() throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    while (true) {
      // Asked before the reading: what was written before the file was replaced is still read.
      boolean isLast = isReplaced();
      int count = in.read(target, offset, length);
      if (count >= 0) {
        position += count;
        return count;
      }
      if (isLast) {
        return -1;
      }
      pause();
    }
  }

  private boolean isReplaced() throws IOException {
    try {
      BasicFileAttributes now = attributes();
      return now.size() < position || !Objects.equals(now.fileKey(), fileKey);
    } catch (NoSuchFileException e) {
      return false; // In the middle of a rotation: the new file is about to come.
    }
  }

  private void pause() throws IOException {
    try {
      Thread.sleep(poll.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the reading was interrupted");
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
