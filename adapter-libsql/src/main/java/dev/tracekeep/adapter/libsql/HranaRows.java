package dev.tracekeep.adapter.libsql;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;

/** The answer to a query, read as it arrives: entries of one line each. */
final class HranaRows implements AutoCloseable {
  private final TimedAnswer body;
  private final JsonParser answer;
  private final Runnable onFailure;
  private final @Nullable String baton;
  private final @Nullable String baseUrl;
  private boolean complete;
  private boolean ended;

  /**
   * @param onFailure what is done when the answer cannot be read to its end
   */
  HranaRows(TimedAnswer body, Runnable onFailure) throws SQLException {
    this.body = body;
    this.answer = HranaValues.parser(body);
    this.onFailure = onFailure;
    try {
      Map<?, ?> head = entry();
      if (head == null) {
        throw HranaValues.malformed("it is empty", null);
      }
      this.baton = HranaValues.textOrNull(head.get("baton"));
      this.baseUrl = HranaValues.textOrNull(head.get("base_url"));
    } catch (SQLException e) {
      answer.close();
      throw e;
    }
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
          for (Object value : HranaValues.list(entry.get("row"))) {
            row.add(HranaValues.decode(HranaValues.object(value)));
          }
          return row;
        }
        case "step_end" -> complete = true;
        case "step_error", "error" ->
            throw HranaValues.failure(HranaValues.object(entry.get("error")));
        default -> {
          // The beginning of a step, and what later releases of the protocol may tell.
        }
      }
    }
    if (!complete) {
      onFailure.run();
      throw HranaValues.brokenOff(null);
    }
    return null;
  }

  private @Nullable Map<?, ?> entry() throws SQLException {
    body.begin();
    try {
      return entryInTime();
    } finally {
      body.end();
    }
  }

  private @Nullable Map<?, ?> entryInTime() throws SQLException {
    if (ended) {
      return null;
    }
    try {
      if (answer.nextToken() == null) {
        ended = true;
        return null;
      }
      return HranaValues.object(HranaValues.read(answer));
    } catch (JacksonException | SQLException e) {
      ended = true;
      onFailure.run();
      throw e instanceof SQLException known ? known : HranaValues.unreadable(e);
    }
  }

  /** Reads on to the end, so that the stream can be used again; all of it in the time of one. */
  @Override
  public void close() throws SQLException {
    try (answer) {
      body.begin();
      while (entryInTime() != null) {
        // the rest
      }
    }
  }
}
