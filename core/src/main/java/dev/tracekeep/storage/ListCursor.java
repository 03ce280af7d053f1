package dev.tracekeep.storage;

import dev.tracekeep.span.Json;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The opaque form of a place in a list: base64url of {@code 2|fingerprint|length,length,…|values}.
 * The fingerprint binds it to its kind of list, its query and its tenant, so that a cursor put to
 * another question is refused instead of answered wrongly. It is no secret and no signature: it
 * grants nothing that the query itself would not.
 */
final class ListCursor {
  private static final String FORMAT = "2";

  /** The length of a value that is absent. */
  private static final String ABSENT = "-";

  private ListCursor() {}

  /**
   * @param question everything that the cursor is bound to
   * @param position the values of the place, of which some may be absent
   */
  static String encode(List<String> question, List<@Nullable String> position) {
    StringBuilder lengths = new StringBuilder();
    StringBuilder values = new StringBuilder();
    for (String value : position) {
      lengths.append(lengths.isEmpty() ? "" : ",");
      lengths.append(value == null ? ABSENT : Integer.toString(value.length()));
      values.append(value == null ? "" : value);
    }
    String plain = String.join("|", FORMAT, fingerprint(question), lengths, values);
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(plain.getBytes(StandardCharsets.UTF_8));
  }

  /** The position of a span, for {@link #encode}. */
  static List<@Nullable String> of(SpanPosition position) {
    return Arrays.asList(
        position.value() == null ? null : Long.toString(position.value()),
        position.traceId(),
        position.spanId());
  }

  /**
   * The place of a span that {@link #of} gave.
   *
   * @throws IllegalArgumentException if it is no cursor, or belongs to another question
   */
  static SpanPosition spanPosition(String cursor, List<String> question) {
    List<@Nullable String> values = decode(cursor, question, 3);
    String value = values.get(0);
    try {
      return new SpanPosition(
          value == null ? null : Long.valueOf(value),
          Objects.requireNonNullElse(values.get(1), ""),
          Objects.requireNonNullElse(values.get(2), ""));
    } catch (IllegalArgumentException e) {
      throw noCursor(); // not a number, or no ids
    }
  }

  /**
   * The values that {@link #encode} was given.
   *
   * @param size how many there must be
   * @throws IllegalArgumentException if it is no cursor, or belongs to another question
   */
  static List<@Nullable String> decode(String cursor, List<String> question, int size) {
    String[] parts;
    String[] lengths;
    try {
      String plain = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8);
      parts = plain.split("\\|", 4);
      lengths = parts.length == 4 ? parts[2].split(",", -1) : new String[0];
    } catch (IllegalArgumentException e) {
      throw noCursor(); // not base64
    }
    if (parts.length != 4 || !parts[0].equals(FORMAT)) {
      throw noCursor();
    }
    if (!parts[1].equals(fingerprint(question))) {
      throw new IllegalArgumentException(
          "The cursor belongs to another query: tenant, filters and order must be those of the page"
              + " that it came with. Start again without a cursor.");
    }
    @Nullable String[] values = new String[lengths.length];
    int start = 0;
    try {
      for (int i = 0; i < lengths.length; i++) {
        if (!lengths[i].equals(ABSENT)) {
          int end = start + Integer.parseInt(lengths[i]);
          values[i] = parts[3].substring(start, end);
          start = end;
        }
      }
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw noCursor();
    }
    if (values.length != size || start != parts[3].length()) {
      throw noCursor();
    }
    return Arrays.asList(values);
  }

  static IllegalArgumentException noCursor() {
    return new IllegalArgumentException(
        "The cursor is not one that this release gave out. Start again without a cursor.");
  }

  private static String fingerprint(List<String> question) {
    // An array of JSON strings, so that no two questions run together to the same text.
    String text = Json.array(question.stream().map(Json::of).toList()).text();
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(Arrays.copyOf(hash, 8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(
          "This Java platform lacks SHA-256, which its specification requires", e);
    }
  }
}
