package dev.tracekeep.jdbc;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Rows as a multiset.
 *
 * @param count how many there are
 * @param hash the same for the same rows in any order; null where there is none
 */
public record HashedRows(long count, @Nullable String hash) {
  /** The hash as the journal has it. */
  String hashOrZero() {
    return Objects.requireNonNullElse(hash, "0");
  }
}
