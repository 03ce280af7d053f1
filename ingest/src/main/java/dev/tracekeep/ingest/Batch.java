package dev.tracekeep.ingest;

import dev.tracekeep.document.DeadLetter;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Operations that are written together, as the calls of the store that are left to make: creates
 * first, so that no update overtakes its create. All operations on one span are folded into one
 * write.
 */
final class Batch {
  private final ArrayDeque<Chunk> chunks = new ArrayDeque<>();

  /**
   * What one call of the store takes: whole spans or updates, never both.
   *
   * @param writes at least one
   * @param creates whether they are whole spans
   * @param isRepeated whether an earlier call has stored and counted what is stored of it
   */
  record Chunk(List<Write> writes, boolean creates, boolean isRepeated) {
    List<Span> spans() {
      return writes.stream().map(write -> Objects.requireNonNull(write.span)).toList();
    }

    List<SpanUpdate> updates() {
      return writes.stream().map(write -> Objects.requireNonNull(write.update)).toList();
    }

    int size() {
      return writes.size();
    }
  }

  /** One span's part of a chunk, and the operations that it settles. */
  static final class Write {
    private final SpanKey key;
    private @Nullable Span span;
    private @Nullable SpanUpdate update;

    /** What to store if the update finds no row: the last end is a whole span. */
    private @Nullable Span whole;

    private final List<Operation> operations;

    private Write(SpanKey key, List<Operation> operations) {
      this.key = key;
      this.operations = operations;
    }

    SpanKey key() {
      return key;
    }

    List<Operation> operations() {
      return operations;
    }

    private void add(Operation operation) {
      operations.add(operation);
      if (operation.kind() == DeadLetter.Operation.CREATE) {
        Span created = operation.span();
        span = span == null ? created : span.orBetter(created);
        return;
      }
      SpanUpdate change = operation.update();
      if (span != null && update == null) {
        span = applied(change, span);
      } else {
        update = update == null ? change : update.and(change);
      }
      if (operation.kind() == DeadLetter.Operation.END) {
        whole = operation.span();
      }
    }

    /** The same write as a create, if there is a whole span in it. */
    @Nullable Write asCreate() {
      if (whole == null || update == null) {
        return null;
      }
      Write create = new Write(key, operations);
      create.span = applied(update, whole);
      return create;
    }

    private static Span applied(SpanUpdate update, Span span) {
      return update.applyTo(span).orElse(span);
    }
  }

  /** Folds operations, which are in the order of their arrival. */
  static Batch of(List<Operation> operations) {
    Batch batch = new Batch();
    if (operations.stream().allMatch(each -> each.kind() == DeadLetter.Operation.CREATE)) {
      // The store folds whole spans of one key itself.
      List<Write> creates = new ArrayList<>(operations.size());
      for (Operation operation : operations) {
        Write write = new Write(operation.key(), List.of(operation));
        write.span = operation.span();
        creates.add(write);
      }
      batch.addLast(creates, true);
      return batch;
    }
    Map<SpanKey, Write> writes = new LinkedHashMap<>();
    for (Operation operation : operations) {
      writes
          .computeIfAbsent(operation.key(), key -> new Write(key, new ArrayList<>(2)))
          .add(operation);
    }
    batch.addLast(parts(writes.values(), true), true);
    batch.addLast(parts(writes.values(), false), false);
    return batch;
  }

  /** A span that was updated before it was created again is in both calls, settled by the last. */
  private static List<Write> parts(Collection<Write> all, boolean creates) {
    List<Write> parts = new ArrayList<>();
    for (Write write : all) {
      if ((creates ? write.span : write.update) == null) {
        continue;
      }
      if (write.span != null && write.update != null && creates) {
        Write create = new Write(write.key, List.of());
        create.span = write.span;
        parts.add(create);
      } else {
        parts.add(write);
      }
    }
    return parts;
  }

  private void addLast(List<Write> writes, boolean creates) {
    if (!writes.isEmpty()) {
      chunks.addLast(new Chunk(writes, creates, false));
    }
  }

  boolean isEmpty() {
    return chunks.isEmpty();
  }

  Chunk first() {
    return chunks.getFirst();
  }

  void removeFirst() {
    chunks.removeFirst();
  }

  /** The next call; an empty one is left out. */
  void addFirst(List<Write> writes, boolean creates) {
    if (!writes.isEmpty()) {
      chunks.addFirst(new Chunk(writes, creates, false));
    }
  }

  /** The next call is that write alone, once more. */
  void repeatAlone(Write write) {
    chunks.addFirst(new Chunk(List.of(write), write.span != null, true));
  }

  /** Makes two calls of the first one. */
  void splitFirst() {
    Chunk whole = chunks.removeFirst();
    int middle = whole.size() / 2;
    addFirst(whole.writes().subList(middle, whole.size()), whole.creates());
    addFirst(whole.writes().subList(0, middle), whole.creates());
  }

  /** The keys of what is left. */
  Set<SpanKey> keys() {
    Set<SpanKey> keys = new HashSet<>();
    chunks.forEach(chunk -> chunk.writes().forEach(write -> keys.add(write.key())));
    return keys;
  }

  /** What is left, in the order of arrival. */
  List<Operation> operations() {
    return chunks.stream()
        .flatMap(chunk -> chunk.writes().stream())
        .flatMap(write -> write.operations().stream())
        .distinct()
        .sorted(Comparator.comparingLong(operation -> operation.sequence))
        .toList();
  }
}
