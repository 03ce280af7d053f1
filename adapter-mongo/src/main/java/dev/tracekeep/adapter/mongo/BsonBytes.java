package dev.tracekeep.adapter.mongo;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.bson.BsonBinarySubType;
import org.bson.BsonType;
import org.bson.types.Decimal128;

/**
 * A document in the bytes that go over the wire. The driver's writer makes text one character after
 * another, and was a quarter of what it costs to store a span; names are encoded once here, and
 * text at one stroke. Reused for one document after another by one thread.
 */
final class BsonBytes {
  /** Buffers that a large document left behind are not kept. */
  private static final int KEPT = 1 << 20;

  private byte[] bytes = new byte[4096];
  private int length;

  /** A field's name as it stands in a document. */
  static byte[] name(String name) {
    return (name + '\0').getBytes(StandardCharsets.UTF_8);
  }

  void clear() {
    length = 0;
    if (bytes.length > KEPT) {
      bytes = new byte[4096];
    }
  }

  /** Starts a document or an array; returns where, for {@link #end}. */
  int start() {
    int start = length;
    int32(0);
    return start;
  }

  void end(int start) {
    int8(0);
    int end = length;
    length = start;
    int32(end - start);
    length = end;
  }

  /** Starts a field; its value follows. */
  void field(BsonType type, byte[] name) {
    int8(type.getValue());
    copy(name);
  }

  void text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    int32(utf8.length + 1);
    copy(utf8);
    int8(0);
  }

  void binary(byte[] value) {
    int32(value.length);
    int8(BsonBinarySubType.BINARY.getValue());
    copy(value);
  }

  void int64(long value) {
    ensure(Long.BYTES);
    for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
      bytes[length++] = (byte) (value >>> shift);
    }
  }

  void decimal128(Decimal128 value) {
    int64(value.getLow());
    int64(value.getHigh());
  }

  void flag(boolean value) {
    int8(value ? 1 : 0);
  }

  private void int32(int value) {
    ensure(Integer.BYTES);
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      bytes[length++] = (byte) (value >>> shift);
    }
  }

  private void int8(int value) {
    ensure(1);
    bytes[length++] = (byte) value;
  }

  private void copy(byte[] source) {
    ensure(source.length);
    System.arraycopy(source, 0, bytes, length, source.length);
    length += source.length;
  }

  private void ensure(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
    }
  }

  int length() {
    return length;
  }

  /** The bytes, until the next change. */
  ByteBuffer buffer() {
    return ByteBuffer.wrap(bytes, 0, length);
  }
}
