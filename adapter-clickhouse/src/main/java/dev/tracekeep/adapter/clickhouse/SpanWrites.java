package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.PruneReport;
import dev.tracekeep.storage.PruneRequest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/** Everything that is written to the span table. */
final class SpanWrites {
  /** One insert is one block in the server's memory, and becomes one part. */
  private static final long BYTES_PER_INSERT = 64L << 20;

  /** Keys whose rows are read, payloads included, in one statement. */
  private static final int KEYS_PER_READ = 1000;

  /** A delete keeps its list of traces until it is done, where Keeper takes 1 MiB at most. */
  private static final int TRACES_PER_DELETE = 2000;

  private final ClickHouseClient client;
  private final String table;
  private final SpanReads reads;
  private final Function<String, String> deletion;

  /**
   * An update reads a row and writes a newer one. Within this store no other update comes in
   * between; nothing keeps another process from it.
   */
  private final Lock updating = new ReentrantLock();

  /**
   * @param deletion makes the statement that deletes the rows that meet a condition
   */
  SpanWrites(
      ClickHouseClient client, String table, SpanReads reads, Function<String, String> deletion) {
    this.client = client;
    this.table = table;
    this.reads = reads;
    this.deletion = deletion;
  }

  /** What became of updates. */
  record Updated(long changed, List<SpanKey> missing) {}

  /** Inserts rows; which of a key counts, their versions say. */
  void insert(List<Span> batch) throws Exception {
    int from = 0;
    while (from < batch.size()) {
      from = insert(batch, from);
    }
  }

  /** Inserts as many rows as one insert should have; returns where the next one starts. */
  private int insert(List<Span> batch, int from) throws Exception {
    int[] next = new int[1];
    client.insert(
        table,
        SpanRows.NAMES,
        out -> {
          // Starts over if the client sends it a second time.
          next[0] = from;
          while (next[0] < batch.size() && out.size() < BYTES_PER_INSERT) {
            SpanRows.write(batch.get(next[0]++), out);
          }
        });
    return next[0];
  }

  /** Applies updates, each list in order. */
  Updated update(Map<SpanKey, List<SpanUpdate>> updates) throws Exception {
    long changed = 0;
    List<SpanKey> missing = new ArrayList<>();
    updating.lock();
    try {
      for (Map.Entry<String, List<SpanKey>> tenant : byTenant(updates.keySet()).entrySet()) {
        for (List<SpanKey> keys : chunks(tenant.getValue(), KEYS_PER_READ)) {
          Map<SpanKey, Span> rows = reads.stored(tenant.getKey(), keys);
          List<Span> newer = new ArrayList<>();
          for (SpanKey key : keys) {
            Span before = rows.get(key);
            if (before == null) {
              missing.add(key);
              continue;
            }
            Span after = before;
            for (SpanUpdate update : updates.getOrDefault(key, List.of())) {
              after = update.applyTo(after).orElse(after);
            }
            if (after != before) {
              newer.add(after);
            }
          }
          insert(newer);
          changed += newer.size();
        }
      }
    } finally {
      updating.unlock();
    }
    return new Updated(changed, missing);
  }

  private static SortedMap<String, List<SpanKey>> byTenant(Collection<SpanKey> keys) {
    SortedMap<String, List<SpanKey>> byTenant = new TreeMap<>();
    keys.forEach(
        key -> byTenant.computeIfAbsent(key.tenantId(), any -> new ArrayList<>()).add(key));
    return byTenant;
  }

  /** Deletes whole traces; returns how many there were. */
  int delete(List<TraceKey> traces) throws Exception {
    SortedMap<String, List<String>> byTenant = new TreeMap<>();
    traces.forEach(
        trace ->
            byTenant
                .computeIfAbsent(trace.tenantId(), any -> new ArrayList<>())
                .add(trace.traceId()));
    int deleted = 0;
    for (Map.Entry<String, List<String>> tenant : byTenant.entrySet()) {
      for (List<String> ids : chunks(tenant.getValue(), TRACES_PER_DELETE)) {
        long there = reads.countTraces(tenant.getKey(), ids);
        if (there > 0) {
          delete(tenant.getKey(), ids);
          deleted += (int) there;
        }
      }
    }
    return deleted;
  }

  /**
   * By key alone: a condition on anything else would spare an older row of a span, which would come
   * back to light.
   */
  private void delete(String tenantId, List<String> traceIds) throws Exception {
    client.execute(deletion.apply(NewestRows.inTraces(tenantId, traceIds)));
  }

  /** Deletes old traces. */
  PruneReport prune(PruneRequest request) throws Exception {
    long traces = 0;
    long spans = 0;
    while (traces < request.maxTraces()) {
      int limit = (int) Math.min(TRACES_PER_DELETE, request.maxTraces() - traces);
      List<SpanReads.OldTrace> old = reads.oldTraces(request, limit);
      if (!old.isEmpty()) {
        delete(request.tenantId(), old.stream().map(trace -> trace.key().traceId()).toList());
      }
      traces += old.size();
      spans += old.stream().mapToLong(SpanReads.OldTrace::spans).sum();
      if (old.size() < limit) {
        return new PruneReport(traces, spans, true);
      }
    }
    return new PruneReport(traces, spans, reads.oldTraces(request, 1).isEmpty());
  }

  private static <T> List<List<T>> chunks(List<T> all, int size) {
    List<List<T>> chunks = new ArrayList<>();
    for (int i = 0; i < all.size(); i += size) {
      chunks.add(all.subList(i, Math.min(all.size(), i + size)));
    }
    return chunks;
  }
}
