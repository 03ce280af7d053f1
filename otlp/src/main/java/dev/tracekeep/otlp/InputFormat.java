package dev.tracekeep.otlp;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What an input is, as far as its first bytes tell. */
enum InputFormat {
  EMPTY,
  /** JSON lines, JSON documents, or anything with JSON somewhere in it. */
  TEXT,
  /** RFC 7464: each document behind a record separator. */
  SEQUENCE,
  UTF_16LE,
  UTF_16BE,
  PROTOBUF,
  GZIP,
  ZSTD,
  SNAPPY,
  /** Each message behind its length in four bytes, as the Collector's file exporter writes them. */
  FRAMES;

  /** Enough to see past a licence, a banner or an indentation. */
  static final int HEAD_BYTES = 512;

  static final int FRAME_HEADER_BYTES = 4;

  /** The tag of field 1, {@code resource_spans}, which is also a line feed. */
  private static final byte PROTOBUF_START = 0x0A;

  /** What can stand first in a ResourceSpans: its fields 1 to 3, and 1000 of old releases. */
  private static final byte[] PROTOBUF_SECOND_TAGS = {0x0A, 0x12, 0x1A, (byte) 0xC2};

  private static final byte RECORD_SEPARATOR = 0x1E;

  private static final byte[] GZIP_MAGIC = {0x1F, (byte) 0x8B};
  private static final byte[] ZSTD_MAGIC = {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD};
  private static final byte[] SNAPPY_MAGIC =
      "\u00FF\u0006\u0000\u0000sNaPpY".getBytes(StandardCharsets.ISO_8859_1);

  /** Looks at the input, and takes no more of it than is needed. */
  static InputFormat of(RawInput in) throws IOException {
    int seen = 1;
    while (true) {
      byte[] head = in.peek(seen);
      boolean isAll = head.length < seen;
      // What has arrived already may be looked at; a pipe is not waited for.
      byte[] known = isAll ? head : in.peek(Math.min(HEAD_BYTES, in.buffered()));
      InputFormat format = of(known, isAll);
      if (format != null) {
        return format;
      }
      seen = known.length + 1;
    }
  }

  /** Null if more has to be seen. */
  private static @Nullable InputFormat of(byte[] head, boolean isAll) {
    if (head.length == 0) {
      return EMPTY;
    }
    if (!isAll && head.length < FRAME_HEADER_BYTES + 1) {
      return null; // No request is so short.
    }
    if (startsWith(head, GZIP_MAGIC)) {
      return GZIP;
    }
    if (startsWith(head, ZSTD_MAGIC) || isSkippableZstdFrame(head)) {
      return ZSTD;
    }
    if (startsWith(head, Arrays.copyOf(SNAPPY_MAGIC, Math.min(head.length, SNAPPY_MAGIC.length)))) {
      return SNAPPY;
    }
    InputFormat unicode = utf16(head);
    if (unicode != null) {
      return unicode;
    }
    if (isFramed(head)) {
      return FRAMES;
    }
    return text(head, isAll);
  }

  private static @Nullable InputFormat text(byte[] head, boolean isAll) {
    if (head[0] == RECORD_SEPARATOR) {
      return SEQUENCE;
    }
    int first = nextSolid(head, byteOrderMarkLength(head));
    if (first == head.length) {
      if (isAll) {
        return EMPTY; // White space alone is no protobuf: a message of such lengths cannot be.
      }
      return head.length < HEAD_BYTES ? null : TEXT;
    }
    if (first > 0 && isOneOf(head[first], "{[")) {
      // Protobuf may begin with a line feed and a brace too, but then a length comes next.
      int second = nextSolid(head, first + 1);
      if (second == head.length && !isAll && head.length < HEAD_BYTES) {
        return null;
      }
      if (second == head.length || isOneOf(head[second], "\"{[}]")) {
        return TEXT;
      }
    }
    return head[0] == PROTOBUF_START && (isProtobuf(head) || !isText(head)) ? PROTOBUF : TEXT;
  }

  private static boolean startsWith(byte[] head, byte[] magic) {
    return head.length >= magic.length
        && Arrays.equals(head, 0, magic.length, magic, 0, magic.length);
  }

  private static boolean isSkippableZstdFrame(byte[] head) {
    return head.length > 3
        && (head[0] & 0xF0) == 0x50
        && head[1] == 0x2A
        && head[2] == 0x4D
        && head[3] == 0x18;
  }

  /** With a byte order mark or, for the brace or bracket that JSON begins with, without one. */
  private static @Nullable InputFormat utf16(byte[] head) {
    if (head.length < 2) {
      return null;
    }
    if (head[0] == (byte) 0xFF && head[1] == (byte) 0xFE
        || isOneOf(head[0], "{[") && head[1] == 0) {
      return UTF_16LE;
    }
    return head[0] == (byte) 0xFE && head[1] == (byte) 0xFF
            || head[0] == 0
                && isOneOf(head[1], "{[")
                && head.length > 3
                && head[2] == 0
                && isOneOf(head[3], "\"{[ \t\r\n")
        ? UTF_16BE
        : null;
  }

  /** A length whose first byte is no text, and behind it what a message begins with. */
  private static boolean isFramed(byte[] head) {
    if (head.length <= FRAME_HEADER_BYTES || head[0] < 0 || head[0] >= '\t') {
      return false;
    }
    byte[] message = Arrays.copyOfRange(head, FRAME_HEADER_BYTES, head.length);
    return frameLength(head) > 0
        && (message[0] == PROTOBUF_START
            || message[0] == '{'
            || startsWith(message, Arrays.copyOf(ZSTD_MAGIC, Math.min(message.length, 4)))
            || startsWith(message, Arrays.copyOf(GZIP_MAGIC, Math.min(message.length, 2))));
  }

  /** The length that a frame's four bytes say, the highest first. */
  static long frameLength(byte[] header) {
    long length = 0;
    for (int i = 0; i < FRAME_HEADER_BYTES; i++) {
      length = length << Byte.SIZE | header[i] & 0xFF;
    }
    return length;
  }

  /** Whether a message within a message follows, as it does in every request. */
  private static boolean isProtobuf(byte[] head) {
    int i = 1;
    while (i < head.length && head[i] < 0) {
      i++; // The length of the first message, seven bits a byte.
    }
    if (i + 1 >= head.length) {
      return true;
    }
    for (byte tag : PROTOBUF_SECOND_TAGS) {
      if (head[i + 1] == tag) {
        return true;
      }
    }
    return false;
  }

  private static boolean isText(byte[] head) {
    for (byte b : head) {
      if (b >= 0 && b < ' ' && !isOneOf(b, "\t\n\f\r\u001B\u001E")) {
        return false;
      }
    }
    return true;
  }

  /** How many bytes a UTF-8 byte order mark takes at the start: 3 or 0. */
  static int byteOrderMarkLength(byte[] head) {
    return head.length >= 3
            && head[0] == (byte) 0xEF
            && head[1] == (byte) 0xBB
            && head[2] == (byte) 0xBF
        ? 3
        : 0;
  }

  private static int nextSolid(byte[] head, int from) {
    int i = from;
    while (i < head.length && isOneOf(head[i], " \t\r\n")) {
      i++;
    }
    return i;
  }

  private static boolean isOneOf(byte value, String ascii) {
    return value >= 0 && ascii.indexOf(value) >= 0;
  }
}
