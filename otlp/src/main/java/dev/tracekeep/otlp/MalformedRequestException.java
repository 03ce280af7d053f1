package dev.tracekeep.otlp;

/** A body that is no {@code ExportTraceServiceRequest} as a whole; nothing of it was taken. */
public final class MalformedRequestException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong, in words for whoever sent it; never a part of the body
   */
  MalformedRequestException(String message) {
    super(message);
  }
}
