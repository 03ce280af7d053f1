package dev.tracekeep.span;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one rule: which of two descriptions of a span is the better one. Compared in this order:
 * completed (has an end) before running; the later {@code updatedAt}; the later {@code createdAt}
 * (absent is earliest for both); the greater digest of the content, so that no tie is left to
 * chance.
 *
 * <p>The order is packed into {@value #LENGTH} bytes that compare like the rule when taken as
 * unsigned, big-endian:
 *
 * <pre>
 *   [1: completed] [8: updatedAt] [8: createdAt] [8: head of SHA-256 of the content]
 * </pre>
 *
 * Times are nanoseconds since the epoch with the sign bit flipped, and 0 where absent (no accepted
 * time flips to 0).
 *
 * <p>The content is every present column but the key, each as its name and value, JSON in canonical
 * form. An absent column adds nothing, so a column that a later release adds leaves the versions of
 * older spans as they are.
 *
 * <p>Immutable and thread-safe.
 */
public final class SpanVersion implements Comparable<SpanVersion> {
  /** How many bytes a version has. */
  public static final int LENGTH = 25;

  /** Below the version of every span. */
  public static final SpanVersion LOWEST = new SpanVersion(new byte[LENGTH]);

  private static final int DIGEST_AT = 17;
  private static final List<SpanColumn> CONTENT =
      SpanColumn.all().stream().filter(column -> !column.isKey()).toList();
  private static final byte[][] NAMES =
      CONTENT.stream()
          .map(column -> column.columnName().getBytes(StandardCharsets.US_ASCII))
          .toArray(byte[][]::new);

  private final byte[] bytes;

  private SpanVersion(byte[] bytes) {
    this.bytes = bytes;
  }

  /** The version of a span's content; {@link Span#version()} remembers it. */
  static SpanVersion of(Span span) {
    Times times = span.times();
    return of(times.endedAt() != null, times.updatedAt(), times.createdAt(), contentDigest(span));
  }

  /**
   * Packs the four parts of the order.
   *
   * @param digest at least eight bytes, of which the first eight count
   */
  static SpanVersion of(
      boolean completed, @Nullable Instant updatedAt, @Nullable Instant createdAt, byte[] digest) {
    byte[] bytes = new byte[LENGTH];
    bytes[0] = (byte) (completed ? 1 : 0);
    putTime(bytes, 1, updatedAt);
    putTime(bytes, 9, createdAt);
    System.arraycopy(digest, 0, bytes, DIGEST_AT, LENGTH - DIGEST_AT);
    return new SpanVersion(bytes);
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

  /** The bytes in lower-case hexadecimal digits, which compare like the bytes. */
  public String toHex() {
    return HexFormat.of().formatHex(bytes);
  }

  /** The version right above this one: an update ranks above the row that it was applied to. */
  SpanVersion next() {
    byte[] next = bytes.clone();
    for (int i = LENGTH - 1; i >= 0; i--) {
      if (++next[i] != 0) {
        break;
      }
    }
    return new SpanVersion(next);
  }

  private static void putTime(byte[] bytes, int at, @Nullable Instant time) {
    long flipped = time == null ? 0 : EpochNanos.of(time) ^ Long.MIN_VALUE;
    for (int i = 7; i >= 0; i--) {
      bytes[at + i] = (byte) flipped;
      flipped >>>= 8;
    }
  }

  private static byte[] contentDigest(Span span) {
    Utf8Buffer content = new Utf8Buffer();
    for (int i = 0; i < NAMES.length; i++) {
      SpanColumn column = CONTENT.get(i);
      if (column.isAbsentIn(span)) {
        continue;
      }
      content.append(NAMES[i]);
      content.append('=');
      appendValue(content, column.read(span));
    }
    return Digests.sha256(content.bytes, content.length);
  }

  private static void appendValue(Utf8Buffer content, @Nullable Object value) {
    if (value instanceof String text) {
      // The quotes make the end of each value plain, so that no two contents run into one another.
      content.appendQuoted(text);
    } else if (value instanceof Instant time) {
      content.appendLong(EpochNanos.of(time));
    } else if (value instanceof Boolean flag) {
      content.append(flag ? '1' : '0');
    } else if (value instanceof Json json) {
      content.append(json.contentHash());
    } else if (value instanceof List<?> list) {
      content.appendLong(list.size());
      list.forEach(element -> content.appendQuoted((String) element));
    } else {
      throw new IllegalStateException("No canonical form for " + value);
    }
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
