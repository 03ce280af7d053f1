package dev.tracekeep.otlp;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import tools.jackson.core.json.JsonFactory;

/**
 * Lets other threads decode lines while this one reads on: lines are copied into chunks, each chunk
 * is decoded by itself, and what was found is handed on in the order of the input, on the reading
 * thread. For one input.
 */
final class LinesAhead {
  /** Enough of a line's work to be worth a thread's time. */
  private static final int CHUNK_BYTES = 256 << 10;

  /** So much text at most is being decoded or waits for its turn, whatever the lines are like. */
  static final int MAX_BYTES_AHEAD = 4 << 20;

  /** A longer line is decoded by the reading thread, where it is. */
  private static final int MAX_LINE_BYTES = MAX_BYTES_AHEAD / 2;

  private final JsonFactory factory;
  private final Delivery delivery;
  private final Executor decoders;
  private final Deque<Chunk> pending = new ArrayDeque<>();
  private long bytesAhead;
  private Chunk chunk;

  /** Lines, copied one behind the other, and what they hold. */
  private final class Chunk {
    private final Delivery found = delivery.part();
    private final FutureTask<Boolean> task = new FutureTask<>(this::decode, true);
    private final List<Line> lines = new ArrayList<>();
    private byte[] bytes = new byte[CHUNK_BYTES];
    private int length;

    private record Line(int start, int length, long number, boolean isAscii) {}

    void add(LineReader from) {
      if (bytes.length - length < from.length()) {
        bytes = Arrays.copyOf(bytes, length + from.length());
      }
      System.arraycopy(from.buffer(), from.start(), bytes, length, from.length());
      lines.add(new Line(length, from.length(), from.number(), from.isAscii()));
      length += from.length();
    }

    private void decode() {
      LineDecoder decoder = new LineDecoder(factory, new RequestAssembler(found), found);
      for (Line line : lines) {
        decoder.read(bytes, line.start(), line.length(), line.number(), line.isAscii());
      }
    }
  }

  LinesAhead(JsonFactory factory, Delivery delivery, Executor decoders) {
    this.factory = factory;
    this.delivery = delivery;
    this.decoders = decoders;
    this.chunk = new Chunk();
  }

  /**
   * Reads all lines.
   *
   * @param readHere reads the current line on this thread, whatever is wrong with it
   * @throws IOException if the input cannot be read on; what was read before is handed on
   */
  void readAll(LineReader lines, Runnable readHere) throws IOException {
    try {
      try {
        while (lines.next()) {
          if (lines.isTooLong() || lines.length() > MAX_LINE_BYTES) {
            finish();
            readHere.run();
          } else if (!lines.isBlank()) {
            chunk.add(lines);
            if (chunk.length >= CHUNK_BYTES) {
              start();
              handOn(MAX_BYTES_AHEAD - MAX_LINE_BYTES - CHUNK_BYTES); // room for the next one
            }
          }
        }
      } catch (IOException failed) {
        finish();
        throw failed;
      }
      finish();
    } finally {
      pending.forEach(abandoned -> abandoned.task.cancel(false));
    }
  }

  private void finish() {
    start();
    handOn(0);
  }

  private void start() {
    if (chunk.length > 0) {
      decoders.execute(chunk.task);
      pending.add(chunk);
      bytesAhead += chunk.length;
      chunk = new Chunk();
    }
  }

  /** Hands on what is decoded, and waits until no more than so many bytes are not. */
  private void handOn(long mayBeAhead) {
    while (!pending.isEmpty() && (bytesAhead > mayBeAhead || pending.element().task.isDone())) {
      Chunk first = pending.remove();
      await(first.task);
      bytesAhead -= first.length;
      delivery.take(first.found);
    }
  }

  private static void await(FutureTask<Boolean> task) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          task.get();
          return;
        } catch (InterruptedException e) {
          // The handler may care, and finds it when it waits for something; decoding ends by
          // itself.
          interrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof Error error) {
            throw error;
          }
          throw e.getCause() instanceof RuntimeException failure
              ? failure
              : new IllegalStateException(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
