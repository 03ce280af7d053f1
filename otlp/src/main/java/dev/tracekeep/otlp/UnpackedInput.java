package dev.tracekeep.otlp;

import io.airlift.compress.snappy.SnappyFramedInputStream;
import io.airlift.compress.zstd.ZstdInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Unpacks zstd, or snappy in its framing format. Where the data are damaged it ends, so that
 * everything before can be read, and says afterwards that they were. Not thread-safe.
 */
final class UnpackedInput extends InputStream {
  /** How much of a damaged frame may be lost that stands before the damage. */
  private static final int MAX_LOST_BYTES = 1 << 10;

  private final RawInput packed;
  private final String format;
  private final Opener opener;
  private @Nullable InputStream unpacked;
  private boolean damaged;

  /**
   * Opens the next piece that can be unpacked by itself; some decoders read the first bytes then.
   */
  @FunctionalInterface
  private interface Opener {
    /** Null at the end of the data. */
    @Nullable InputStream open() throws IOException;
  }

  private UnpackedInput(RawInput packed, String format, Opener opener) {
    this.packed = packed;
    this.format = format;
    this.opener = opener;
  }

  static UnpackedInput zstd(RawInput packed) {
    return new UnpackedInput(packed, "zstd", () -> nextFrame(packed));
  }

  static UnpackedInput snappy(RawInput packed) {
    return new UnpackedInput(
        packed,
        "snappy",
        () -> packed.available() == 0 ? null : new SnappyFramedInputStream(packed));
  }

  private static @Nullable InputStream nextFrame(RawInput packed) throws IOException {
    if (!ZstdFrame.skipOthers(packed)) {
      throw new EOFException();
    }
    if (packed.available() == 0) {
      return null;
    }
    if (!ZstdFrame.isNext(packed)) {
      throw new IOException("no frame");
    }
    return new ZstdInputStream(new ZstdFrame(packed));
  }

  /** What is wrong with the data, in words that follow the input's name; null if nothing is. */
  @Nullable String damage() {
    return damaged
        ? "is damaged or truncated: its " + format + " data cannot be unpacked on"
        : null;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (damaged) {
      return -1;
    }
    try {
      while (true) {
        if (unpacked == null) {
          unpacked = opener.open();
        }
        if (unpacked == null) {
          return -1;
        }
        // A decoder that fails gives nothing of the call in which it does.
        int read = unpacked.read(target, offset, Math.min(length, MAX_LOST_BYTES));
        if (read >= 0) {
          return read;
        }
        unpacked = null;
      }
    } catch (IOException | RuntimeException e) {
      // The decoders say in many ways that they do not understand their input.
      if (packed.failure() != null) {
        throw packed.failure();
      }
      damaged = true;
      return -1;
    }
  }
}
