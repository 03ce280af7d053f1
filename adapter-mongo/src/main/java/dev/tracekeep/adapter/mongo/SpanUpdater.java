package dev.tracekeep.adapter.mongo;

import com.mongodb.client.model.Projections;
import dev.tracekeep.adapter.mongo.SpanWriter.Refusals;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.bson.BsonMaximumSizeExceededException;
import org.bson.conversions.Bson;

/**
 * Applies updates by compare and set: a document is read, changed, and put back if its version is
 * still the one that was read; else once more from the start. So none of several concurrent updates
 * is lost, and no transaction is needed.
 */
final class SpanUpdater {
  /** Documents read, and held in memory, at once. */
  private static final int SPANS_AT_ONCE = 100;

  /** At each attempt at least one of those who compete gets through. */
  private static final int ATTEMPTS = 200;

  private final MongoConnection connection;
  private final String table;
  private final SpanWriter writer;

  SpanUpdater(MongoConnection connection, String table, SpanWriter writer) {
    this.connection = connection;
    this.table = table;
    this.writer = writer;
  }

  /** What became of the updates of one batch. */
  static final class Outcome {
    long replaced;
    long unchanged;
    final List<SpanKey> missing = new ArrayList<>();
    private final Refusals refusals = new Refusals();
  }

  Outcome update(List<SpanUpdate> updates) throws InterruptedException {
    SortedMap<SpanKey, List<SpanUpdate>> byKey = new TreeMap<>();
    updates.forEach(u -> byKey.computeIfAbsent(u.key(), key -> new ArrayList<>()).add(u));
    Outcome outcome = new Outcome();
    List<SpanKey> keys = List.copyOf(byKey.keySet());
    for (int i = 0; i < keys.size(); i += SPANS_AT_ONCE) {
      List<SpanKey> pending = keys.subList(i, Math.min(keys.size(), i + SPANS_AT_ONCE));
      for (int attempt = 1; !pending.isEmpty(); attempt++) {
        if (attempt > ATTEMPTS) {
          throw new StorageException(
              FailureKind.TRANSIENT,
              "Other writers changed the spans "
                  + pending
                  + " again and again while they were to be updated. Try again.",
              pending,
              null);
        }
        if (attempt > 1) {
          TimeUnit.MICROSECONDS.sleep(ThreadLocalRandom.current().nextInt(500 * attempt));
        }
        pending = attempt(pending, byKey, outcome);
      }
    }
    outcome.refusals.throwIfAny();
    return outcome;
  }

  /** Tries once; returns the spans that somebody else changed meanwhile. */
  private List<SpanKey> attempt(
      List<SpanKey> keys, Map<SpanKey, List<SpanUpdate>> updates, Outcome outcome) {
    Map<SpanKey, Span> rows = new HashMap<>();
    Map<SpanKey, Bson> asRead = new HashMap<>();
    SpanKeys.forEachRow(
        connection.primary(),
        table,
        keys,
        Projections.exclude(SpanCodec.DERIVED),
        row -> {
          Span stored = row.span();
          rows.put(stored.key(), stored);
          asRead.put(stored.key(), SpanKeys.unchanged(stored.key(), row.version()));
        });
    List<Span> changed = new ArrayList<>();
    for (SpanKey key : keys) {
      Span before = rows.get(key);
      if (before == null) {
        outcome.missing.add(key);
        continue;
      }
      Span after = before;
      for (SpanUpdate update : updates.get(key)) {
        after = update.applyTo(after).orElse(after);
      }
      String problem = DocumentSize.problem(after);
      if (after == before) {
        outcome.unchanged++;
      } else if (problem != null) {
        outcome.refusals.add(
            key, "The span " + problem, new BsonMaximumSizeExceededException(problem));
      } else {
        changed.add(after);
      }
    }
    long replaced = writer.replace(changed, span -> asRead.get(span.key()), outcome.refusals);
    changed.removeIf(span -> outcome.refusals.has(span.key()));
    List<SpanKey> overtaken = replaced == changed.size() ? List.of() : overtaken(changed);
    outcome.replaced += changed.size() - overtaken.size();
    return overtaken;
  }

  /** The server says how many documents it replaced, but not which. */
  private List<SpanKey> overtaken(List<Span> changed) {
    Map<SpanKey, SpanVersion> now = new HashMap<>();
    SpanKeys.forEachRow(
        connection.primary(),
        table,
        changed.stream().map(Span::key).toList(),
        SpanKeys.VERSION_ONLY,
        row -> now.put(SpanKeys.key(row), SpanKeys.version(row)));
    return changed.stream()
        .filter(span -> !span.version().equals(now.get(span.key())))
        .map(Span::key)
        .toList();
  }
}
