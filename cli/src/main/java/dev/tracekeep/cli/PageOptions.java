package dev.tracekeep.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command that lists something page by page. */
final class PageOptions {
  @Option(
      names = "--limit",
      paramLabel = "N",
      order = 32,
      description = "How many ${COMMAND-NAME}; 1 to 1000, ${DEFAULT-VALUE} if not given.")
  private int limit;

  @Option(
      names = "--cursor",
      paramLabel = "CURSOR",
      order = 33,
      description = "Go on behind a page: the cursor that it ended with, and the same options.")
  private @Nullable String cursor;

  @Option(names = "--json", order = 34, description = "Print one JSON document instead.")
  private boolean json;

  /**
   * @param limit how many if nothing is said
   */
  PageOptions(int limit) {
    this.limit = limit;
  }

  int limit() {
    return limit;
  }

  @Nullable String cursor() {
    return cursor;
  }

  boolean isJson() {
    return json;
  }
}
