package dev.tracekeep.dedupe;

/**
 * Carries what a listener or an audit threw past every handler of the engine, so that it reaches
 * the caller as it was thrown.
 */
final class CallersOwn extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CallersOwn(Throwable thrown) {
    super("thrown by the migration's caller", thrown);
  }

  /** Throws it as it was thrown, whatever its type. */
  @SuppressWarnings("unchecked")
  <E extends Throwable> RuntimeException rethrown() throws E {
    throw (E) getCause();
  }
}
