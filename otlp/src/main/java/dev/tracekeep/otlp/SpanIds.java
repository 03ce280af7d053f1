package dev.tracekeep.otlp;

import dev.tracekeep.span.InvalidSpanException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Trace and span ids: bytes on the wire, lower-case hexadecimal digits in a span. */
final class SpanIds {
  static final int TRACE_ID_BYTES = 16;
  static final int SPAN_ID_BYTES = 8;
  private static final int UUID_LENGTH = 36;

  private SpanIds() {}

  /**
   * The id in lower-case hexadecimal digits. OTLP/JSON departs from the protobuf JSON mapping and
   * writes ids as hexadecimal digits, but writers also use base64 of the bytes or even of these
   * digits, UUIDs, and the prefix {@code 0x}: the length tells them apart. Text that is none of
   * these is returned as it is.
   */
  static String fromJson(String text, int bytes) {
    int digits = 2 * bytes;
    if (text.length() == digits) {
      return text.toLowerCase(Locale.ROOT);
    }
    if (text.length() == digits + 2 && text.regionMatches(true, 0, "0x", 0, 2)) {
      return text.substring(2).toLowerCase(Locale.ROOT);
    }
    if (bytes == TRACE_ID_BYTES && text.length() == UUID_LENGTH && isUuid(text)) {
      return text.replace("-", "").toLowerCase(Locale.ROOT);
    }
    if (text.length() == (bytes + 2) / 3 * 4 || text.length() == (digits + 2) / 3 * 4) {
      try {
        byte[] id = Base64.getDecoder().decode(text);
        if (id.length == bytes) {
          return HexFormat.of().formatHex(id);
        }
        String decoded = new String(id, StandardCharsets.ISO_8859_1);
        return id.length == digits && isHex(decoded) ? decoded.toLowerCase(Locale.ROOT) : text;
      } catch (IllegalArgumentException noBase64) {
        return text;
      }
    }
    return text;
  }

  private static boolean isUuid(String text) {
    return text.charAt(8) == '-'
        && text.charAt(13) == '-'
        && text.charAt(18) == '-'
        && text.charAt(23) == '-'
        && isHex(text.replace("-", ""))
        && text.replace("-", "").length() == 2 * TRACE_ID_BYTES;
  }

  private static boolean isHex(String text) {
    return text.chars().allMatch(HexFormat::isHexDigit);
  }

  /** Returns the id, or refuses it by name. */
  static String required(String id, int bytes, String field) {
    if (id.isEmpty()) {
      throw new InvalidSpanException(field, "is empty: it has " + expected(bytes));
    }
    String checked = checked(id, bytes, field);
    if (isZero(checked)) {
      throw new InvalidSpanException(field, "is all zeros, which OpenTelemetry calls invalid");
    }
    return checked;
  }

  /** Returns null for a root span, which some writers mark by zeros. */
  static @Nullable String parent(String id) {
    return id.isEmpty() || isZero(id) ? null : checked(id, SPAN_ID_BYTES, "parent_span_id");
  }

  private static String checked(String id, int bytes, String field) {
    if (id.length() != 2 * bytes) {
      throw new InvalidSpanException(
          field, "has " + id.length() + " characters: it has " + expected(bytes));
    }
    for (int i = 0; i < id.length(); i++) {
      if (!HexFormat.isHexDigit(id.charAt(i))) {
        throw new InvalidSpanException(
            field,
            String.format(
                "has U+%04X at position %d: it has %s", (int) id.charAt(i), i, expected(bytes)));
      }
    }
    return id;
  }

  private static String expected(int bytes) {
    return 2 * bytes + " hexadecimal digits";
  }

  private static boolean isZero(String id) {
    for (int i = 0; i < id.length(); i++) {
      if (id.charAt(i) != '0') {
        return false;
      }
    }
    return true;
  }
}
