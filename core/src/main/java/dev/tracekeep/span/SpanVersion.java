package dev.tracekeep.span;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * The one rule: which of two descriptions of a span is the better one. Compared in this order:
 *
 * <ol>
 *   <li>completed (has an end) before running;
 *   <li>the later {@code updatedAt}, absent being the earliest;
 *   <li>the later {@code createdAt}, likewise;
 *   <li>the one that says more: the more columns are present, then the more bytes its text and JSON
 *       have;
 *   <li>the greater hash of the content letter by letter, so that no tie is left to chance.
 * </ol>
 *
 * <p>The order is packed into {@value #LENGTH} bytes that compare like the rule when taken as
 * unsigned, big-endian:
 *
 * <pre>
 *   [1: completed] [8: updatedAt] [8: createdAt]
 *   [1: columns present] [3: bytes of content] [8: hash of the content]
 * </pre>
 *
 * Times are nanoseconds since the epoch with the sign bit flipped, and 0 where absent (no accepted
 * time flips to 0). Columns of the key are not counted; an empty list of tags and a false event
 * flag are absent. The bytes of content end at 0xFFFFFF. The hash is XXH3 with 64 bits and seed 0.
 *
 * <p>The hash decides only between descriptions that say as much at the same times. It is no
 * defence against a writer who forges such a tie: who may write a span may replace it anyway.
 *
 * <p>Immutable and thread-safe.
 */
public final class SpanVersion implements Comparable<SpanVersion> {
  /** How many bytes a version has. */
  public static final int LENGTH = 29;

  /** Below the version of every span. */
  public static final SpanVersion LOWEST = new SpanVersion(new byte[LENGTH]);

  /** The most bytes of content that are told apart. */
  static final int MAX_CONTENT_BYTES = 0xFF_FFFF;

  /** Behind the completed flag, two times and the count of columns. */
  private static final int CONTENT_BYTES_AT = 1 + 2 * Long.BYTES + 1;

  private static final ThreadLocal<SpanContent> CONTENT = ThreadLocal.withInitial(SpanContent::new);

  private final byte[] bytes;

  private SpanVersion(byte[] bytes) {
    this.bytes = bytes;
  }

  /** The version of a span's content; {@link Span#version()} remembers it. */
  static SpanVersion of(Span span) {
    SpanContent content = CONTENT.get().of(span);
    Times times = span.times();
    return of(
        times.endedAt() != null,
        times.updatedAt(),
        times.createdAt(),
        content.columns(),
        content.textBytes(),
        content.hash());
  }

  /** Packs the parts of the order. */
  static SpanVersion of(
      boolean completed,
      @Nullable Instant updatedAt,
      @Nullable Instant createdAt,
      int columns,
      long contentBytes,
      long hash) {
    ByteBuffer packed = ByteBuffer.allocate(LENGTH);
    packed.put((byte) (completed ? 1 : 0));
    packed.putLong(ordered(updatedAt));
    packed.putLong(ordered(createdAt));
    packed.putInt(columns << 24 | (int) Math.min(contentBytes, MAX_CONTENT_BYTES));
    packed.putLong(hash);
    return new SpanVersion(packed.array());
  }

  /** A time as an unsigned number that is the greater the later it is. */
  private static long ordered(@Nullable Instant time) {
    return time == null ? 0 : EpochNanos.of(time) ^ Long.MIN_VALUE;
  }

  /**
   * Reads what {@link #toBytes()} wrote.
   *
   * @throws IllegalArgumentException if there are not {@value #LENGTH} bytes
   */
  public static SpanVersion ofBytes(byte[] bytes) {
    if (bytes.length != LENGTH) {
      throw new IllegalArgumentException(
          "A span version has " + LENGTH + " bytes, not " + bytes.length);
    }
    return new SpanVersion(bytes.clone());
  }

  /** The {@value #LENGTH} bytes, as a copy. */
  public byte[] toBytes() {
    return bytes.clone();
  }

  /**
   * How many bytes of UTF-8 the text and JSON of the span have, without its key; a span of more
   * than 16 MiB less one byte counts as that.
   */
  public int contentBytes() {
    return (bytes[CONTENT_BYTES_AT] & 0xFF) << 2 * Byte.SIZE
        | (bytes[CONTENT_BYTES_AT + 1] & 0xFF) << Byte.SIZE
        | bytes[CONTENT_BYTES_AT + 2] & 0xFF;
  }

  /** The bytes in lower-case hexadecimal digits, which compare like the bytes. */
  public String toHex() {
    return HexFormat.of().formatHex(bytes);
  }

  /** Orders like the bytes, unsigned: greater is better. */
  @Override
  public int compareTo(SpanVersion other) {
    return Arrays.compareUnsigned(bytes, other.bytes);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SpanVersion that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** {@link #toHex()}. */
  @Override
  public String toString() {
    return toHex();
  }
}
