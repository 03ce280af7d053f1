package dev.tracekeep.storage;

import java.util.Locale;
import java.util.Optional;

/** What an exporter does when a span starts, changes and ends. */
public enum TracingStrategy {
  /** Create at the start, update at each change and at the end, each at once. */
  REALTIME,
  /** The same, buffered; an update is never sent ahead of its create. */
  BATCH_WITH_UPDATES,
  /** One create at the end. A span that never ends is never seen. */
  INSERT_ONLY,
  /** Create at the start, and create again, whole, at the end; the rule keeps the better one. */
  EVENT_SOURCED;

  /** The name in configurations: {@code realtime}, {@code batch-with-updates}, and so on. */
  public String configName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The strategy of that configuration name. */
  public static Optional<TracingStrategy> named(String configName) {
    for (TracingStrategy strategy : values()) {
      if (strategy.configName().equals(configName)) {
        return Optional.of(strategy);
      }
    }
    return Optional.empty();
  }
}
