package dev.tracekeep.cli;

import dev.tracekeep.migration.MigrationListener;
import java.util.concurrent.CountDownLatch;

/**
 * Lets Ctrl-C end a migration between two statements. The JVM's exit waits until the statement
 * under way is committed and the user was told how to go on; the exit status is the JVM's own, 128
 * and the signal's number.
 */
final class GracefulStop implements AutoCloseable {
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Thread onExit;
  private volatile boolean requested;

  /** Ends the migration from inside of its listener. */
  static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /**
   * @param told is run at once when the user asks to stop
   */
  GracefulStop(Runnable told) {
    this.onExit =
        new Thread(
            () -> {
              request();
              told.run();
              try {
                ended.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "tracekeep-graceful-stop");
    Runtime.getRuntime().addShutdownHook(onExit);
  }

  /** Asks the migration to stop after the statement under way. */
  void request() {
    requested = true;
  }

  /** The listener, and after it the end where that was asked for. */
  MigrationListener around(MigrationListener listener) {
    return progress -> {
      listener.onProgress(progress);
      if (requested) {
        throw new Stopped();
      }
    };
  }

  /** Lets the JVM go. */
  @Override
  public void close() {
    ended.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(onExit);
    } catch (IllegalStateException e) {
      // The JVM is going down already: the hook was waiting for this.
    }
  }
}
