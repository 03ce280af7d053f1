package dev.tracekeep.ingest;

import dev.tracekeep.document.DeadLetter;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One thing to do with one span, and a link in the list in which it comes in. Owned by the thread
 * that made it until it is pushed to the {@link Intake}, then by the pipeline's.
 */
final class Operation {
  private final DeadLetter.Operation kind;
  private final @Nullable Span span;
  private final @Nullable SpanUpdate update;
  private final long bytes;
  private final Settlement settlement;

  /** The operation that was pushed before this one; after the list was turned, the one after it. */
  @Nullable Operation next;

  /** The place in the order of arrival. */
  long sequence;

  /** When it arrived, in nanoseconds of the pipeline's clock. */
  long arrivedAt;

  /** Which flush waits for it; null if it comes from the log. */
  @Nullable FlushGroup flushGroup;

  /** What became of it; null while that is undecided. */
  @Nullable Outcome outcome;

  private Operation(
      DeadLetter.Operation kind,
      @Nullable Span span,
      @Nullable SpanUpdate update,
      long bytes,
      Settlement settlement) {
    this.kind = kind;
    this.span = span;
    this.update = update;
    this.bytes = bytes;
    this.settlement = settlement;
  }

  static Operation create(Span span, Settlement settlement) {
    return new Operation(
        DeadLetter.Operation.CREATE, span, null, OperationSize.of(span), settlement);
  }

  static Operation end(Span span, Settlement settlement) {
    return new Operation(DeadLetter.Operation.END, span, null, OperationSize.of(span), settlement);
  }

  static Operation update(SpanUpdate update, Settlement settlement) {
    return new Operation(
        DeadLetter.Operation.UPDATE, null, update, OperationSize.of(update), settlement);
  }

  static Operation of(DeadLetter letter, Settlement settlement) {
    return new Operation(letter.operation(), letter.span(), letter.update(), 0, settlement);
  }

  DeadLetter.Operation kind() {
    return kind;
  }

  /** The whole span of a create or an end. */
  Span span() {
    return Objects.requireNonNull(span);
  }

  /** The change that an update or an end makes. */
  SpanUpdate update() {
    return update != null ? update : SpanUpdate.of(span());
  }

  SpanKey key() {
    return update != null ? update.key() : span().key();
  }

  /** What it counts for in memory: constant, whatever a transformer makes of it. */
  long bytes() {
    return bytes;
  }

  boolean isReplayed() {
    return flushGroup == null;
  }

  /** The same operation on what a transformer made of the span. */
  Operation with(@Nullable Span newSpan, @Nullable SpanUpdate newUpdate) {
    Operation changed = new Operation(kind, newSpan, newUpdate, bytes, settlement);
    changed.sequence = sequence;
    changed.arrivedAt = arrivedAt;
    changed.flushGroup = flushGroup;
    return changed;
  }

  @Nullable Span spanOrNull() {
    return span;
  }

  @Nullable SpanUpdate updateOrNull() {
    return update;
  }

  /** Tells whoever handed it in what became of it. */
  void settle() {
    settlement.settled(this, Objects.requireNonNull(outcome));
  }
}
