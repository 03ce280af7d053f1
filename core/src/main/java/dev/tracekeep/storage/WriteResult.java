package dev.tracekeep.storage;

import dev.tracekeep.span.SpanKey;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What became of a write. When it is returned, everything that it counts is as durable as the store
 * promises.
 *
 * @param processed how many distinct spans the store has dealt with: each is now there in this
 *     version or in a better one, so that none needs to be written again; {@link #counts()} tells
 *     which
 * @param duplicates how many entries of the batch were left out for a better one of the same key
 * @param counts what changed; null unless the store has {@link Capability#EXACT_WRITE_COUNTS}
 * @param missing the spans that an update found no row for; the caller decides what to do with it
 * @param rejected the spans that can never be stored; the rest of the batch is stored
 * @param conflictingStarts the spans that start at another time than one of the same key that was
 *     stored or in the same batch; none of an update, which may set the start on purpose
 */
public record WriteResult(
    int processed,
    int duplicates,
    @Nullable Counts counts,
    List<SpanKey> missing,
    List<Rejection> rejected,
    ConflictingStarts conflictingStarts) {
  /** Nothing was given, nothing was done. */
  public static final WriteResult EMPTY = new WriteResult(0, 0, Counts.NONE, List.of(), List.of());

  /**
   * What changed in the table.
   *
   * @param created rows that were not there before
   * @param replaced rows that a better version took the place of
   * @param unchanged spans whose row was as good or better
   */
  public record Counts(long created, long replaced, long unchanged) {
    /** Nothing at all. */
    public static final Counts NONE = new Counts(0, 0, 0);

    /** The sums. */
    public Counts plus(Counts other) {
      return new Counts(
          created + other.created, replaced + other.replaced, unchanged + other.unchanged);
    }
  }

  /**
   * A span that can never be stored.
   *
   * @param key which one
   * @param reason why, and what limit or rule it broke
   */
  public record Rejection(SpanKey key, String reason) {}

  /**
   * Keys under which a span was given that starts at another time than what was there, or than
   * another one of its batch. A span keeps its start, so that is a sign of two spans under one
   * identity: of ids from a seeded generator, or from processes that were forked with its state.
   * Nothing is refused for it, and by the one rule one of the two stands, whichever came first.
   *
   * <p>A store with {@link Capability#EXACT_WRITE_COUNTS} looks at every row that was there. Others
   * tell at least what conflicts within the batch; of the rows that were there they tell nothing
   * where the write has not looked at them. Where an update has moved the start of a row, a replay
   * of its create counts, too.
   *
   * @param count how many keys
   * @param first the first of them in key order, at most {@value #NAMED}
   */
  public record ConflictingStarts(int count, List<SpanKey> first) {
    /** How many keys are named at most. */
    public static final int NAMED = 20;

    /** No conflict, or none that was seen. */
    public static final ConflictingStarts NONE = new ConflictingStarts(0, List.of());

    /** Copies the list. */
    public ConflictingStarts {
      first = List.copyOf(first);
    }
  }

  /** A result without conflicting starts. */
  public WriteResult(
      int processed,
      int duplicates,
      @Nullable Counts counts,
      List<SpanKey> missing,
      List<Rejection> rejected) {
    this(processed, duplicates, counts, missing, rejected, ConflictingStarts.NONE);
  }

  /** Copies the lists. */
  public WriteResult {
    missing = List.copyOf(missing);
    rejected = List.copyOf(rejected);
  }

  /**
   * Returns this result if nothing was rejected.
   *
   * @throws StorageException of kind {@link FailureKind#INVALID} that names every rejected span;
   *     the others are stored all the same
   */
  public WriteResult orThrow() {
    if (rejected.isEmpty()) {
      return this;
    }
    throw new StorageException(
        FailureKind.INVALID,
        rejected.size()
            + " of "
            + (processed + rejected.size())
            + " spans were refused"
            + (processed == 0 ? ": " : "; the others are stored: ")
            + rejected.stream()
                .map(rejection -> rejection.key() + " " + rejection.reason())
                .collect(Collectors.joining("; ")),
        rejected.stream().map(Rejection::key).toList(),
        null);
  }
}
