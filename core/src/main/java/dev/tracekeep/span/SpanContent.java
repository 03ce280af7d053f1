package dev.tracekeep.span;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/**
 * The content of a span in bytes: which columns are present, how large they are, and what they hash
 * to, all from one look at each column. It is what a {@link SpanVersion} is made of.
 *
 * <p>The content is every present column but the key, in table order, each as its name, the length
 * of its value in four bytes, and its value: text and JSON in UTF-8, a time as eight bytes of
 * nanoseconds since the epoch, a number as eight bytes of {@linkplain FixedPoint units}, a flag as
 * one byte, a list as the length and the UTF-8 of each element. All numbers are big-endian. An
 * empty list and a false flag are absent, and an absent column adds nothing: so a column that a
 * later release adds leaves the versions of older spans as they are.
 *
 * <p>Reused for one span after another by one thread.
 */
final class SpanContent {
  /** Buffers that a large span left behind are not kept. */
  private static final int KEPT = 1 << 20;

  /** XXH3 with 64 bits, seed 0 (Yann Collet, github.com/Cyan4973/xxHash). */
  private static final Hasher64 XXH3 = Hashing.xxh3_64();

  private static final SpanColumn[] COLUMNS =
      SpanColumn.all().stream().filter(column -> !column.isKey()).toArray(SpanColumn[]::new);
  private static final byte[][] NAMES =
      Arrays.stream(COLUMNS)
          .map(column -> column.columnName().getBytes(StandardCharsets.US_ASCII))
          .toArray(byte[][]::new);

  private byte[] bytes = new byte[4096];
  private int length;
  private int columns;
  private long textBytes;

  /** Takes a span's content in, and forgets the one before. */
  SpanContent of(Span span) {
    if (bytes.length > KEPT) {
      bytes = new byte[4096];
    }
    length = 0;
    columns = 0;
    textBytes = 0;
    for (int i = 0; i < COLUMNS.length; i++) {
      Object value = COLUMNS[i].read(span);
      if (!SpanColumn.isNothing(value)) {
        columns++;
        append(NAMES[i]);
        append(COLUMNS[i], value);
      }
    }
    return this;
  }

  /** How many columns are present. */
  int columns() {
    return columns;
  }

  /**
   * How many bytes the text and the JSON of the content have in UTF-8; times, numbers and flags add
   * 0.
   */
  long textBytes() {
    return textBytes;
  }

  /** The hash of the content; no defence against somebody who looks for a collision. */
  long hash() {
    return XXH3.hashBytesToLong(bytes, 0, length);
  }

  private void append(SpanColumn column, Object value) {
    if (value instanceof String text) {
      text(text);
    } else if (value instanceof Json json) {
      text(json.text());
    } else if (value instanceof Instant time) {
      sixtyFourBits(EpochNanos.of(time));
    } else if (value instanceof BigDecimal number) {
      sixtyFourBits(FixedPoint.units(column, number));
    } else if (value instanceof Boolean) {
      integer(1);
      ensure(1);
      bytes[length++] = 1;
    } else if (value instanceof List<?> list) {
      int sizeAt = length;
      integer(0); // the length, once it is known
      list.forEach(element -> text((String) element));
      int end = length;
      length = sizeAt;
      integer(end - sizeAt - Integer.BYTES);
      length = end;
    } else {
      throw new IllegalStateException("No column holds a " + value.getClass().getName());
    }
  }

  private void sixtyFourBits(long value) {
    integer(Long.BYTES);
    ensure(Long.BYTES);
    for (int shift = Long.SIZE - Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
      bytes[length++] = (byte) (value >>> shift);
    }
  }

  private void text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    textBytes += utf8.length;
    integer(utf8.length);
    append(utf8);
  }

  private void append(byte[] source) {
    ensure(source.length);
    System.arraycopy(source, 0, bytes, length, source.length);
    length += source.length;
  }

  private void integer(int value) {
    ensure(Integer.BYTES);
    for (int shift = Integer.SIZE - Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
      bytes[length++] = (byte) (value >>> shift);
    }
  }

  private void ensure(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, Math.addExact(length, more)));
    }
  }
}
