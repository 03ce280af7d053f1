package dev.tracekeep.cli;

import dev.tracekeep.span.Json;
import dev.tracekeep.text.Glyphs;
import dev.tracekeep.text.Printable;
import dev.tracekeep.text.Style;
import dev.tracekeep.text.TraceText;
import java.io.PrintWriter;
import java.util.Iterator;
import java.util.stream.Stream;

/**
 * Where a command writes: results to {@link #out()}, everything else to {@link #err()}.
 *
 * @param out standard output, in UTF-8
 * @param err standard error, in UTF-8
 * @param terminal what they can show
 */
record Console(PrintWriter out, PrintWriter err, Terminal terminal) {
  /** The text in that style where standard output takes colours, else as it is. */
  String styled(Style style, String text) {
    return terminal.colour() ? style.apply(text) : text;
  }

  Glyphs glyphs() {
    return terminal.glyphs();
  }

  /** How a trace is drawn here. */
  TraceText traceText() {
    return TraceText.plain()
        .width(terminal.width())
        .glyphs(terminal.glyphs())
        .coloured(terminal.colour())
        .cells(Terminal.CELLS);
  }

  /** Prints lines on standard output, as long as somebody reads them. */
  void print(Stream<String> lines) {
    Iterator<String> each = lines.iterator();
    while (each.hasNext() && !out.checkError()) {
      out.println(each.next());
    }
  }

  /** Prints a JSON document on one line of standard output. */
  void print(Json document) {
    out.println(Printable.json(document.text()));
  }

  /** A message for the user on standard error. */
  void message(String text) {
    err.println("tracekeep: " + Printable.lines(text));
    err.flush();
  }
}
