package dev.tracekeep.adapter.clickhouse;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the engine says when it refuses a statement. */
final class ChdbException extends Exception {
  private static final long serialVersionUID = 1L;

  private static final Pattern CODE = Pattern.compile("Code: (\\d+)");

  ChdbException(String message) {
    super(message);
  }

  /** ClickHouse's number of the error; 1002 (unknown exception) where the text has none. */
  int code() {
    Matcher code = CODE.matcher(getMessage());
    return code.find() ? Integer.parseInt(code.group(1)) : 1002;
  }
}
