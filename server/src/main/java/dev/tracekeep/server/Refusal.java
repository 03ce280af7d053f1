package dev.tracekeep.server;

/** Why a request gets no success; the same for HTTP and gRPC. */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What kind of refusal it is, as each protocol says it. */
  enum Kind {
    /** The request is damaged, or is none: sending it again does not help. */
    MALFORMED(400, 3),
    /** There is no such path or method. */
    NOT_FOUND(404, 12),
    /** Who sent it may not. */
    UNAUTHENTICATED(401, 16),
    /** It came by way of a page or a name that this server does not answer for. */
    FORBIDDEN(403, 7),
    /** The path is there, but not for this method. */
    METHOD(405, 12),
    /** It is larger than a request may be. */
    TOO_LARGE(413, 8),
    /** Its content type, or how it is packed, is not known. */
    UNSUPPORTED(415, 12),
    /** The store lacks what it takes. */
    UNSUPPORTED_BY_STORE(501, 12),
    /** It may be sent again: too much comes at once, or the store is away. */
    UNAVAILABLE(503, 14);

    final int http;
    final int grpc;

    Kind(int http, int grpc) {
      this.http = http;
      this.grpc = grpc;
    }
  }

  private final Kind kind;

  /**
   * @param message what is wrong, for whoever sent it; no secret, and no part of a payload
   */
  Refusal(Kind kind, String message) {
    super(message, null, false, false);
    this.kind = kind;
  }

  Kind kind() {
    return kind;
  }

  String text() {
    return String.valueOf(getMessage());
  }
}
