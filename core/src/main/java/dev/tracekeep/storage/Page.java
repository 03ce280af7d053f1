package dev.tracekeep.storage;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A part of a list.
 *
 * @param items in order; unmodifiable
 * @param cursor where the next page starts, for the {@code cursor} of the query's builder; null on
 *     the last page
 * @param <T> what the list holds
 */
public record Page<T>(List<T> items, @Nullable String cursor) {
  /** Copies the list. */
  public Page {
    items = List.copyOf(items);
  }

  /** Where the next page starts; empty on the last page. */
  public Optional<String> nextCursor() {
    return Optional.ofNullable(cursor);
  }

  /** Refuses a limit that no page of such a list may have. */
  static int requireLimit(int value, int most, String items) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(
          "limit is " + value + ": a page has 1 to " + most + " " + items);
    }
    return value;
  }
}
