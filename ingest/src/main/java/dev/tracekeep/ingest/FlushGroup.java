package dev.tracekeep.ingest;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The operations between two flushes, of which only the number matters. */
final class FlushGroup {
  long undecided;

  /** Completed when nothing of this group and those before it is undecided; null: no flush yet. */
  @Nullable CompletableFuture<Void> flushed;
}
