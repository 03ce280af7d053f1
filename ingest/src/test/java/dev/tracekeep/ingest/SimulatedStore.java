package dev.tracekeep.ingest;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.WriteResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * The contract of a store over a map, with spans that it never takes: those named {@code poison}.
 */
final class SimulatedStore {
  static final String POISON = "poison";

  /** How it says that it will never take a span. */
  enum PoisonStyle {
    REJECTS,
    NAMES_THE_KEY,
    FAILS_THE_BATCH
  }

  final Map<SpanKey, Span> rows = new TreeMap<>();
  private final PoisonStyle style;
  private final boolean countsExactly;

  SimulatedStore(PoisonStyle style, boolean countsExactly) {
    this.style = style;
    this.countsExactly = countsExactly;
  }

  WriteResult write(Batch.Chunk chunk) {
    return chunk.creates() ? create(chunk.spans()) : update(chunk.updates());
  }

  /** Some of the rows of a call that fails. */
  void writePartly(Batch.Chunk chunk, SplittableRandom random) {
    if (chunk.creates()) {
      create(
          chunk.spans().stream()
              .filter(span -> !span.name().equals(POISON) && random.nextBoolean())
              .toList());
    } else {
      update(
          chunk.updates().stream()
              .filter(update -> !isPoison(update) && random.nextBoolean())
              .toList());
    }
  }

  private static boolean isPoison(SpanUpdate update) {
    return POISON.equals(update.value(SpanColumn.NAME));
  }

  private WriteResult create(List<Span> spans) {
    List<SpanKey> bad =
        spans.stream()
            .filter(span -> span.name().equals(POISON))
            .map(Span::key)
            .distinct()
            .toList();
    complain(bad);
    Map<SpanKey, Span> best = new LinkedHashMap<>();
    int fitting = 0;
    for (Span span : spans) {
      if (!span.name().equals(POISON)) {
        fitting++;
        best.merge(span.key(), span, Span::orBetter);
      }
    }
    long created = 0;
    long replaced = 0;
    long unchanged = 0;
    for (Span span : best.values()) {
      Span before = rows.get(span.key());
      if (before == null) {
        created++;
        rows.put(span.key(), span);
      } else if (span.version().compareTo(before.version()) > 0) {
        replaced++;
        rows.put(span.key(), span);
      } else {
        unchanged++;
      }
    }
    return new WriteResult(
        best.size(),
        fitting - best.size(),
        countsExactly ? new WriteResult.Counts(created, replaced, unchanged) : null,
        List.of(),
        rejections(bad));
  }

  private WriteResult update(List<SpanUpdate> updates) {
    List<SpanKey> bad =
        updates.stream().filter(SimulatedStore::isPoison).map(SpanUpdate::key).toList();
    complain(bad);
    List<SpanKey> missing = new ArrayList<>();
    long replaced = 0;
    long unchanged = 0;
    for (SpanUpdate update : updates) {
      if (isPoison(update)) {
        continue;
      }
      Span before = rows.get(update.key());
      if (before == null) {
        missing.add(update.key());
        continue;
      }
      Span after = update.applyTo(before).orElse(before);
      rows.put(update.key(), after);
      if (after == before) {
        unchanged++;
      } else {
        replaced++;
      }
    }
    return new WriteResult(
        updates.size() - missing.size() - bad.size(),
        0,
        countsExactly ? new WriteResult.Counts(0, replaced, unchanged) : null,
        missing,
        rejections(bad));
  }

  private void complain(List<SpanKey> bad) {
    if (bad.isEmpty() || style == PoisonStyle.REJECTS) {
      return;
    }
    throw style == PoisonStyle.NAMES_THE_KEY
        ? new StorageException(FailureKind.INVALID, "cannot be stored", bad, null)
        : new StorageException(FailureKind.PERMANENT, "something in the batch is wrong", null);
  }

  private static List<WriteResult.Rejection> rejections(List<SpanKey> bad) {
    return bad.stream().map(key -> new WriteResult.Rejection(key, "cannot be stored")).toList();
  }
}
