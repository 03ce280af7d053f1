package dev.tracekeep.adapter.libsql;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;

/**
 * Adds up hashes of rows, so that the sum does not depend on their order. It is done here because
 * SQLite has no hash function, and a server takes none of ours. Not thread-safe.
 */
final class RowHash {
  /** Bytes of a row's SHA-256 that are added up: two different tables never meet by chance. */
  private static final int LENGTH = 16;

  private final int columns;
  private final MessageDigest digest;
  private BigInteger total = BigInteger.ZERO;

  RowHash(int columns) {
    this.columns = columns;
    try {
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Adds the current row; each value with its type, as SQLite keeps it. */
  void add(ResultSet row) throws SQLException {
    for (int i = 1; i <= columns; i++) {
      Object value = row.getObject(i);
      if (value == null) {
        digest.update((byte) 'n');
      } else if (value instanceof byte[] bytes) {
        update('b', bytes);
      } else if (value instanceof String text) {
        update('t', text.getBytes(StandardCharsets.UTF_8));
      } else {
        // Drivers differ in whether a small integer is an Integer or a Long.
        char type = value instanceof Double ? 'r' : 'i';
        update(type, value.toString().getBytes(StandardCharsets.US_ASCII));
      }
    }
    total = total.add(new BigInteger(1, Arrays.copyOf(digest.digest(), LENGTH)));
  }

  private void update(char type, byte[] bytes) {
    digest.update((byte) type);
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
    digest.update(bytes);
  }

  /** The sum, a decimal number. */
  String total() {
    return total.toString();
  }
}
