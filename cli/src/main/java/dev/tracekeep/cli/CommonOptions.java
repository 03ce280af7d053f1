package dev.tracekeep.cli;

import picocli.CommandLine.Option;

/** The options of every command. */
final class CommonOptions {
  @Option(
      names = "--verbose",
      order = 100,
      description = "Log at level INFO, and show the stack trace of a failure.")
  private boolean verbose;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      order = 101,
      description = "Show this help.")
  private boolean help;

  boolean isVerbose() {
    return verbose;
  }
}
