package dev.tracekeep.cli;

import dev.tracekeep.storage.StorageUri;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Hides secrets in what drivers and pools write to standard error, by whatever logger or none, line
 * by line: each comes out when it has ended, and the last one when the stream is closed.
 */
final class MaskingStream extends FilterOutputStream {
  /** What is longer is no line of a log; it comes out in pieces. */
  private static final int LONGEST = 1 << 20;

  private final ByteArrayOutputStream line = new ByteArrayOutputStream();

  MaskingStream(OutputStream out) {
    super(out);
  }

  @Override
  public synchronized void write(int b) throws IOException {
    line.write(b);
    if (b == '\n' || line.size() >= LONGEST) {
      writeLine();
    }
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
    for (int i = offset; i < offset + length; i++) {
      write(bytes[i]);
    }
  }

  private void writeLine() throws IOException {
    String text = line.toString(StandardCharsets.UTF_8);
    line.reset();
    out.write(StorageUri.masked(text).getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  @Override
  public synchronized void close() throws IOException {
    if (line.size() > 0) {
      writeLine();
    }
    super.close();
  }
}
