package dev.tracekeep.otlp;

import java.io.IOException;
import java.io.InputStream;

/**
 * The bytes of one frame of zstd (RFC 8878, section 3.1.1), which ends where the frame does. The
 * decoder gives nothing of a call in which it fails, and takes a few bytes behind a frame for its
 * end: fed with one frame after the other, it loses no whole frame to a broken one, and no cut goes
 * unseen. Not thread-safe.
 */
final class ZstdFrame extends InputStream {
  private static final int MAGIC = 0xFD2FB528;
  private static final int SKIPPABLE_MAGIC = 0x184D2A50;
  private static final int MAGIC_BYTES = 4;
  private static final int MAX_HEADER_BYTES = 18;
  private static final int BLOCK_HEADER_BYTES = 3;
  private static final int CHECKSUM_BYTES = 4;

  private enum Part {
    BLOCKS,
    CHECKSUM,
    END
  }

  private final RawInput packed;
  private final boolean hasChecksum;

  /** What comes behind the bytes that are left of the current part. */
  private Part next = Part.BLOCKS;

  private long left;

  /** The frame that begins here, see {@link #isNext}. */
  ZstdFrame(RawInput packed) throws IOException {
    this.packed = packed;
    byte[] head = packed.peek(MAX_HEADER_BYTES);
    int descriptor = head.length > MAGIC_BYTES ? head[MAGIC_BYTES] : 0;
    boolean isSingleSegment = (descriptor & 0x20) != 0;
    int contentSizeFlag = descriptor >> 6 & 3;
    int dictionaryFlag = descriptor & 3;
    this.hasChecksum = (descriptor & 4) != 0;
    this.left =
        MAGIC_BYTES
            + 1
            + (isSingleSegment ? 0 : 1)
            + (dictionaryFlag == 3 ? 4 : dictionaryFlag)
            + (contentSizeFlag == 0 ? (isSingleSegment ? 1 : 0) : 1 << contentSizeFlag);
  }

  /** Whether a frame with data begins here. */
  static boolean isNext(RawInput packed) throws IOException {
    byte[] head = packed.peek(MAGIC_BYTES);
    return head.length == MAGIC_BYTES && littleEndian(head, 0, MAGIC_BYTES) == MAGIC;
  }

  /**
   * Passes over frames without data that begin here.
   *
   * @return false if the stream ends in the middle of one
   */
  static boolean skipOthers(RawInput packed) throws IOException {
    while (true) {
      byte[] head = packed.peek(2 * MAGIC_BYTES);
      if (head.length < MAGIC_BYTES
          || (littleEndian(head, 0, MAGIC_BYTES) & ~0xF) != SKIPPABLE_MAGIC) {
        return true;
      }
      if (head.length < 2 * MAGIC_BYTES) {
        return false;
      }
      packed.skipPeeked(2 * MAGIC_BYTES);
      long size = Integer.toUnsignedLong(littleEndian(head, MAGIC_BYTES, MAGIC_BYTES));
      if (!new LimitedInput(packed, size).skipRest()) {
        return false;
      }
    }
  }

  private static int littleEndian(byte[] bytes, int from, int count) {
    int value = 0;
    for (int i = 0; i < count; i++) {
      value |= (bytes[from + i] & 0xFF) << 8 * i;
    }
    return value;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (left == 0) {
      if (next == Part.END) {
        return -1;
      }
      begin();
    }
    int read = packed.read(target, offset, (int) Math.min(length, left));
    left -= Math.max(0, read);
    return read;
  }

  private void begin() throws IOException {
    if (next == Part.CHECKSUM) {
      left = CHECKSUM_BYTES;
      next = Part.END;
      return;
    }
    byte[] head = packed.peek(BLOCK_HEADER_BYTES);
    int block = head.length < BLOCK_HEADER_BYTES ? 0 : littleEndian(head, 0, BLOCK_HEADER_BYTES);
    boolean isLast = (block & 1) != 0;
    boolean isOneByteRepeated = (block >> 1 & 3) == 1;
    left = BLOCK_HEADER_BYTES + (isOneByteRepeated ? 1 : block >> 3);
    if (isLast) {
      next = hasChecksum ? Part.CHECKSUM : Part.END;
    }
  }
}
