package dev.tracekeep.cli;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.HashMap;
import java.util.Map;

/** A console whose output can be read back, and an environment that a test sets. */
final class TestScreen {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final Map<String, String> environment = new HashMap<>();
  private Terminal terminal = Terminal.PLAIN;
  private InputStream input = new ByteArrayInputStream(new byte[0]);

  TestScreen with(Terminal value) {
    terminal = value;
    return this;
  }

  TestScreen with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  TestScreen with(InputStream value) {
    input = value;
    return this;
  }

  Console console() {
    return new Console(new PrintWriter(out), new PrintWriter(err), terminal);
  }

  int run(String... arguments) {
    Console console = console();
    int exitCode = TracekeepCommand.run(new CommandContext(console, input, environment), arguments);
    console.out().flush();
    console.err().flush();
    return exitCode;
  }

  /** What was printed since the last call, in the given line ending. */
  String out() {
    return take(out);
  }

  String err() {
    return take(err);
  }

  private static String take(StringWriter writer) {
    String text = writer.toString().replace("\r\n", "\n");
    writer.getBuffer().setLength(0);
    return text;
  }
}
