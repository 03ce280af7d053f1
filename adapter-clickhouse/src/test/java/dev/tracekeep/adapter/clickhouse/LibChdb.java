package dev.tracekeep.adapter.clickhouse;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What is used of the C interface of libchdb, the ClickHouse engine as a library. Strings carry
 * their length; {@code size_t} is a long, as on every platform that the library is built for.
 */
interface LibChdb extends Library {
  /**
   * Loads the library and keeps its hands off the process's signals: HotSpot needs SIGSEGV for
   * itself, and a handler of the engine's in its place ends the JVM at the next null check.
   */
  static LibChdb load(Path library) {
    LibChdb chdb = Native.load(library.toString(), LibChdb.class);
    chdb.chdb_set_signal_handlers_enabled(0);
    return chdb;
  }

  void chdb_set_signal_handlers_enabled(int enabled);

  @Nullable Pointer chdb_connect(int count, String[] arguments);

  void chdb_close_conn(Pointer connection);

  Pointer chdb_query_with_params_n(
      Pointer connection,
      byte[] query,
      long queryLength,
      byte[] format,
      long formatLength,
      @Nullable Pointer names,
      long @Nullable [] nameLengths,
      @Nullable Pointer values,
      long @Nullable [] valueLengths,
      long count);

  Pointer chdb_stream_insert_with_params_n(
      Pointer connection,
      byte[] query,
      long queryLength,
      byte[] format,
      long formatLength,
      @Nullable Pointer names,
      long @Nullable [] nameLengths,
      @Nullable Pointer values,
      long @Nullable [] valueLengths,
      long count);

  int chdb_stream_append(Pointer stream, byte[] data, long length);

  Pointer chdb_stream_done(Pointer stream);

  @Nullable Pointer chdb_stream_insert_error(Pointer stream);

  void chdb_destroy_insert_stream(Pointer stream);

  @Nullable Pointer chdb_result_buffer(Pointer result);

  long chdb_result_length(Pointer result);

  long chdb_result_rows_read(Pointer result);

  long chdb_result_storage_rows_read(Pointer result);

  long chdb_result_storage_bytes_read(Pointer result);

  long chdb_result_rows_written(Pointer result);

  long chdb_result_bytes_written(Pointer result);

  @Nullable Pointer chdb_result_error(Pointer result);

  void chdb_destroy_query_result(Pointer result);
}
