package dev.tracekeep.conformance;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.WriteResult;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Stores that merge or keep spans wrongly. */
final class WriteMutants {
  private WriteMutants() {}

  /** Which of two descriptions stands. */
  private interface Merge {
    Span of(Span old, Span given);
  }

  private static Mutant merging(String fault, Merge merge) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              Span merged(@Nullable Span old, Span given) {
                return old == null ? given : merge.of(old, given);
              }
            });
  }

  private static Mutant ordering(String fault, Comparator<Span> order) {
    return merging(fault, (old, given) -> order.compare(given, old) > 0 ? given : old);
  }

  private static Mutant keeping(String fault, UnaryOperator<Span> change) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              public WriteResult batchCreateSpans(List<Span> spans) {
                return super.batchCreateSpans(
                    spans.stream().map(s -> s.isLight() ? s : change.apply(s)).toList());
              }
            });
  }

  /** Whether two descriptions are of two spans. */
  private interface Notice {
    boolean of(Span there, Span given);
  }

  private static Mutant noticing(String fault, Notice notice) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              boolean startsDiffer(Span there, Span given) {
                return notice.of(there, given);
              }
            });
  }

  private static boolean otherStart(Span there, Span given) {
    return !there.times().startedAt().equals(given.times().startedAt());
  }

  /** What an update does. */
  private interface Apply {
    Optional<Span> of(Span row, SpanUpdate update);
  }

  private static Mutant updating(String fault, Apply apply) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              Optional<Span> updated(Span row, SpanUpdate update) {
                return apply.of(row, update);
              }
            });
  }

  private static final Comparator<Instant> EARLY = Comparator.nullsFirst(Comparator.naturalOrder());
  private static final Comparator<Span> COMPLETED =
      Comparator.comparing(span -> span.times().endedAt() != null);
  private static final Comparator<Span> UPDATED =
      Comparator.comparing(span -> span.times().updatedAt(), EARLY);
  private static final Comparator<Span> CREATED =
      Comparator.comparing(span -> span.times().createdAt(), EARLY);

  /** All that the rule looks at behind the times, as the hexadecimal digits of a version. */
  private static final Comparator<Span> DIGEST = part(34, 58);

  private static final Comparator<Span> COLUMNS = part(34, 36);
  private static final Comparator<Span> BYTES = part(36, 42);
  private static final Comparator<Span> HASH = part(42, 58);

  private static Comparator<Span> part(int from, int to) {
    return Comparator.comparing(span -> span.version().toHex().substring(from, to));
  }

  static List<Mutant> all() {
    List<Mutant> mutants = new ArrayList<>();
    mutants.add(merging("the last write wins", (old, given) -> given));
    mutants.add(
        Mutant.of(
            "lets a light span fail its batch",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public WriteResult batchCreateSpans(List<Span> spans) {
                    WriteResult result = super.batchCreateSpans(spans);
                    return spans.stream().anyMatch(Span::isLight) ? result.orThrow() : result;
                  }
                }));
    mutants.add(
        Mutant.of(
            "takes an interrupted thread for a busy one",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  void requireNotInterrupted() {
                    if (Thread.currentThread().isInterrupted()) {
                      throw new StorageException(
                          FailureKind.TRANSIENT, "The thread was interrupted. Try again.", null);
                    }
                  }
                }));
    mutants.add(
        Mutant.of(
            "answers an interrupted thread",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  void requireNotInterrupted() {
                    // goes on
                  }
                }));
    mutants.add(
        Mutant.of(
            "takes the flag of an interrupted thread away",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Optional<Span> getSpan(SpanKey key) {
                    try {
                      return super.getSpan(key);
                    } finally {
                      Thread.interrupted();
                    }
                  }
                }));
    mutants.add(
        Mutant.of(
            "does not say what is null",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Optional<Span> getSpan(SpanKey key) {
                    if (key == null) {
                      throw new NullPointerException();
                    }
                    return super.getSpan(key);
                  }
                }));
    mutants.add(merging("the first write wins", (old, given) -> old));
    mutants.add(
        ordering(
            "drops the tie-break: of equal times the first write stays",
            COMPLETED.thenComparing(UPDATED).thenComparing(CREATED)));
    mutants.add(
        ordering(
            "does not prefer completed spans",
            UPDATED.thenComparing(CREATED).thenComparing(DIGEST)));
    mutants.add(
        ordering("ignores updatedAt", COMPLETED.thenComparing(CREATED).thenComparing(DIGEST)));
    mutants.add(
        ordering("ignores createdAt", COMPLETED.thenComparing(UPDATED).thenComparing(DIGEST)));
    mutants.add(
        ordering(
            "takes an absent updatedAt for the latest",
            COMPLETED
                .thenComparing(
                    span -> span.times().updatedAt(),
                    Comparator.nullsLast(Comparator.naturalOrder()))
                .thenComparing(CREATED)
                .thenComparing(DIGEST)));
    mutants.add(
        ordering(
            "compares times to the millisecond",
            COMPLETED
                .thenComparing(span -> millis(span.times().updatedAt()), EARLY)
                .thenComparing(span -> millis(span.times().createdAt()), EARLY)
                .thenComparing(DIGEST)));
    Comparator<Span> times = COMPLETED.thenComparing(UPDATED).thenComparing(CREATED);
    mutants.add(ordering("of equal times the hash decides", times.thenComparing(HASH)));
    mutants.add(
        ordering(
            "of equal times the more text decides, before the more columns",
            times.thenComparing(BYTES).thenComparing(DIGEST)));
    mutants.add(
        ordering(
            "of equal times and columns the hash decides, before the more text",
            times.thenComparing(COLUMNS).thenComparing(HASH)));
    mutants.add(
        merging(
            "takes two spellings of JSON for one, so that the first one stays",
            (old, given) ->
                sameMeaning(old, given) || TheRule.compare(given, old) <= 0 ? old : given));
    mutants.add(
        merging(
            "mixes the tags of the loser into the winner",
            (old, given) -> {
              Span best = TheRule.better(old, given);
              return best.tags().isEmpty() ? Spans.with(best, SpanColumn.TAGS, old.tags()) : best;
            }));

    mutants.add(
        updating(
            "an outdated update overrides",
            (row, update) -> {
              Span span = row;
              for (SpanColumn column : update.columns()) {
                span = Spans.with(span, column, update.value(column));
              }
              return Optional.of(span);
            }));
    mutants.add(
        updating(
            "an outdated update fills nothing",
            (row, update) -> {
              Instant now = row.times().updatedAt();
              return now != null && now.isAfter(update.updatedAt())
                  ? Optional.empty()
                  : update.applyTo(row);
            }));
    mutants.add(
        Mutant.of(
            "a row that is written again keeps its old version",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  SpanVersion versionOf(@Nullable Span old, Span now) {
                    return (old == null ? now : old).version();
                  }
                }));
    mutants.add(
        Mutant.of(
            "opens a table whose versions another release wrote",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  void requireFormat(@Nullable ReferenceTable table) {}
                }));
    mutants.add(
        Mutant.of(
            "does not read the number of a table's format",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  boolean isOfAnotherFormat(OptionalInt number) {
                    return false;
                  }
                }));
    mutants.add(
        Mutant.of(
            "takes a table without a number for one of another format",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  boolean isOfAnotherFormat(OptionalInt number) {
                    return number.isEmpty();
                  }

                  @Override
                  void requireFormat(@Nullable ReferenceTable table) {
                    if (table != null && table.unique) {
                      super.requireFormat(table);
                    }
                  }
                }));
    mutants.add(
        Mutant.of(
            "does not write the number of a table's format where it is missing",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  void keepFormat(ReferenceTable table) {
                    if (table.rows.isEmpty()) {
                      super.keepFormat(table);
                    }
                  }
                }));
    mutants.add(noticing("does not see another start under one id", (there, given) -> false));
    mutants.add(
        noticing(
            "sees another start only where the span wins",
            (there, given) -> otherStart(there, given) && TheRule.compare(given, there) > 0));
    mutants.add(
        noticing(
            "compares starts to the millisecond",
            (there, given) ->
                !there
                    .times()
                    .startedAt()
                    .truncatedTo(ChronoUnit.MILLIS)
                    .equals(given.times().startedAt().truncatedTo(ChronoUnit.MILLIS))));
    mutants.add(
        Mutant.of("takes a start that an update moves for a conflict", UpdatesConflict::new));
    mutants.add(updating("updates are accepted and dropped", (row, update) -> Optional.empty()));
    mutants.add(Mutant.of("updates of missing spans are dropped in silence", SilentUpdates::new));
    mutants.add(Mutant.of("an update of a missing span makes one", CreatingUpdates::new));
    mutants.add(Mutant.of("updates are applied in the order of the batch", UnsortedUpdates::new));

    mutants.add(keeping("loses nanoseconds", span -> truncated(span, ChronoUnit.MICROS)));
    mutants.add(keeping("loses microseconds", span -> truncated(span, ChronoUnit.MILLIS)));
    mutants.add(
        keeping(
            "truncates text at U+0000",
            span -> {
              int end = span.name().indexOf('\uFFFD');
              return end < 0 ? span : span.toBuilder().name(span.name().substring(0, end)).build();
            }));
    mutants.add(
        keeping(
            "sorts tags",
            span -> span.toBuilder().tags(span.tags().stream().sorted().toList()).build()));
    mutants.add(
        keeping(
            "keeps each tag once",
            span -> span.toBuilder().tags(span.tags().stream().distinct().toList()).build()));
    mutants.add(input("reads JSON null as absent", json -> json.equals(Json.NULL) ? null : json));
    mutants.add(
        input(
            "reads empty JSON as absent",
            json -> List.of("\"\"", "{}", "[]").contains(json.text()) ? null : json));
    mutants.add(
        input(
            "reads numbers as doubles",
            json ->
                json.kind() == Json.Kind.NUMBER ? Json.of(Double.parseDouble(json.text())) : json));
    mutants.add(
        input(
            "reads numbers in strings as numbers",
            json -> json.text().equals("\"1\"") ? Json.of(1) : json));
    mutants.add(
        keeping(
            "trims ids",
            span -> Spans.with(span, SpanColumn.TRACE_ID, span.key().traceId().strip())));
    mutants.add(
        keeping(
            "does not keep the experiment id",
            span -> Spans.with(span, SpanColumn.EXPERIMENT_ID, null)));
    mutants.add(
        keeping(
            "takes times before 1970 for 1970",
            span ->
                span.times().startedAt().isBefore(Instant.EPOCH)
                    ? span.toBuilder().startedAt(Instant.EPOCH).build()
                    : span));
    mutants.add(Mutant.of("of a key twice in a batch the first counts", FirstOfBatch::new));
    mutants.add(Mutant.of("drops what is too large in silence", SilentRejection::new));
    mutants.add(Mutant.of("one span that is too large fails its batch", WholeBatchRejected::new));
    mutants.add(Mutant.of("acknowledges before it writes", EarlyAcknowledgement::new));
    mutants.add(Mutant.of("counts a replay as created rows", WrongCounts::new));
    return mutants;
  }

  private static boolean sameMeaning(Span a, Span b) {
    return SpanColumn.all().stream()
        .allMatch(
            column -> {
              Object left = column.read(a);
              Object right = column.read(b);
              return left instanceof Json json && right instanceof Json other
                  ? json.sameValue(other)
                  : Objects.equals(left, right);
            });
  }

  private static @Nullable Instant millis(@Nullable Instant time) {
    return time == null ? null : time.truncatedTo(ChronoUnit.MILLIS);
  }

  private static Span truncated(Span span, ChronoUnit unit) {
    return span.toBuilder().startedAt(span.times().startedAt().truncatedTo(unit)).build();
  }

  private static Mutant input(String fault, Function<Json, @Nullable Json> change) {
    return keeping(
        fault,
        span -> {
          Json input = span.payload().input();
          return input == null ? span : Spans.with(span, SpanColumn.INPUT, change.apply(input));
        });
  }

  private static class SilentUpdates extends ReferenceStorage {
    SilentUpdates(ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities) {
      super(database, config, capabilities);
    }

    @Override
    public WriteResult batchUpdateSpans(List<SpanUpdate> updates) {
      WriteResult honest = super.batchUpdateSpans(updates);
      return new WriteResult(
          honest.processed() + honest.missing().size(),
          honest.duplicates(),
          honest.counts(),
          List.of(),
          List.of());
    }
  }

  private static final class UpdatesConflict extends ReferenceStorage {
    UpdatesConflict(
        ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities) {
      super(database, config, capabilities);
    }

    @Override
    public WriteResult batchUpdateSpans(List<SpanUpdate> updates) {
      WriteResult honest = super.batchUpdateSpans(updates);
      List<SpanKey> moved =
          updates.stream()
              .filter(update -> update.columns().contains(SpanColumn.STARTED_AT))
              .map(SpanUpdate::key)
              .toList();
      return new WriteResult(
          honest.processed(),
          honest.duplicates(),
          honest.counts(),
          honest.missing(),
          honest.rejected(),
          new WriteResult.ConflictingStarts(moved.size(), moved));
    }
  }

  private static final class CreatingUpdates extends ReferenceStorage {
    CreatingUpdates(
        ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities) {
      super(database, config, capabilities);
    }

    @Override
    public WriteResult batchUpdateSpans(List<SpanUpdate> updates) {
      WriteResult honest = super.batchUpdateSpans(updates);
      for (SpanKey key : honest.missing()) {
        createSpan(Span.builder(key).name("").startedAt(Instant.EPOCH).build());
      }
      return honest;
    }
  }

  private static final class UnsortedUpdates extends ReferenceStorage {
    UnsortedUpdates(
        ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities) {
      super(database, config, capabilities);
    }

    @Override
    public WriteResult batchUpdateSpans(List<SpanUpdate> updates) {
      WriteResult last = WriteResult.EMPTY;
      for (SpanUpdate update : updates) {
        last = super.batchUpdateSpans(List.of(update));
      }
      return last;
    }
  }

  private static final class FirstOfBatch extends ReferenceStorage {
    FirstOfBatch(ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities) {
      super(database, config, capabilities);
    }

    @Override
    public WriteResult batchCreateSpans(List<Span> spans) {
      List<Span> first = new ArrayList<>();
      for (Span span : spans) {
        if (first.stream().noneMatch(known -> known.key().equals(span.key()))) {
          first.add(span);
        }
      }
      WriteResult result = super.batchCreateSpans(first);
      return new WriteResult(
          result.processed(),
          spans.size() - first.size(),
          result.counts(),
          List.of(),
          result.rejected());
    }
  }

  private static final class SilentRejection extends ReferenceStorage {
    SilentRejection(
        ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities) {
      super(database, config, capabilities);
    }

    @Override
    public WriteResult batchCreateSpans(List<Span> spans) {
      WriteResult honest = super.batchCreateSpans(spans);
      return new WriteResult(
          honest.processed() + honest.rejected().size(),
          honest.duplicates(),
          honest.counts(),
          List.of(),
          List.of());
    }
  }

  private static final class WholeBatchRejected extends ReferenceStorage {
    WholeBatchRejected(
        ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities) {
      super(database, config, capabilities);
    }

    @Override
    public WriteResult batchCreateSpans(List<Span> spans) {
      for (Span span : spans) {
        if (span.name().length() > 2000) {
          return new WriteResult(
              0, 0, null, List.of(), List.of(new WriteResult.Rejection(span.key(), "too large")));
        }
      }
      return super.batchCreateSpans(spans);
    }
  }

  /** Holds a batch back until the same store is read or written again. */
  private static final class EarlyAcknowledgement extends ReferenceStorage {
    private List<Span> held = List.of();

    EarlyAcknowledgement(
        ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities) {
      super(database, config, capabilities);
    }

    @Override
    public synchronized WriteResult batchCreateSpans(List<Span> spans) {
      flush();
      try (ObservabilityStorage rehearsal =
          new ReferenceStorage(
              new ReferenceDatabase(config.table(), true), config, capabilities())) {
        rehearsal.init();
        WriteResult promised = rehearsal.batchCreateSpans(spans);
        held = spans.stream().filter(span -> span.name().length() < 2000).toList();
        return promised;
      }
    }

    private synchronized void flush() {
      List<Span> now = held;
      held = List.of();
      super.batchCreateSpans(now);
    }

    @Override
    public Optional<Span> getSpan(SpanKey key) {
      flush();
      return super.getSpan(key);
    }
  }

  private static final class WrongCounts extends ReferenceStorage {
    WrongCounts(ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities) {
      super(database, config, capabilities);
    }

    @Override
    public WriteResult batchCreateSpans(List<Span> spans) {
      WriteResult honest = super.batchCreateSpans(spans);
      return new WriteResult(
          honest.processed(),
          honest.duplicates(),
          new WriteResult.Counts(honest.processed(), 0, 0),
          List.of(),
          honest.rejected());
    }
  }
}
