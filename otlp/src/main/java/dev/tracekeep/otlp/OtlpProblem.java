package dev.tracekeep.otlp;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Something in an OTLP input that its owner should know about. Immutable.
 *
 * @param source the input's name, as it was given to {@link OtlpReader#read}
 * @param line the line, counted from 1; 0 where there are no lines, as in protobuf
 * @param severity whether something is missing now
 * @param message what is wrong, with the ids of the trace and the span where they are known; never
 *     the content of a payload
 */
public record OtlpProblem(String source, long line, Severity severity, String message) {
  private static final Pattern SPAN = Pattern.compile("span \\S+ of trace [^\\s:]+");
  private static final Pattern PARTICULAR = Pattern.compile("[^\\s();]*[0-9][^\\s();]*");

  /** What a problem means for the import. */
  public enum Severity {
    /** Something was not imported. */
    REFUSED,
    /** Everything was imported, but there is something odd about it. */
    WARNING,
    /** Metrics, logs or profiles, which are no spans: nothing that was asked for is missing. */
    OTHER_SIGNAL
  }

  /** No part is null. */
  public OtlpProblem {
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(severity, "severity");
    Objects.requireNonNull(message, "message");
  }

  /**
   * The message without what differs from one place to the next: ids, numbers and times. Problems
   * of one kind can be told once, with their count.
   */
  public String kind() {
    String named = SPAN.matcher(message).replaceAll("span # of trace #");
    return PARTICULAR.matcher(named).replaceAll("#");
  }

  /** {@code source:line: message}, as compilers write it. */
  @Override
  public String toString() {
    return source + (line > 0 ? ":" + line : "") + ": " + message;
  }
}
