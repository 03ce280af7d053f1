package dev.tracekeep.adapter.libsql;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** A libSQL server refused a statement or a request. */
final class HranaException extends SQLException {
  private static final long serialVersionUID = 1L;

  private final String code;

  /**
   * @param code the server's name for the failure, {@code HTTP_} and a status if it has none
   */
  HranaException(String message, String code, @Nullable Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** The server's name for the failure, for example {@code SQLITE_BUSY}. */
  String code() {
    return code;
  }
}
