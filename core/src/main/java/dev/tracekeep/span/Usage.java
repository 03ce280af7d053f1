package dev.tracekeep.span;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * What a span used of a model. Text is cleaned: U+0000 and lone surrogates become U+FFFD.
 *
 * <p>Each part is what the writer said: the total is never worked out from the other two, nor the
 * cost from the tokens. Zero says that nothing was used, null that nothing was said.
 *
 * @param model the model that answered, else the one that was asked; null where unknown
 * @param provider who runs the model; null where unknown
 * @param inputTokens tokens that went in, 0 to {@link FixedPoint#MAX_COUNT}; whether those from a
 *     cache are among them is the writer's; null where unknown
 * @param outputTokens tokens that came out, likewise; null where unknown
 * @param totalTokens the writer's sum of tokens, likewise; null where unknown
 * @param cost the cost in the writer's currency, which is US dollars by custom, from 0 to below a
 *     million; rounded half-even to 12 digits behind the point, zeros at its end dropped; null
 *     where unknown
 */
public record Usage(
    @Nullable String model,
    @Nullable String provider,
    @Nullable Long inputTokens,
    @Nullable Long outputTokens,
    @Nullable Long totalTokens,
    @Nullable BigDecimal cost) {
  /** No usage at all. */
  public static final Usage NONE = new Usage(null, null, null, null, null, null);

  /**
   * Cleans the text, rounds the cost.
   *
   * @throws InvalidSpanException if a number is out of its range
   */
  public Usage {
    model = Text.clean(model);
    provider = Text.clean(provider);
    requireCount(SpanColumn.INPUT_TOKENS, inputTokens);
    requireCount(SpanColumn.OUTPUT_TOKENS, outputTokens);
    requireCount(SpanColumn.TOTAL_TOKENS, totalTokens);
    cost = cost == null ? null : FixedPoint.checked(SpanColumn.COST, cost);
  }

  private static void requireCount(SpanColumn column, @Nullable Long count) {
    if (count != null && (count < 0 || count > FixedPoint.MAX_COUNT)) {
      FixedPoint.checked(column, BigDecimal.valueOf(count));
    }
  }

  /** A builder in which nothing is set. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects the parts by name. Not thread-safe. */
  public static final class Builder {
    private @Nullable String model;
    private @Nullable String provider;
    private @Nullable Long inputTokens;
    private @Nullable Long outputTokens;
    private @Nullable Long totalTokens;
    private @Nullable BigDecimal cost;

    private Builder() {}

    /** Sets the model. */
    public Builder model(@Nullable String value) {
      model = value;
      return this;
    }

    /** Sets who runs the model. */
    public Builder provider(@Nullable String value) {
      provider = value;
      return this;
    }

    /** Sets the tokens that went in. */
    public Builder inputTokens(@Nullable Long value) {
      inputTokens = value;
      return this;
    }

    /** Sets the tokens that came out. */
    public Builder outputTokens(@Nullable Long value) {
      outputTokens = value;
      return this;
    }

    /** Sets the writer's sum of tokens. */
    public Builder totalTokens(@Nullable Long value) {
      totalTokens = value;
      return this;
    }

    /** Sets the cost. */
    public Builder cost(@Nullable BigDecimal value) {
      cost = value;
      return this;
    }

    /**
     * The immutable result.
     *
     * @throws InvalidSpanException if a number is out of its range
     */
    public Usage build() {
      return new Usage(model, provider, inputTokens, outputTokens, totalTokens, cost);
    }
  }
}
