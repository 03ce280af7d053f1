package dev.tracekeep.storage.spi;

import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import java.io.InterruptedIOException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The failures that are no engine's own, so that every adapter says the same of them. */
public final class CommonFailures {
  private CommonFailures() {}

  /**
   * Explains a failure by what is found among its causes: an interrupted thread, whose flag is set
   * again, or a host that no address is known of. To be asked before an engine's own table.
   *
   * @param action what was tried, as a verb phrase: {@code write 3 spans}
   */
  public static Optional<StorageException> explain(
      String action, StorageUri uri, Exception failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof InterruptedException
          || cause instanceof ClosedByInterruptException
          || cause.getClass() == InterruptedIOException.class) { // its children are time-outs
        return Optional.of(interrupted(action, uri, failure));
      }
      if (cause instanceof UnknownHostException) {
        return Optional.of(unknownHost(action, uri, cause.getMessage(), failure));
      }
      if (cause instanceof UnresolvedAddressException) {
        return Optional.of(unknownHost(action, uri, null, failure));
      }
    }
    return Optional.empty();
  }

  /** The thread was interrupted; sets its flag, which whoever noticed may have taken back. */
  public static StorageException interrupted(String action, StorageUri uri, Exception failure) {
    Thread.currentThread().interrupt();
    return StorageException.couldNot(
        FailureKind.INTERRUPTED, action, uri, "the thread was interrupted", "", failure);
  }

  /**
   * The host of the address is not known.
   *
   * @param host its name; null where the engine does not say it
   */
  public static StorageException unknownHost(
      String action, StorageUri uri, @Nullable String host, Exception failure) {
    return StorageException.couldNot(
        FailureKind.TRANSIENT,
        action,
        uri,
        "no address is known of " + (host == null ? "its host" : "the host " + host),
        "Check the host's name",
        failure);
  }
}
