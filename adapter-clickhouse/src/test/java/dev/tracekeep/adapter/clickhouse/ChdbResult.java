package dev.tracekeep.adapter.clickhouse;

import com.sun.jna.Pointer;
import java.io.IOException;
import java.io.OutputStream;

/** The answer to one statement, in the engine's memory until it is closed. */
final class ChdbResult implements AutoCloseable {
  private static final int CHUNK = 1 << 20;

  private final LibChdb library;
  private final Pointer handle;

  private ChdbResult(LibChdb library, Pointer handle) {
    this.library = library;
    this.handle = handle;
  }

  static ChdbResult of(LibChdb library, Pointer handle) throws ChdbException {
    Pointer error = library.chdb_result_error(handle);
    if (error != null) {
      String message = error.getString(0, "UTF-8");
      library.chdb_destroy_query_result(handle);
      throw new ChdbException(message);
    }
    return new ChdbResult(library, handle);
  }

  /** How many bytes the answer has. */
  long length() {
    return library.chdb_result_length(handle);
  }

  void writeTo(OutputStream out) throws IOException {
    long length = length();
    Pointer buffer = library.chdb_result_buffer(handle);
    if (buffer == null) {
      return;
    }
    byte[] chunk = new byte[(int) Math.min(length, CHUNK)];
    for (long at = 0; at < length; at += chunk.length) {
      int part = (int) Math.min(chunk.length, length - at);
      buffer.read(at, chunk, 0, part);
      out.write(chunk, 0, part);
    }
  }

  /** What a server says of a statement in the header {@code X-ClickHouse-Summary}. */
  String summary(long elapsedNanos) {
    return "{\"read_rows\":\"%d\",\"read_bytes\":\"%d\",\"written_rows\":\"%d\",\"written_bytes\":\"%d\",\"total_rows_to_read\":\"0\",\"result_rows\":\"%d\",\"result_bytes\":\"%d\",\"elapsed_ns\":\"%d\"}"
        .formatted(
            library.chdb_result_storage_rows_read(handle),
            library.chdb_result_storage_bytes_read(handle),
            library.chdb_result_rows_written(handle),
            library.chdb_result_bytes_written(handle),
            library.chdb_result_rows_read(handle),
            length(),
            elapsedNanos);
  }

  @Override
  public void close() {
    library.chdb_destroy_query_result(handle);
  }
}
