package dev.tracekeep.otlp;

import dev.tracekeep.conventions.OtelResource;
import dev.tracekeep.conventions.OtelScope;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings spans together with their resource and scope. These usually come first, and a span is
 * handed on at once. Neither encoding promises that order, so a span that comes before its resource
 * or scope waits for it. Not thread-safe.
 */
final class RequestAssembler {
  /** How much input may wait. A fixed limit, so that an input gives the same spans everywhere. */
  static final long MAX_WAITING_BYTES = 16L << 20;

  /** How much the spans of one resource or scope may share. */
  static final int MAX_SHARED_CHARACTERS = 1 << 20;

  /** What a span takes beside what it has to say. */
  private static final long SPAN_OVERHEAD = 512;

  private final Delivery delivery;

  private @Nullable OtelResource resource;
  private @Nullable OtelScope scope;
  private final List<Waiting> waiting = new ArrayList<>();
  private long waitingBytes;
  private boolean gaveUpWaiting;

  private record Waiting(SpanFields span, @Nullable OtelScope scope) {}

  RequestAssembler(Delivery delivery) {
    this.delivery = delivery;
  }

  void beginResource() {
    resource = null;
    scope = null;
    waiting.clear();
    waitingBytes = 0;
    gaveUpWaiting = false;
  }

  void resource(OtelResource value, long line) {
    warnIfLate("resource", line);
    resource = value;
    if (value.json() != null && value.json().text().length() > MAX_SHARED_CHARACTERS) {
      // Each of its spans would be stored with all of it: a small file would fill the disk.
      refuseShared("resource", line);
      resource = new OtelResource(value.attributes(), null, value.droppedAttributesCount());
    }
  }

  void beginScope() {
    scope = null;
  }

  void scope(OtelScope value, long line) {
    warnIfLate("scope", line);
    scope = value;
    if (value.json() != null && value.json().text().length() > MAX_SHARED_CHARACTERS) {
      refuseShared("scope", line);
      scope = new OtelScope(value.name(), null);
    }
  }

  private void refuseShared(String what, long line) {
    delivery.refused(
        line,
        "a "
            + what
            + " has more than "
            + MAX_SHARED_CHARACTERS
            + " characters of JSON: its spans were kept without it");
  }

  void span(SpanFields span) {
    if (resource != null && scope != null) {
      delivery.span(resource, scope, span);
      return;
    }
    waiting.add(new Waiting(span, scope));
    waitingBytes += span.size + SPAN_OVERHEAD;
    if (waitingBytes > MAX_WAITING_BYTES) {
      gaveUpWaiting = true;
      deliverWaiting();
    }
  }

  void endScope() {
    OtelScope known = scope == null ? OtelScope.NONE : scope;
    waiting.replaceAll(w -> w.scope == null ? new Waiting(w.span, known) : w);
    scope = null;
    if (resource != null) {
      deliverWaiting();
    }
  }

  void endResource() {
    deliverWaiting();
  }

  /**
   * Gives up on the spans that wait, because the input is damaged. Without a resource that may
   * still have come they would be other spans, and could win over the whole ones later.
   *
   * @return what became of them, in words for the end of a message
   */
  String abandon() {
    int abandoned = waiting.size();
    waiting.clear();
    waitingBytes = 0;
    return abandoned == 0
        ? ""
        : "; spans that waited for their resource or scope were lost (" + abandoned + ")";
  }

  private void deliverWaiting() {
    for (Waiting w : waiting) {
      delivery.span(
          resource == null ? OtelResource.NONE : resource,
          w.scope == null ? OtelScope.NONE : w.scope,
          w.span);
    }
    waiting.clear();
    waitingBytes = 0;
  }

  private void warnIfLate(String what, long line) {
    if (gaveUpWaiting) {
      delivery.warning(
          line,
          "the "
              + what
              + " comes behind more than "
              + MAX_WAITING_BYTES
              + " bytes of its spans: the first of them were kept without it");
    }
  }
}
