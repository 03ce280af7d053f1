package dev.tracekeep.storage;

import dev.tracekeep.storage.TraceQuery.Position;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * The opaque form of a position: base64url of {@code 1|fingerprint|time|traceId length|traceId
 * spanId}. The fingerprint binds it to its query and tenant, so that a cursor put to another
 * question is refused instead of answered wrongly. It is no secret and no signature: it grants
 * nothing that the query itself would not.
 */
final class TraceCursor {
  private static final String FORMAT = "1";

  private TraceCursor() {}

  static String encode(TraceQuery query, Position position) {
    String plain =
        String.join(
            "|",
            FORMAT,
            fingerprint(query),
            position.time() == null ? "" : Long.toString(position.time()),
            Integer.toString(position.traceId().length()),
            position.traceId() + position.spanId());
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(plain.getBytes(StandardCharsets.US_ASCII));
  }

  static Position decode(String cursor, TraceQuery query) {
    Parts parts = parse(cursor);
    if (parts == null) {
      throw new IllegalArgumentException(
          "The cursor is not one that this release gave out. Start again without a cursor.");
    }
    if (!parts.fingerprint.equals(fingerprint(query))) {
      throw new IllegalArgumentException(
          "The cursor belongs to another query: tenant, filters and order must be those of the page"
              + " that it came with. Start again without a cursor.");
    }
    return parts.position;
  }

  private record Parts(String fingerprint, Position position) {}

  private static @Nullable Parts parse(String cursor) {
    try {
      String plain = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.US_ASCII);
      String[] parts = plain.split("\\|", 5);
      if (parts.length != 5 || !parts[0].equals(FORMAT)) {
        return null;
      }
      int traceIdLength = Integer.parseInt(parts[3]);
      return new Parts(
          parts[1],
          new Position(
              parts[2].isEmpty() ? null : Long.valueOf(parts[2]),
              parts[4].substring(0, traceIdLength),
              parts[4].substring(traceIdLength)));
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      // Not base64, not a number, no ids: whatever it is, it is no cursor, and the caller says so.
      return null;
    }
  }

  private static String fingerprint(TraceQuery query) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(query.fingerprint().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(Arrays.copyOf(hash, 8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(
          "This Java platform lacks SHA-256, which its specification requires", e);
    }
  }
}
