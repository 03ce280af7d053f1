package dev.tracekeep.text;

import dev.tracekeep.span.SpanStatus;

/**
 * Colours by meaning, as ANSI escape sequences. Applied behind all measuring of widths, and only
 * where a terminal has it.
 */
public enum Style {
  /** What begins a part. */
  HEADING("1"),
  /** What is not read first. */
  FAINT("2"),
  /** What went well. */
  GOOD("32"),
  /** What went wrong. */
  BAD("31"),
  /** What is not over, or needs a look. */
  PENDING("33");

  private final String code;

  Style(String code) {
    this.code = code;
  }

  /** The style of a status. */
  public static Style of(SpanStatus status) {
    return switch (status) {
      case OK -> GOOD;
      case RUNNING -> PENDING;
      case ERROR -> BAD;
    };
  }

  /** The text in this style; an empty text stays empty. */
  public String apply(String text) {
    return text.isEmpty() ? text : "\u001b[" + code + "m" + text + "\u001b[0m";
  }
}
