package dev.tracekeep.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** The consent that a command needs which changes a table: asked for on a terminal. */
final class Confirmation {
  @Option(
      names = {"-y", "--yes"},
      order = 70,
      description = "Do it without asking. Needed where nobody can be asked.")
  private boolean yes;

  /**
   * Asks, unless consent was given.
   *
   * @param question what will happen, in lines; worked out only where somebody is asked
   * @throws CommandFailure if it is not given
   */
  void require(CommandContext context, Supplier<String> question) {
    if (yes) {
      return;
    }
    Console console = context.console();
    if (!console.terminal().interactive()) {
      throw new CommandFailure(
          ExitCode.USAGE,
          "This changes the table, and nobody can be asked here: add --yes. Nothing was changed.");
    }
    console.err().println(question.get());
    console.err().print("Go on? Type yes: ");
    console.err().flush();
    if (!isYes(answer(context))) {
      throw new CommandFailure(ExitCode.FAILURE, "Nothing was changed.");
    }
  }

  private static String answer(CommandContext context) {
    try {
      String line =
          new BufferedReader(new InputStreamReader(context.input(), StandardCharsets.UTF_8))
              .readLine();
      return line == null ? "" : line.strip();
    } catch (IOException e) {
      throw new UncheckedIOException("The answer could not be read", e);
    }
  }

  private static boolean isYes(String answer) {
    String small = answer.toLowerCase(Locale.ROOT);
    return small.equals("yes") || small.equals("y");
  }
}
