package dev.tracekeep.conformance;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.RootPresence;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.UnsupportedCapabilityException;
import dev.tracekeep.storage.WriteResult;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One step of a random sequence, done alike on the oracle and on the adapter. */
sealed interface Operation {
  /** Does it; what is returned must be equal on both. */
  Object on(ObservabilityStorage storage);

  /** Writes spans in one batch. */
  record Create(List<Span> spans) implements Operation {
    @Override
    public Object on(ObservabilityStorage storage) {
      return comparable(storage.batchCreateSpans(spans));
    }

    @Override
    public String toString() {
      return "create\n" + Described.spans(spans);
    }
  }

  /** Updates spans in one batch. */
  record Update(List<SpanUpdate> updates) implements Operation {
    @Override
    public Object on(ObservabilityStorage storage) {
      return comparable(storage.batchUpdateSpans(updates));
    }

    @Override
    public String toString() {
      return "update " + updates.stream().map(Described::update).toList();
    }
  }

  /** Deletes traces. */
  record Delete(List<TraceKey> traces) implements Operation {
    @Override
    public Object on(ObservabilityStorage storage) {
      return storage.batchDeleteTraces(traces);
    }
  }

  /** Deletes old traces. */
  record Prune(PruneRequest request) implements Operation {
    @Override
    public Object on(ObservabilityStorage storage) {
      return storage.pruneTraces(request);
    }
  }

  /** Walks through all pages of a query. */
  record Walk(Supplier<TraceQuery.Builder> query, int pageSize, String description)
      implements Operation {
    @Override
    public Object on(ObservabilityStorage storage) {
      try {
        return walk(storage);
      } catch (UnsupportedCapabilityException e) {
        return new Refused(e.capability());
      }
    }

    /** The same walk through the traces that every store lists: those with a stored root. */
    Walk withStoredRoots() {
      return new Walk(
          () -> query.get().roots(RootPresence.STORED), pageSize, description + " with a root");
    }

    private List<List<Span>> walk(ObservabilityStorage storage) {
      List<List<Span>> pages = new ArrayList<>();
      String cursor = null;
      do {
        Page<TraceSummary> page =
            storage.listTraces(query.get().limit(pageSize).cursor(cursor).build());
        pages.add(page.items().stream().map(TraceSummary::head).toList());
        cursor = page.cursor();
      } while (cursor != null && pages.size() < 100);
      return pages;
    }

    @Override
    public String toString() {
      return "list " + description + " in pages of " + pageSize;
    }
  }

  /** Any other question; a store that does not have it refuses. */
  record Read(Function<ObservabilityStorage, Object> question, String description)
      implements Operation {
    @Override
    public Object on(ObservabilityStorage storage) {
      try {
        return question.apply(storage);
      } catch (UnsupportedCapabilityException e) {
        return new Refused(e.capability());
      }
    }

    @Override
    public String toString() {
      return description;
    }
  }

  /** What two stores must agree on; the counts only where both have them. */
  record Written(
      int accepted,
      int duplicates,
      WriteResult.@Nullable Counts counts,
      TreeSet<SpanKey> missing,
      List<SpanKey> rejected) {
    Written withoutCounts() {
      return new Written(accepted, duplicates, null, missing, rejected);
    }
  }

  private static Written comparable(WriteResult result) {
    return new Written(
        result.processed(),
        result.duplicates(),
        result.counts(),
        new TreeSet<>(result.missing()),
        result.rejected().stream().map(WriteResult.Rejection::key).sorted().toList());
  }

  /**
   * A read that a store does not declare.
   *
   * @param capability what it lacks; null where it does not say
   */
  record Refused(@Nullable Capability capability) {}
}
