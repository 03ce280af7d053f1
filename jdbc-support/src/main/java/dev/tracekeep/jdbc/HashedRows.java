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
  /** No rows. */
  public static final HashedRows NONE = new HashedRows(0, null);

  /** The hash as the journal has it: 0 of no rows. */
  String hashOrZero() {
    return Objects.requireNonNullElse(hash, "0");
  }

  /** Whether these are as many rows as the others, and the same ones. */
  public boolean isSameAs(HashedRows others) {
    return count == others.count && hashOrZero().equals(others.hashOrZero());
  }
}
