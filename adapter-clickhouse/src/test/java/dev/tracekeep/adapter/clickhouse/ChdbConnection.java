package dev.tracekeep.adapter.clickhouse;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A connection to a {@link ChdbEngine}. Its statements take turns. */
final class ChdbConnection implements AutoCloseable {
  private static final int CHUNK = 1 << 20;

  private final ChdbEngine engine;
  private final LibChdb library;
  private @Nullable Pointer handle;

  ChdbConnection(ChdbEngine engine, LibChdb library, Pointer handle) {
    this.engine = engine;
    this.library = library;
    this.handle = handle;
  }

  /**
   * Runs a statement, with whatever data its text has.
   *
   * @param format the format of the answer, unless the statement names one
   * @param parameters the values for the placeholders <code>{name:Type}</code>
   * @return the answer, which the caller closes
   */
  synchronized ChdbResult run(String statement, String format, Map<String, String> parameters)
      throws ChdbException {
    byte[] query = utf8(statement);
    byte[] answer = utf8(format);
    try (Strings names = new Strings(parameters.keySet());
        Strings values = new Strings(parameters.values())) {
      return ChdbResult.of(
          library,
          library.chdb_query_with_params_n(
              connection(),
              query,
              query.length,
              answer,
              answer.length,
              names.pointers,
              names.lengths,
              values.pointers,
              values.lengths,
              parameters.size()));
    }
  }

  /**
   * Inserts data of any bytes. In the text of a statement they would end at the first new line.
   *
   * @param statement {@code INSERT INTO t (a, b)}, without a format
   */
  synchronized ChdbResult insert(
      String statement, String format, Map<String, String> parameters, InputStream data)
      throws ChdbException, IOException {
    byte[] query = utf8(statement);
    byte[] input = utf8(format);
    Pointer stream;
    try (Strings names = new Strings(parameters.keySet());
        Strings values = new Strings(parameters.values())) {
      stream =
          library.chdb_stream_insert_with_params_n(
              connection(),
              query,
              query.length,
              input,
              input.length,
              names.pointers,
              names.lengths,
              values.pointers,
              values.lengths,
              parameters.size());
    }
    try {
      checkStream(stream);
      byte[] chunk = new byte[CHUNK];
      for (int read = data.readNBytes(chunk, 0, CHUNK);
          read > 0;
          read = data.readNBytes(chunk, 0, CHUNK)) {
        if (library.chdb_stream_append(stream, chunk, read) != 0) {
          checkStream(stream);
          throw new ChdbException("The engine takes no more data and gives no reason");
        }
      }
      return ChdbResult.of(library, library.chdb_stream_done(stream));
    } finally {
      library.chdb_destroy_insert_stream(stream);
    }
  }

  private void checkStream(Pointer stream) throws ChdbException {
    Pointer error = library.chdb_stream_insert_error(stream);
    if (error != null) {
      throw new ChdbException(error.getString(0, "UTF-8"));
    }
  }

  private Pointer connection() throws ChdbException {
    if (handle == null) {
      throw new ChdbException("The connection to the engine is closed");
    }
    return handle.getPointer(0);
  }

  @Override
  public synchronized void close() {
    if (handle != null) {
      library.chdb_close_conn(handle);
      handle = null;
      engine.closed(this);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** An array of strings in native memory; the fields are null if there are none. */
  private static final class Strings implements AutoCloseable {
    final @Nullable Memory pointers;
    final long @Nullable [] lengths;
    private final List<Memory> texts = new ArrayList<>();

    Strings(Iterable<String> strings) {
      for (String string : strings) {
        byte[] bytes = utf8(string);
        Memory text = new Memory(bytes.length + 1L);
        text.write(0, bytes, 0, bytes.length);
        text.setByte(bytes.length, (byte) 0);
        texts.add(text);
      }
      if (texts.isEmpty()) {
        pointers = null;
        lengths = null;
        return;
      }
      pointers = new Memory((long) texts.size() * Native.POINTER_SIZE);
      lengths = new long[texts.size()];
      for (int i = 0; i < texts.size(); i++) {
        pointers.setPointer((long) i * Native.POINTER_SIZE, texts.get(i));
        lengths[i] = texts.get(i).size() - 1;
      }
    }

    @Override
    public void close() {
      texts.forEach(Memory::close);
      if (pointers != null) {
        pointers.close();
      }
    }
  }
}
