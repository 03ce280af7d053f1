package dev.tracekeep.storage;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
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

  /**
   * All items of a list, page after page, each of which is read when the one before is used up.
   *
   * <pre>{@code
   * Page.walk(cursor -> storage.listTraces(query.cursor(cursor).build())).forEach(…);
   * }</pre>
   *
   * @param read reads the page at a cursor; at null, the first one
   */
  public static <T> Stream<T> walk(Function<@Nullable String, Page<T>> read) {
    Objects.requireNonNull(read, "read");
    return Stream.iterate(
            Optional.of(read.apply(null)),
            Optional::isPresent,
            page -> page.flatMap(Page::nextCursor).map(read))
        .flatMap(page -> page.stream().flatMap(present -> present.items().stream()));
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
