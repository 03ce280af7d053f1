package dev.tracekeep.otel;

import io.opentelemetry.sdk.common.CompletableResultCode;
import java.util.function.BooleanSupplier;

/** Waits on a thread of its own, since the SDK must not be held up. */
final class Waiting {
  private Waiting() {}

  /** Succeeds when the action does. */
  static CompletableResultCode inBackground(String name, BooleanSupplier action) {
    CompletableResultCode result = new CompletableResultCode();
    Thread thread =
        new Thread(
            () -> {
              boolean succeeded = false;
              try {
                succeeded = action.getAsBoolean();
              } finally {
                if (succeeded) {
                  result.succeed();
                } else {
                  result.fail();
                }
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
    return result;
  }
}
