package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoBulkWriteException;
import com.mongodb.bulk.BulkWriteError;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.BulkWriteOptions;
import com.mongodb.client.model.InsertManyOptions;
import com.mongodb.client.model.ReplaceOneModel;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.WriteResult;
import dev.tracekeep.storage.spi.OptimisticBulkPolicy;
import dev.tracekeep.storage.spi.WriteOutcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.bson.BsonDocument;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;

/**
 * Writes spans without a transaction: each statement is right by itself, whoever writes beside it.
 *
 * <p>A new span is inserted, and the unique index says if it was not new. What was there is
 * replaced only where its version is lower, by the filter of the replacement itself. That needs no
 * upsert, which would fail alike for an outdated span and for one that lost a race to an older one.
 */
final class SpanWriter {
  /** Documents in one command; the driver cuts it where a message would grow too long. */
  private static final int SPANS_PER_COMMAND = 10_000;

  private final MongoConnection connection;
  private final String table;
  private final OptimisticBulkPolicy bulkPolicy = new OptimisticBulkPolicy();

  SpanWriter(MongoConnection connection, String table) {
    this.connection = connection;
    this.table = table;
  }

  private MongoCollection<Span> spans() {
    return connection.primary().getCollection(table, Span.class);
  }

  /** Stores each span if its key is new or its version greater. */
  WriteOutcome write(List<Span> batch) {
    WriteOutcome outcome = WriteOutcome.NONE;
    Refusals refusals = new Refusals();
    for (int i = 0; i < batch.size(); i += SPANS_PER_COMMAND) {
      List<Span> chunk = batch.subList(i, Math.min(batch.size(), i + SPANS_PER_COMMAND));
      outcome = outcome.plus(writeChunk(chunk, refusals));
    }
    refusals.throwIfAny();
    return outcome;
  }

  private WriteOutcome writeChunk(List<Span> chunk, Refusals refusals) {
    if (bulkPolicy.shouldTryDirect()) {
      // If the insert fails, the batch is sent again, and then any of it may be there.
      List<Span> existing = chunk;
      try {
        existing = insert(chunk, refusals);
      } finally {
        if (!existing.isEmpty()) {
          bulkPolicy.directConflicted();
        }
      }
      Map<SpanKey, SpanKeys.Stored> stored = stored(existing);
      // One that cannot be read yet is there all the same, so its replacement asks for the version.
      List<Span> better =
          existing.stream().filter(span -> isBetter(span, stored.get(span.key()))).toList();
      return outcome(
          chunk.size(),
          existing.size(),
          replaceOlder(better, refusals),
          conflicting(chunk, stored));
    }
    // Replays, most likely: of what is there as good or better, no payload is sent.
    Map<SpanKey, SpanKeys.Stored> stored = stored(chunk);
    List<Span> absent = new ArrayList<>();
    List<Span> better = new ArrayList<>();
    for (Span span : chunk) {
      SpanKeys.Stored row = stored.get(span.key());
      if (row == null) {
        absent.add(span);
      } else if (isBetter(span, row)) {
        better.add(span);
      }
    }
    long replaced = replaceOlder(better, refusals);
    List<Span> overtaken = insert(absent, refusals);
    replaced += replaceOlder(overtaken, refusals);
    int existing = chunk.size() - absent.size() + overtaken.size();
    bulkPolicy.merged(existing);
    return outcome(chunk.size(), existing, replaced, conflicting(chunk, stored));
  }

  private Map<SpanKey, SpanKeys.Stored> stored(List<Span> spans) {
    return SpanKeys.stored(connection, table, spans.stream().map(Span::key).toList());
  }

  private static boolean isBetter(Span span, SpanKeys.@Nullable Stored row) {
    return row == null || span.version().compareTo(row.version()) > 0;
  }

  private static List<SpanKey> conflicting(List<Span> spans, Map<SpanKey, SpanKeys.Stored> stored) {
    List<SpanKey> conflicting = new ArrayList<>();
    for (Span span : spans) {
      SpanKeys.Stored row = stored.get(span.key());
      if (row != null
          && row.startedAt() != null
          && !row.startedAt().equals(span.times().startedAt())) {
        conflicting.add(span.key());
      }
    }
    return conflicting;
  }

  private static WriteOutcome outcome(
      int all, int existing, long replaced, List<SpanKey> conflicting) {
    return new WriteOutcome(
        new WriteResult.Counts(all - existing, replaced, existing - replaced), conflicting);
  }

  /** Inserts spans; returns those whose key was there already. */
  private List<Span> insert(List<Span> absent, Refusals refusals) {
    List<Span> existing = new ArrayList<>();
    if (absent.isEmpty()) {
      return existing;
    }
    try {
      spans().insertMany(absent, new InsertManyOptions().ordered(false));
    } catch (MongoBulkWriteException e) {
      // Which documents failed is right on every server; how many were inserted is not.
      for (BulkWriteError error : e.getWriteErrors()) {
        Span span = absent.get(error.getIndex());
        if (isKeyConflict(span.key(), error)) {
          existing.add(span);
        } else {
          refusals.add(span.key(), error, e);
        }
      }
      throwIfNotSettled(e);
    }
    return existing;
  }

  /** Replaces documents whose version is lower; returns how many. */
  private long replaceOlder(List<Span> better, Refusals refusals) {
    return replace(better, span -> SpanKeys.olderThan(span.key(), span.version()), refusals);
  }

  /** Replaces those documents that pass their filters; returns how many. */
  long replace(List<Span> spans, Function<Span, Bson> filter, Refusals refusals) {
    if (spans.isEmpty()) {
      return 0;
    }
    List<ReplaceOneModel<Span>> replacements =
        spans.stream().map(span -> new ReplaceOneModel<>(filter.apply(span), span)).toList();
    try {
      return spans()
          .bulkWrite(replacements, new BulkWriteOptions().ordered(false))
          .getMatchedCount();
    } catch (MongoBulkWriteException e) {
      e.getWriteErrors()
          .forEach(error -> refusals.add(spans.get(error.getIndex()).key(), error, e));
      throwIfNotSettled(e);
      return e.getWriteResult().getMatchedCount();
    }
  }

  /** What was written, but is not on enough servers yet, is no success. */
  private static void throwIfNotSettled(MongoBulkWriteException failure) {
    if (failure.getWriteConcernError() != null) {
      throw failure;
    }
  }

  /** Whether the document's key was there, and not a value of some other unique index. */
  private boolean isKeyConflict(SpanKey key, BulkWriteError error) {
    if (!MongoFailures.isDuplicateKey(error)) {
      return false;
    }
    return MongoFailures.indexOf(error.getMessage())
        .map(
            index ->
                index.equals(SpanIndexes.keyName(table))
                    || SpanIndexes.enforcing(
                            connection.primary().getCollection(table, BsonDocument.class),
                            SpanIndexes.KEY)
                        .contains(index))
        // A span that another index refused must not pass for stored.
        .orElseGet(() -> spans().countDocuments(SpanKeys.of(key)) > 0);
  }

  /** The spans that the server refused for what they are, while it took the others. */
  static final class Refusals {
    private final List<SpanKey> keys = new ArrayList<>();
    private String reason = "";
    private Exception cause = new IllegalStateException("no refusal");

    /** Remembers a refusal; throws what is no span's own fault, since that can be tried again. */
    private void add(SpanKey key, BulkWriteError error, MongoBulkWriteException failure) {
      if (MongoFailures.kindOf(error.getCode()) != FailureKind.INVALID) {
        throw failure;
      }
      add(key, error.getMessage(), failure);
    }

    void add(SpanKey key, String why, Exception failure) {
      keys.add(key);
      reason = why;
      cause = failure;
    }

    boolean has(SpanKey key) {
      return keys.contains(key);
    }

    void throwIfAny() {
      if (!keys.isEmpty()) {
        throw new StorageException(
            FailureKind.INVALID,
            keys.size()
                + " spans were refused by the server; the others are stored: "
                + keys.stream().limit(10).map(SpanKey::toString).collect(Collectors.joining(", "))
                + (keys.size() > 10 ? ", …" : "")
                + ": "
                + reason,
            keys,
            cause);
      }
    }
  }
}
