package dev.tracekeep.document;

import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One operation on a span that a store could not take, with the reason, as one line of JSON:
 *
 * <pre>{"crc32c":"1c291ca3","operation":"create","recordedAt":"…","reason":"…","span":{…}}</pre>
 *
 * <p>The checksum is over the UTF-8 bytes of the line behind the comma that follows it, so that a
 * line proves itself, and stays a line of JSON for every other tool. {@code span} is a {@link
 * SpanLine}: of the whole span for {@code create} and {@code end}, of the update for {@code
 * update}.
 *
 * <p>Immutable and thread-safe.
 *
 * @param operation what was asked for
 * @param span the whole span; null for {@link Operation#UPDATE}
 * @param update the update; null for the other operations
 * @param recordedAt when the letter was written
 * @param reason why the span is not stored, for people; without a payload
 */
public record DeadLetter(
    Operation operation,
    @Nullable Span span,
    @Nullable SpanUpdate update,
    Instant recordedAt,
    String reason) {
  /** What was asked for. */
  public enum Operation {
    /** Store the whole span, if it is new or better. */
    CREATE("create"),
    /** Change some of its fields. */
    UPDATE("update"),
    /**
     * Complete the span: change the fields that the whole span carries, or store it where it is not
     * there.
     */
    END("end");

    private final String word;

    Operation(String word) {
      this.word = word;
    }

    private static Operation of(String word) {
      for (Operation operation : values()) {
        if (operation.word.equals(word)) {
          return operation;
        }
      }
      throw new InvalidSpanException("operation", "is none of create, update and end");
    }
  }

  private static final String START = "{\"crc32c\":\"";
  private static final int CHECKSUM_DIGITS = 8;
  private static final String BEHIND_CHECKSUM = "\",";
  private static final int CONTENT_AT = START.length() + CHECKSUM_DIGITS + BEHIND_CHECKSUM.length();

  /**
   * @throws IllegalArgumentException if span and update do not fit the operation
   */
  public DeadLetter {
    Objects.requireNonNull(recordedAt, "recordedAt");
    Objects.requireNonNull(reason, "reason");
    if ((operation == Operation.UPDATE) != (update != null) || (span == null) == (update == null)) {
      throw new IllegalArgumentException("The letter of an update carries the update alone");
    }
  }

  /** The span that the operation is on. */
  public SpanKey key() {
    return span != null ? span.key() : Objects.requireNonNull(update).key();
  }

  /** Whether a line claims to be a dead letter; {@link #parse} says whether it is a sound one. */
  public static boolean isOne(String line) {
    return line.startsWith(START);
  }

  /** The line, without a line break. */
  public String toLine() {
    String content =
        "\"operation\":\""
            + operation.word
            + "\",\"recordedAt\":\""
            + recordedAt
            + "\",\"reason\":"
            + Json.of(reason).text()
            + ",\"span\":"
            + (span != null ? SpanLine.of(span) : SpanLine.of(Objects.requireNonNull(update)))
            + "}";
    return START + checksum(content) + BEHIND_CHECKSUM + content;
  }

  /**
   * The letter of a line.
   *
   * @throws InvalidSpanException if the line is damaged or no dead letter
   */
  public static DeadLetter parse(String line) {
    if (!isOne(line) || line.length() < CONTENT_AT) {
      throw new InvalidSpanException("line", "is no dead letter");
    }
    String found = line.substring(START.length(), START.length() + CHECKSUM_DIGITS);
    if (!found.equals(checksum(line.substring(CONTENT_AT)))) {
      throw new InvalidSpanException("crc32c", "does not fit the line: it is damaged");
    }
    Map<String, String> members = MemberScanner.members(line, "line");
    Operation operation = Operation.of(string(members, "operation"));
    String span = required(members, "span");
    return new DeadLetter(
        operation,
        operation == Operation.UPDATE ? null : SpanLine.span(span),
        operation == Operation.UPDATE ? SpanLine.update(span) : null,
        time(string(members, "recordedAt")),
        string(members, "reason"));
  }

  private static String checksum(String content) {
    CRC32C checksum = new CRC32C();
    checksum.update(content.getBytes(StandardCharsets.UTF_8));
    return String.format("%08x", checksum.getValue());
  }

  private static String required(Map<String, String> members, String name) {
    String text = members.get(name);
    if (text == null) {
      throw new InvalidSpanException(name, "is missing");
    }
    return text;
  }

  private static String string(Map<String, String> members, String name) {
    return Json.parse(required(members, name)).asText();
  }

  private static Instant time(String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeException e) {
      throw new InvalidSpanException("recordedAt", "is no time", e);
    }
  }

  /** Operation, key and reason; never a payload, which may be private. */
  @Override
  public String toString() {
    return "DeadLetter[" + operation + " " + key() + ": " + reason + "]";
  }
}
