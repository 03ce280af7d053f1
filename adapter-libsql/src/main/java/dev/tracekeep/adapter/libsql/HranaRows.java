package dev.tracekeep.adapter.libsql;

import java.io.InputStream;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;

/** The answer to a query, read as it arrives: entries of one line each. */
final class HranaRows implements AutoCloseable {
  private final JsonParser answer;
  private final @Nullable String baton;
  private final @Nullable String baseUrl;
  private boolean complete;
  private boolean ended;

  HranaRows(InputStream body) throws SQLException {
    this.answer = HranaValues.parser(body);
    Map<?, ?> head = entry();
    if (head == null) {
      throw new HranaException("the server's answer is empty", "HTTP_ANSWER", null);
    }
    this.baton = (String) head.get("baton");
    this.baseUrl = (String) head.get("base_url");
  }

  @Nullable String baton() {
    return baton;
  }

  @Nullable String baseUrl() {
    return baseUrl;
  }

  /** The next row; null behind the last one. */
  @Nullable List<@Nullable Object> next() throws SQLException {
    for (Map<?, ?> entry = entry(); entry != null; entry = entry()) {
      switch (String.valueOf(entry.get("type"))) {
        case "row" -> {
          List<@Nullable Object> row = new ArrayList<>();
          ((List<?>) entry.get("row"))
              .forEach(value -> row.add(HranaValues.decode((Map<?, ?>) value)));
          return row;
        }
        case "step_end" -> complete = true;
        case "step_error", "error" -> throw HranaValues.failure((Map<?, ?>) entry.get("error"));
        default -> {
          // The beginning of a step, and what later releases of the protocol may tell.
        }
      }
    }
    if (!complete) {
      throw new HranaException("the server's answer broke off", "HTTP_ANSWER", null);
    }
    return null;
  }

  private @Nullable Map<?, ?> entry() throws SQLException {
    try {
      if (ended || answer.nextToken() == null) {
        ended = true;
        return null;
      }
      return (Map<?, ?>) HranaValues.read(answer);
    } catch (JacksonException e) {
      throw new HranaException("the server's answer broke off", "HTTP_ANSWER", e);
    }
  }

  /** Reads on to the end, so that the stream can be used again. */
  @Override
  public void close() throws SQLException {
    try (answer) {
      while (entry() != null) {
        // the rest
      }
    }
  }
}
