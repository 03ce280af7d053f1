package dev.tracekeep.adapter.pg;

import com.zaxxer.hikari.SQLExceptionOverride;
import java.sql.SQLException;

/**
 * Tells the pool which connections are as good as before. It takes one for broken after every
 * failure of class 0A, feature not supported, and logs that with a stack trace; but it is the
 * statement that a relative of PostgreSQL does not know.
 */
final class KeptConnections implements SQLExceptionOverride {
  @java.lang.Override // the interface has a type of that name
  public Override adjudicate(SQLException failure) {
    String state = failure.getSQLState();
    return state != null && state.startsWith("0A")
        ? Override.DO_NOT_EVICT
        : Override.CONTINUE_EVICT;
  }
}
