package dev.tracekeep.conformance;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.MigrationPolicy;
import dev.tracekeep.storage.MigrationRequiredException;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.PruneReport;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.storage.WriteResult;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The oracle: a store in plain maps, written from the contract of {@link ObservabilityStorage}
 * alone. It shares no code with the adapters, not even the template that they extend, so that a
 * fault of that template shows. It is slow and simple on purpose. Thread-safe.
 */
public class ReferenceStorage extends ReferenceReads {
  /** All that is only read. */
  static final Set<Capability> READS =
      Set.of(
          Capability.SPAN_FILTERS,
          Capability.SPAN_LISTS,
          Capability.VALUE_LISTS,
          Capability.BULK_READS,
          Capability.COUNTS,
          Capability.TRACE_STATISTICS,
          Capability.AGGREGATES,
          Capability.SERVICE_LINKS,
          Capability.SPAN_SCANS);

  ReferenceStorage(ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities) {
    super(database, config, capabilities);
    database.clock = config.clock();
  }

  /** An empty store of its own, initialized. */
  public static ReferenceStorage create() {
    ReferenceStorage storage =
        new ReferenceStorage(
            new ReferenceDatabase(StorageConfig.DEFAULT_TABLE, true),
            StorageConfig.of("reference:"),
            allReads(Capability.EXACT_WRITE_COUNTS));
    storage.init();
    return storage;
  }

  private static Set<Capability> allReads(Capability more) {
    Set<Capability> all = new TreeSet<>(READS);
    all.add(more);
    return all;
  }

  // ---- the decisions, each in one place so that a broken variant can break one alone ----

  /** What stands in the table after a create; {@code old} itself if nothing changes. */
  Span merged(@Nullable Span old, Span given) {
    return old != null && TheRule.compare(given, old) <= 0 ? old : given;
  }

  /** What stands in the table after an update; empty if nothing changes. */
  Optional<Span> updated(Span row, SpanUpdate update) {
    return update.applyTo(row);
  }

  /** Whether a span cannot be the one whose row, or whose copy in the batch, is there. */
  boolean startsDiffer(Span there, Span given) {
    return !there.times().startedAt().equals(given.times().startedAt());
  }

  /** The version that a row gets. */
  SpanVersion versionOf(@Nullable Span old, Span now) {
    return now.version();
  }

  // ---- writes ----

  private static void requireNonNull(Collection<?> elements, String name) {
    Objects.requireNonNull(elements, name);
    int index = 0;
    for (Object element : elements) {
      Objects.requireNonNull(element, name + "[" + index++ + "]");
    }
  }

  @Override
  public WriteResult createSpan(Span span) {
    Objects.requireNonNull(span, "span");
    return batchCreateSpans(List.of(span)).orThrow();
  }

  @Override
  public WriteResult batchCreateSpans(List<Span> spans) {
    requireNonNull(spans, "spans");
    if (spans.isEmpty()) {
      return WriteResult.EMPTY;
    }
    synchronized (database) {
      requireWritable();
      List<WriteResult.Rejection> rejected = new ArrayList<>();
      Map<SpanKey, Span> best = new TreeMap<>();
      TreeSet<SpanKey> conflicting = new TreeSet<>();
      for (Span span : spans) {
        long size = size(column -> column.read(span));
        if (span.isLight()) {
          rejected.add(new WriteResult.Rejection(span.key(), "is light"));
        } else if (size > config.maxSpanBytes()) {
          rejected.add(tooLarge(span.key(), size));
        } else {
          Span other = best.get(span.key());
          if (other != null && startsDiffer(other, span)) {
            conflicting.add(span.key());
          }
          best.merge(span.key(), span, TheRule::better);
        }
      }
      WriteResult.Counts counts = WriteResult.Counts.NONE;
      for (Span span : best.values()) {
        List<ReferenceTable.Row> rows = table().rows.get(span.key());
        if (rows != null
            && abilities.contains(Capability.EXACT_WRITE_COUNTS)
            && startsDiffer(ReferenceTable.best(rows), span)) {
          conflicting.add(span.key());
        }
        counts = counts.plus(write(span));
      }
      return new WriteResult(
          best.size(),
          spans.size() - rejected.size() - best.size(),
          exact(counts),
          List.of(),
          rejected,
          new WriteResult.ConflictingStarts(
              conflicting.size(), conflicting.stream().limit(20).toList()));
    }
  }

  private WriteResult.Counts write(Span given) {
    ReferenceTable table = table();
    if (abilities.contains(Capability.DELETION_IS_REMEMBERED)
        && table.deleted.contains(given.key().trace())) {
      return new WriteResult.Counts(0, 0, 1);
    }
    List<ReferenceTable.Row> rows = table.rows.get(given.key());
    Span old = rows == null ? null : ReferenceTable.best(rows);
    Span now = merged(old, given);
    if (now.equals(old)) {
      return new WriteResult.Counts(0, 0, 1);
    }
    table.put(now, versionOf(old, now));
    return old == null ? new WriteResult.Counts(1, 0, 0) : new WriteResult.Counts(0, 1, 0);
  }

  private WriteResult.Rejection tooLarge(SpanKey key, long size) {
    return new WriteResult.Rejection(
        key, "has " + size + " bytes, more than the limit of " + config.maxSpanBytes());
  }

  private static long size(Function<SpanColumn, @Nullable Object> values) {
    long size = 0;
    for (SpanColumn column : SpanColumn.all()) {
      Object value = values.apply(column);
      if (value instanceof Json json) {
        size += json.text().getBytes(StandardCharsets.UTF_8).length;
      } else if (value instanceof String text) {
        size += text.getBytes(StandardCharsets.UTF_8).length;
      } else if (value instanceof List<?> list) {
        for (Object element : list) {
          size += ((String) element).getBytes(StandardCharsets.UTF_8).length;
        }
      }
    }
    return size;
  }

  @Override
  public WriteResult updateSpan(SpanUpdate update) {
    Objects.requireNonNull(update, "update");
    return batchUpdateSpans(List.of(update)).orThrow();
  }

  @Override
  public WriteResult batchUpdateSpans(List<SpanUpdate> updates) {
    requireNonNull(updates, "updates");
    if (updates.isEmpty()) {
      return WriteResult.EMPTY;
    }
    synchronized (database) {
      requireWritable();
      List<WriteResult.Rejection> rejected = new ArrayList<>();
      List<SpanUpdate> fitting = new ArrayList<>();
      for (SpanUpdate update : updates) {
        long size = size(update::value);
        if (size > config.maxSpanBytes()) {
          rejected.add(tooLarge(update.key(), size));
        } else {
          fitting.add(update);
        }
      }
      Map<SpanKey, List<SpanUpdate>> byKey = new LinkedHashMap<>();
      fitting.stream()
          .sorted(SpanUpdate.ORDER)
          .forEach(
              update -> byKey.computeIfAbsent(update.key(), k -> new ArrayList<>()).add(update));
      List<SpanKey> missing = new ArrayList<>();
      WriteResult.Counts counts = WriteResult.Counts.NONE;
      for (Map.Entry<SpanKey, List<SpanUpdate>> entry : byKey.entrySet()) {
        List<ReferenceTable.Row> rows = table().rows.get(entry.getKey());
        if (rows == null) {
          missing.add(entry.getKey());
          continue;
        }
        boolean changed = false;
        Span before = ReferenceTable.best(rows);
        Span row = before;
        for (SpanUpdate update : entry.getValue()) {
          Optional<Span> result = updated(row, update);
          changed |= result.isPresent();
          row = result.orElse(row);
        }
        if (changed) {
          table().put(row, versionOf(before, row));
        }
        counts = counts.plus(new WriteResult.Counts(0, changed ? 1 : 0, changed ? 0 : 1));
      }
      return new WriteResult(
          byKey.size() - missing.size(),
          fitting.size() - byKey.size(),
          exact(counts),
          missing,
          rejected);
    }
  }

  private WriteResult.@Nullable Counts exact(WriteResult.Counts counts) {
    return abilities.contains(Capability.EXACT_WRITE_COUNTS) ? counts : null;
  }

  @Override
  public int batchDeleteTraces(Collection<TraceKey> traces) {
    requireNonNull(traces, "traces");
    if (traces.isEmpty()) {
      return 0;
    }
    synchronized (database) {
      requireWritable();
      int found = 0;
      for (TraceKey trace : new TreeSet<>(traces)) {
        if (table().rows.keySet().removeIf(key -> key.trace().equals(trace))) {
          found++;
          table().deleted.add(trace);
        }
      }
      return found;
    }
  }

  @Override
  public PruneReport pruneTraces(PruneRequest request) {
    Objects.requireNonNull(request, "request");
    synchronized (database) {
      requireWritable();
      List<List<Span>> old =
          new ArrayList<>(
              traces(request.tenantId()).values().stream()
                  .filter(trace -> isOld(trace, request.before()))
                  .sorted(Comparator.comparing(ReferenceStorage::lastActivity))
                  .toList());
      List<List<Span>> now = old.subList(0, Math.min(old.size(), request.maxTraces()));
      Set<TraceKey> keys = new HashSet<>();
      now.forEach(trace -> keys.add(trace.get(0).key().trace()));
      batchDeleteTraces(keys);
      return new PruneReport(
          now.size(), now.stream().mapToLong(List::size).sum(), now.size() == old.size());
    }
  }

  @Override
  public void dangerouslyClearAll() {
    synchronized (database) {
      requireWritable();
      table().rows.clear();
      table().deleted.clear();
    }
  }

  // ---- life ----

  @Override
  public TracingStrategySupport tracingStrategy() {
    return TracingStrategySupport.allPreferring(TracingStrategy.BATCH_WITH_UPDATES);
  }

  @Override
  public Set<Capability> capabilities() {
    return abilities;
  }

  @Override
  public InitReport init() {
    synchronized (database) {
      requireNotClosed();
      ReferenceTable table = database.table(config.table());
      requireFormat(table);
      InitReport report;
      if (table == null) {
        database.create(config.table()).unique = true;
        report = new InitReport(InitReport.Outcome.CREATED, config.table(), null);
      } else if (table.unique && addColumns(table)) {
        report = new InitReport(InitReport.Outcome.OPENED, config.table(), null);
      } else {
        report = initLegacy();
      }
      if (report.outcome() != InitReport.Outcome.READ_ONLY) {
        keepFormat(database.create(config.table()));
      }
      state = report.outcome() == InitReport.Outcome.READ_ONLY ? State.READ_ONLY : State.WRITABLE;
      return report;
    }
  }

  /** Keeps the number of this store's format with the table. */
  void keepFormat(ReferenceTable table) {
    table.format = OptionalInt.of(2);
  }

  /**
   * Adds what a table of an older release lacks, as far as the policy lets it; whether all is
   * there.
   */
  boolean addColumns(ReferenceTable table) {
    if (config.migration() == MigrationPolicy.AUTO) {
      table.lacking.clear();
    }
    return table.lacking.isEmpty();
  }

  /** Refuses rows that were written by another rule. */
  void requireFormat(@Nullable ReferenceTable table) {
    if (table != null && !table.rows.isEmpty() && isOfAnotherFormat(table.format)) {
      throw new StorageException(
          FailureKind.CONFIGURATION,
          config.table()
              + " is of format "
              + table.format.getAsInt()
              + ", written by another release. Use another table.",
          null);
    }
    if (table != null && table.isOfAnotherFormat) {
      throw new StorageException(
          FailureKind.CONFIGURATION,
          "The versions in " + config.table() + " have another length. Use another table.",
          null);
    }
  }

  /** Whether that number is not ours; a table that has none may be. */
  boolean isOfAnotherFormat(OptionalInt number) {
    return number.isPresent() && number.getAsInt() != 2;
  }

  private InitReport initLegacy() {
    DedupeMigration migration = migration();
    if (config.migration() == MigrationPolicy.OFF) {
      return new InitReport(InitReport.Outcome.READ_ONLY, config.table(), null);
    }
    if (config.migration() == MigrationPolicy.CHECK) {
      throw new MigrationRequiredException(migration.plan());
    }
    return new InitReport(
        InitReport.Outcome.MIGRATED, config.table(), migration.apply(MigrationListener.NONE));
  }

  @Override
  public Health check() {
    synchronized (database) {
      if (state == State.CLOSED) {
        IllegalStateException closed = closed();
        return Health.down(closed.getMessage(), closed);
      }
      ReferenceTable table = database.table(config.table());
      try {
        requireFormat(table);
      } catch (StorageException e) {
        return Health.down(String.valueOf(e.getMessage()), e);
      }
      Health.SchemaState schema =
          table == null
              ? Health.SchemaState.ABSENT
              : table.unique && table.lacking.isEmpty()
                  ? Health.SchemaState.CURRENT
                  : Health.SchemaState.MIGRATION_REQUIRED;
      return Health.up("Reference 1", schema, "Plain maps in this process.");
    }
  }

  @Override
  public DedupeMigration migration() {
    return migration(SpanTable.named(config.table()));
  }

  @Override
  public DedupeMigration migration(SpanTable table) {
    Objects.requireNonNull(table, "table");
    synchronized (database) {
      requireNotClosed();
      return new ReferenceMigration(database, table.name());
    }
  }

  @Override
  public void close() {
    synchronized (database) {
      state = State.CLOSED;
    }
  }
}
