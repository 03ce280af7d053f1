package dev.tracekeep.cli;

import dev.tracekeep.span.SpanStatus;

/** Colours by meaning. Applied behind all measuring of widths, and only where a terminal has it. */
enum Style {
  HEADING("1"),
  FAINT("2"),
  GOOD("32"),
  BAD("31"),
  PENDING("33");

  private final String code;

  Style(String code) {
    this.code = code;
  }

  static Style of(SpanStatus status) {
    return switch (status) {
      case OK -> GOOD;
      case RUNNING -> PENDING;
      case ERROR -> BAD;
    };
  }

  String apply(String text) {
    return text.isEmpty() ? text : "\u001b[" + code + "m" + text + "\u001b[0m";
  }
}
