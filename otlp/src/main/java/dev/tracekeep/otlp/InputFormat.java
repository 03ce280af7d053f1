package dev.tracekeep.otlp;

/** What an input is, as far as its first bytes tell. */
enum InputFormat {
  EMPTY,
  JSON,
  PROTOBUF,
  UNKNOWN;

  /** The tag of field 1, {@code resource_spans}, which is also a line feed. */
  private static final byte PROTOBUF_START = 0x0A;

  /** Tells the format from the head of the input. */
  static InputFormat of(byte[] head) {
    if (head.length == 0) {
      return EMPTY;
    }
    int first = nextSolid(head, byteOrderMarkLength(head));
    if (first == head.length) {
      return EMPTY; // White space alone is no protobuf: a message of such lengths cannot be.
    }
    if (isOneOf(head[first], "{[")) {
      // Protobuf may begin with a line feed and a brace too, but then a length comes next.
      int second = nextSolid(head, first + 1);
      if (first == 0 || second == head.length || isOneOf(head[second], "\"{[}]")) {
        return JSON;
      }
    }
    if (head[0] == PROTOBUF_START) {
      return PROTOBUF;
    }
    return hasLineOfJson(head) ? JSON : UNKNOWN;
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

  /** A broken first line does not make the whole input something else. */
  private static boolean hasLineOfJson(byte[] head) {
    for (int i = 1; i < head.length; i++) {
      if (head[i - 1] == '\n' && head[i] == '{') {
        return true;
      }
    }
    return false;
  }

  private static int nextSolid(byte[] head, int from) {
    int i = from;
    while (i < head.length && isOneOf(head[i], " \t\r\n")) {
      i++;
    }
    return i;
  }

  private static boolean isOneOf(byte value, String ascii) {
    return ascii.indexOf(value) >= 0;
  }
}
