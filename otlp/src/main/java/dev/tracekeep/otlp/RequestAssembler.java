package dev.tracekeep.otlp;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings spans together with their resource and scope. These usually come first, and a span is
 * handed on at once. Neither encoding promises that order, so a span that comes before its resource
 * or scope waits for it. Not thread-safe.
 */
final class RequestAssembler {
  private final Delivery delivery;
  private final long maxWaitingBytes;

  private @Nullable ResourceFields resource;
  private @Nullable ScopeFields scope;
  private final List<Waiting> waiting = new ArrayList<>();
  private long waitingBytes;
  private boolean gaveUpWaiting;

  private record Waiting(SpanFields span, @Nullable ScopeFields scope) {}

  RequestAssembler(Delivery delivery, long maxWaitingBytes) {
    this.delivery = delivery;
    this.maxWaitingBytes = maxWaitingBytes;
  }

  void beginResource() {
    resource = null;
    scope = null;
    waiting.clear();
    waitingBytes = 0;
    gaveUpWaiting = false;
  }

  void resource(ResourceFields value, long line) {
    warnIfLate("resource", line);
    resource = value;
  }

  void beginScope() {
    scope = null;
  }

  void scope(ScopeFields value, long line) {
    warnIfLate("scope", line);
    scope = value;
  }

  void span(SpanFields span) {
    if (resource != null && scope != null) {
      delivery.span(resource, scope, span);
      return;
    }
    waiting.add(new Waiting(span, scope));
    waitingBytes += span.size;
    if (waitingBytes > maxWaitingBytes) {
      gaveUpWaiting = true;
      deliverWaiting();
    }
  }

  void endScope() {
    ScopeFields known = scope == null ? ScopeFields.NONE : scope;
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
          resource == null ? ResourceFields.NONE : resource,
          w.scope == null ? ScopeFields.NONE : w.scope,
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
              + maxWaitingBytes
              + " bytes of its spans (max-message-bytes): the first of them were kept without it");
    }
  }
}
