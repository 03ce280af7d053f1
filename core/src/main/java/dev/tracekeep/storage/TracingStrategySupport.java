package dev.tracekeep.storage;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which strategies a store supports, and which suits it best.
 *
 * @param preferred one of the supported ones
 * @param supported at least one; unmodifiable
 */
public record TracingStrategySupport(TracingStrategy preferred, Set<TracingStrategy> supported) {
  /** What a configuration says to take the preferred strategy. */
  public static final String AUTO = "auto";

  /**
   * @throws IllegalArgumentException if the preferred strategy is not supported
   */
  public TracingStrategySupport {
    supported = Collections.unmodifiableSet(EnumSet.copyOf(supported));
    if (!supported.contains(preferred)) {
      throw new IllegalArgumentException(preferred + " is preferred, but not among " + supported);
    }
  }

  /** All four strategies, of which the given one is preferred. */
  public static TracingStrategySupport allPreferring(TracingStrategy preferred) {
    return new TracingStrategySupport(preferred, EnumSet.allOf(TracingStrategy.class));
  }

  /**
   * Picks the strategy that a configuration wishes for.
   *
   * @param wish {@value #AUTO} or a {@link TracingStrategy#configName()}
   * @throws UnsupportedCapabilityException if the wish is unknown or not supported; lists what is
   */
  public TracingStrategy resolve(String wish) {
    if (wish.equals(AUTO)) {
      return preferred;
    }
    return TracingStrategy.named(wish)
        .filter(supported::contains)
        .orElseThrow(
            () ->
                new UnsupportedCapabilityException(
                    null,
                    "The tracing strategy '"
                        + wish
                        + "' is not supported by this store. Supported: "
                        + supported.stream()
                            .map(TracingStrategy::configName)
                            .collect(Collectors.joining(", "))
                        + ", or "
                        + AUTO
                        + " for "
                        + preferred.configName()
                        + "."));
  }
}
