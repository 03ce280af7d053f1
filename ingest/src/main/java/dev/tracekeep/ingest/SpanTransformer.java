package dev.tracekeep.ingest;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanUpdate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Changes spans on their way from the program to the store, or takes them out. Transformers run in
 * the order in which they were given, on the pipeline's thread, one call at a time. One that throws
 * costs its span the way to the dead-letter log (as it was before that transformer), and nothing
 * else.
 *
 * <p>A transformer must be pure: the same input gives the same output, or a replay would differ. It
 * must keep the key and the times.
 */
public interface SpanTransformer {
  /** What messages and statistics call it. */
  String name();

  /** The span to store instead; null to drop it. */
  @Nullable Span transform(Span span);

  /** The update to make instead; null to drop it. */
  @Nullable SpanUpdate transform(SpanUpdate update);

  /** Changes the value of a column. */
  @FunctionalInterface
  interface ValueChange {
    /**
     * The value to store instead, of the column's type.
     *
     * @param value the value, never null
     */
    Object apply(SpanColumn column, Object value);
  }

  /** A transformer that changes values one by one, in spans and in updates alike. */
  static SpanTransformer ofValues(String name, ValueChange change) {
    return new ValueTransformer(name, change);
  }

  /**
   * A transformer that drops spans, for example those of a type: {@code dropping("chunks", span ->
   * span.type().equals(SpanType.MODEL_CHUNK))}. It sees whole spans: starts and ends. An update of
   * a span that was dropped finds no row and counts as missing.
   *
   * @param name what statistics call it
   * @param dropped which spans go
   */
  static SpanTransformer dropping(String name, Predicate<Span> dropped) {
    return new SpanTransformer() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public @Nullable Span transform(Span span) {
        return dropped.test(span) ? null : span;
      }

      @Override
      public SpanUpdate transform(SpanUpdate update) {
        return update;
      }
    };
  }
}
