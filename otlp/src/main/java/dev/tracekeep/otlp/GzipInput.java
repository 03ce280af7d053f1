package dev.tracekeep.otlp;

import java.io.EOFException;
import java.io.IOException;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Unpacks gzip, one member after the other. Where the data are damaged it ends, so that everything
 * before can be read, and says afterwards what was wrong. Not thread-safe.
 */
final class GzipInput extends GZIPInputStream {
  private static final int TRAILER_BYTES = 8;

  private @Nullable String damage;
  private boolean ended;

  GzipInput(RawInput in) throws IOException {
    super(in, 1 << 16);
  }

  /** What is wrong with the data, in words that follow the input's name; null if nothing is. */
  @Nullable String damage() {
    return damage;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (ended) {
      return -1;
    }
    try {
      int read = super.read(target, offset, length);
      // The stream calls this method again for the next member, which may have ended it by a fault.
      if (read < 0 && !ended) {
        end(rest());
      }
      return read;
    } catch (EOFException truncated) {
      return end("is truncated: the gzip data end too early");
    } catch (ZipException corrupt) {
      return end(
          String.valueOf(corrupt.getMessage()).contains("trailer")
              ? "is damaged: the checksum of its gzip data is wrong"
              : "is damaged: its gzip data are corrupt");
    }
  }

  private int end(@Nullable String cause) {
    damage = cause;
    ended = true;
    return -1;
  }

  /** What stands behind the last member. Zeros are padding, as tapes and block devices have it. */
  private @Nullable String rest() {
    for (int i = len - Math.max(0, inf.getRemaining() - TRAILER_BYTES); i < len; i++) {
      if (buf[i] != 0) {
        return "has data behind its gzip data that are no gzip: they were not read";
      }
    }
    return null;
  }
}
