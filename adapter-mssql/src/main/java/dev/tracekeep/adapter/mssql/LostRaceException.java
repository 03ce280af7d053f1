package dev.tracekeep.adapter.mssql;

import java.sql.SQLException;

/** A transaction failed because another one was first; it is repeated as a whole. */
final class LostRaceException extends SQLException {
  private static final long serialVersionUID = 1L;

  /**
   * @param cause what the server said
   */
  LostRaceException(SQLException cause) {
    super(cause.getMessage(), cause.getSQLState(), cause.getErrorCode(), cause);
  }
}
