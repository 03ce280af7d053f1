package dev.tracekeep.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.document.DeadLetter;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.WriteResult;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One run of programs, their pipelines, their disks and a store on virtual time, all of whose
 * chance comes from one seed. First everything goes wrong that can; then store and disks are well,
 * dead processes are started again, and when nothing moves any more, what was promised is compared
 * with what is there.
 */
final class Simulation {
  private static final long MILLIS = 1_000_000L;
  private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");
  private static final int MAX_STEPS = 50_000;

  private final SplittableRandom random;
  private final TracingStrategy strategy;
  private final boolean ordered;
  private final boolean hasLog;
  private final PipelineOptions options;
  private final long linger;
  private final long segmentBytes;
  private final SimulatedStore store;
  private final double storeFailures;
  private final long troubleEnds;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          Comparator.comparingLong(Event::at)
              .thenComparingLong(Event::tie)
              .thenComparingLong(Event::number));
  private final Map<SpanKey, List<Sent>> sent = new LinkedHashMap<>();
  private final List<Program> programs = new ArrayList<>();
  private long now;
  private long eventNumber;
  private long storeDownUntil;
  private long wallOffset;
  private final Map<String, Integer> happened = new TreeMap<>();
  private boolean healed;
  private boolean flushedTooEarly;

  private record Event(long at, long tie, long number, Runnable action) {}

  /** One operation that a program reported. */
  private static final class Sent {
    private final DeadLetter.Operation kind;
    private final @Nullable Span span;
    private final @Nullable SpanUpdate update;
    private final int incarnation;
    private @Nullable Outcome outcome;

    private Sent(
        DeadLetter.Operation kind,
        @Nullable Span span,
        @Nullable SpanUpdate update,
        int incarnation) {
      this.kind = kind;
      this.span = span;
      this.update = update;
      this.incarnation = incarnation;
    }

    boolean isUndecided() {
      return outcome == null;
    }

    boolean isSafe() {
      return outcome == Outcome.WRITTEN || outcome == Outcome.DEAD_LETTERED;
    }

    String name() {
      return span == null ? "" : span.name();
    }
  }

  /**
   * Runs a seed to its end.
   *
   * @return how often each thing happened, by name
   * @throws AssertionError that names the seed, if a promise was broken
   */
  static Map<String, Integer> run(long seed) {
    try {
      Simulation simulation = new Simulation(seed);
      simulation.run();
      return simulation.happened;
    } catch (Throwable failure) {
      throw new AssertionError("Seed " + seed + ": " + failure.getMessage(), failure);
    }
  }

  private Simulation(long seed) {
    random = new SplittableRandom(seed);
    strategy = TracingStrategy.values()[random.nextInt(4)];
    ordered = SpanPipeline.sendsUpdates(strategy);
    hasLog = random.nextInt(8) != 0;
    linger = strategy == TracingStrategy.REALTIME ? 0 : random.nextInt(10) * MILLIS;
    segmentBytes = 300 + random.nextInt(5_000);
    options =
        PipelineOptions.builder()
            .buffer(
                4 + random.nextInt(40),
                random.nextBoolean() ? 1 << 20 : 2_000 + random.nextInt(9_000))
            .maxWait(Duration.ofMillis(random.nextInt(4) == 0 ? 0 : random.nextInt(200)))
            .batch(1 + random.nextInt(12), random.nextBoolean() ? 1 << 20 : 3_000)
            .linger(Duration.ofNanos(linger))
            .retryDelay(Duration.ofMillis(1 + random.nextInt(20)), Duration.ofMillis(200))
            .giveUpAfter(1 + random.nextInt(4), Duration.ofMillis(500))
            .probeAfter(Duration.ofMillis(20 + random.nextInt(200)), Duration.ofSeconds(2))
            .transformer(new SimulatedTransformer())
            .build();
    store =
        new SimulatedStore(
            SimulatedStore.PoisonStyle.values()[random.nextInt(3)], random.nextInt(4) != 0);
    storeFailures = random.nextInt(3) == 0 ? 0 : random.nextDouble() * 0.5;
    troubleEnds = (200 + random.nextInt(3_000)) * MILLIS;
    int count = !ordered && random.nextBoolean() ? 2 : 1;
    for (int i = 0; i < count; i++) {
      programs.add(new Program(i));
    }
  }

  // ---- the world -------------------------------------------------------------------------------

  private void happened(String what) {
    happened.merge(what, 1, Integer::sum);
  }

  private void at(long time, Runnable action) {
    events.add(new Event(Math.max(time, now), random.nextInt(), eventNumber++, action));
  }

  private void after(long delay, Runnable action) {
    at(now + delay, action);
  }

  private long upTo(long millis) {
    return random.nextLong(millis * MILLIS + 1);
  }

  private Instant wallClock() {
    return EPOCH.plusNanos(now + wallOffset);
  }

  private void run() {
    for (Program program : programs) {
      program.disk.failures = random.nextInt(3) == 0 ? random.nextDouble() * 0.2 : 0;
      program.disk.crashes = random.nextInt(3) == 0 ? random.nextDouble() * 0.05 : 0;
      after(0, program::start);
      at(upTo(troubleEnds / MILLIS), program::mayDie);
    }
    int outages = random.nextInt(3);
    for (int i = 0; i < outages; i++) {
      at(upTo(troubleEnds / MILLIS), () -> storeDownUntil = now + upTo(1_500));
      at(upTo(troubleEnds / MILLIS), this::fillADisk);
      at(upTo(troubleEnds / MILLIS), () -> wallOffset = upTo(20_000) - 10_000 * MILLIS);
    }
    at(troubleEnds, this::heal);
    int steps = 0;
    while (!events.isEmpty()) {
      assertThat(++steps).as("steps until nothing moves").isLessThan(MAX_STEPS);
      Event event = events.remove();
      now = event.at();
      event.action().run();
      programs.forEach(Program::checkCounts);
    }
    checkTheEnd();
    for (Program program : programs) {
      Tally.Snapshot counts = Objects.requireNonNull(program.driver).decided();
      happened.merge("letter replayed", (int) counts.replay().written(), Integer::sum);
      happened.merge("replayed letter refused", (int) counts.replay().deadLettered(), Integer::sum);
    }
  }

  private void fillADisk() {
    SimulatedDisk disk = programs.get(random.nextInt(programs.size())).disk;
    disk.full = true;
    after(upTo(1_000), () -> disk.full = false);
  }

  private void heal() {
    healed = true;
    storeDownUntil = 0;
    for (Program program : programs) {
      program.disk.failures = 0;
      program.disk.crashes = 0;
      program.disk.full = false;
      program.startIfDead();
    }
  }

  // ---- programs --------------------------------------------------------------------------------

  /** A process with its disk, which outlives it. */
  private final class Program {
    private final int number;
    private final SimulatedDisk disk = new SimulatedDisk(random.split());
    private final List<Sent> ofThisIncarnation = new ArrayList<>();
    private int incarnation;
    private boolean alive;
    private boolean closing;
    private long refusedAtTheDoor;
    private long wakeAt;
    private Intake intake = new Intake(1, 1);
    private @Nullable PipelineCore core;
    private @Nullable PipelineDriver driver;

    private Program(int number) {
      this.number = number;
    }

    private void startIfDead() {
      if (!alive) {
        start();
      }
    }

    private void start() {
      if (alive) {
        return;
      }
      incarnation++;
      int me = incarnation;
      ofThisIncarnation.clear();
      refusedAtTheDoor = 0;
      closing = false;
      wakeAt = Long.MAX_VALUE;
      intake = new Intake(options.maxSpans(), options.maxBytes());
      try {
        DeadLetterLog log = hasLog ? new DeadLetterLog(disk, segmentBytes, Long.MAX_VALUE) : null;
        PipelineCore fresh =
            new PipelineCore(
                options,
                PipelineListener.NONE,
                linger,
                ordered,
                hasLog,
                log != null && log.hasDeferred(),
                random.split());
        core = fresh;
        driver =
            new PipelineDriver(
                fresh,
                intake,
                log,
                chunk -> call(me, chunk),
                () -> now,
                Simulation.this::wallClock);
      } catch (IOException | SimulatedDisk.Crash e) {
        die();
        after(upTo(300), this::startIfDead);
        return;
      }
      alive = true;
      if (!healed) {
        int spans = 1 + random.nextInt(30);
        for (int i = 0; i < spans; i++) {
          reportASpan(i);
        }
      }
      step();
    }

    private void mayDie() {
      if (!alive) {
        return;
      }
      switch (random.nextInt(4)) {
        case 0 -> die();
        case 1 -> closeInOrder();
        default -> {
          return;
        }
      }
      after(upTo(300), this::startIfDead);
    }

    private void die() {
      happened("process killed");
      alive = false;
      disk.crash();
    }

    private void closeInOrder() {
      int me = incarnation;
      long timeout = upTo(2_000);
      closing = true;
      happened("process closed");
      event(machine -> machine.close(now + timeout / 4 * 3));
      after(
          timeout,
          () -> {
            if (alive && incarnation == me) {
              event(PipelineCore::abandon);
              if (alive) {
                assertThat(ofThisIncarnation).allMatch(each -> each.outcome != null);
                alive = false;
                // Not a crash, but nothing says that the machine stays on.
                disk.crash();
                after(upTo(100), this::startIfDead);
              }
            }
          });
    }

    private void event(java.util.function.Consumer<PipelineCore> event) {
      Objects.requireNonNull(driver).post(event);
      step();
    }

    private void step() {
      if (!alive) {
        return;
      }
      try {
        long until = Objects.requireNonNull(driver).run();
        wakeAt = until;
        if (until != Long.MAX_VALUE) {
          assertThat(until).as("the time to wake up").isGreaterThan(now);
          at(
              until,
              () -> {
                if (wakeAt == until) {
                  step();
                }
              });
        }
      } catch (SimulatedDisk.Crash e) {
        die();
        after(upTo(300), this::startIfDead);
      }
    }

    // ---- what it reports

    private void reportASpan(int index) {
      // Racing programs report the same spans, each as it sees them.
      SpanKey key =
          ordered
              ? SpanKey.of("t" + number, "s" + incarnation + "-" + index)
              : SpanKey.of("t", "s" + (index + incarnation * 7) % 40);
      int lot = random.nextInt(40);
      String name =
          switch (lot) {
            case 0 -> SimulatedStore.POISON;
            case 1 -> SimulatedTransformer.THROWS;
            case 2 -> SimulatedTransformer.DROPPED;
            default -> "n" + random.nextInt(3);
          };
      int me = incarnation;
      long startAt = now + upTo(troubleEnds / MILLIS / 2);
      Instant[] last = {Instant.EPOCH};
      Span[] begun = new Span[1];
      boolean ends = random.nextInt(4) != 0;
      List<Supplier<@Nullable Sent>> steps = new ArrayList<>();
      steps.add(
          () -> {
            Instant time = later(last);
            begun[0] =
                Span.builder(key)
                    .name(name)
                    .startedAt(time)
                    .createdAt(time)
                    .updatedAt(random.nextInt(5) == 0 ? null : time)
                    .tags(List.of("start"))
                    .payload(
                        Payload.builder()
                            .input(text(random.nextInt(200)))
                            .requestContext(Json.of("secret"))
                            .build())
                    .build();
            return strategy == TracingStrategy.INSERT_ONLY
                ? null
                : new Sent(DeadLetter.Operation.CREATE, begun[0], null, me);
          });
      if (ordered) {
        for (int i = random.nextInt(4); i > 0; i--) {
          steps.add(
              () -> {
                SpanUpdate.Builder update = SpanUpdate.builder(key, later(last));
                if (random.nextBoolean()) {
                  update.metadata(text(random.nextInt(50)));
                }
                if (random.nextBoolean()) {
                  update.attributes(text(random.nextInt(50)));
                }
                update.tags(List.of("u" + random.nextInt(9)));
                return new Sent(DeadLetter.Operation.UPDATE, null, update.build(), me);
              });
        }
      }
      if (ends) {
        steps.add(
            () -> {
              Instant time = later(last);
              Span span =
                  begun[0].toBuilder()
                      .endedAt(time)
                      .updatedAt(time)
                      .tags(List.of("end"))
                      .payload(
                          Payload.builder()
                              .input(begun[0].payload().input())
                              .requestContext(Json.of("secret"))
                              .output(text(random.nextInt(100)))
                              .build())
                      .build();
              return new Sent(
                  ordered ? DeadLetter.Operation.END : DeadLetter.Operation.CREATE, span, null, me);
            });
      }
      at(startAt, () -> reportFrom(me, steps, 0));
    }

    private void reportFrom(int me, List<Supplier<@Nullable Sent>> steps, int index) {
      report(me, steps.get(index));
      if (index + 1 < steps.size()) {
        after(random.nextInt(3) == 0 ? 0 : upTo(300), () -> reportFrom(me, steps, index + 1));
      }
    }

    /** Updates of one span carry rising times; between spans the clock may jump. */
    private Instant later(Instant[] last) {
      Instant time = wallClock();
      last[0] = !ordered || time.isAfter(last[0]) ? time : last[0].plusNanos(1);
      return last[0];
    }

    private void report(int me, Supplier<@Nullable Sent> step) {
      Sent each = step.get();
      if (!alive || closing || incarnation != me) {
        return;
      }
      if (each == null) {
        return; // the strategy sends no starts
      }
      SpanKey key = each.span != null ? each.span.key() : Objects.requireNonNull(each.update).key();
      sent.computeIfAbsent(key, unused -> new ArrayList<>()).add(each);
      ofThisIncarnation.add(each);
      handIn(each);
    }

    /** As a caller does that does not wait for room. */
    private void handIn(Sent each) {
      Settlement settlement = (operation, outcome) -> settled(each, outcome);
      Operation operation =
          switch (each.kind) {
            case CREATE -> Operation.create(Objects.requireNonNull(each.span), settlement);
            case UPDATE -> Operation.update(Objects.requireNonNull(each.update), settlement);
            case END -> Operation.end(Objects.requireNonNull(each.span), settlement);
          };
      if (intake.tryAdmit(operation.bytes()) > 0) {
        intake.push(operation);
        switch (random.nextInt(4)) {
          case 0 -> flush();
          case 1 -> step();
          // The pipeline's thread is not there at once, and finds several.
          default -> after(upTo(20), this::step);
        }
      } else {
        refusedAtTheDoor++;
        settled(each, Outcome.REFUSED);
        step();
      }
    }

    private void flush() {
      List<Sent> before = ofThisIncarnation.stream().filter(each -> each.outcome == null).toList();
      CompletableFuture<Void> flushed = new CompletableFuture<>();
      flushed.thenRun(() -> flushedTooEarly |= before.stream().anyMatch(Sent::isUndecided));
      event(machine -> machine.flush(flushed));
    }

    private void settled(Sent each, Outcome outcome) {
      assertThat(each.outcome).as("settled once").isNull();
      assertThat(each.incarnation).isEqualTo(incarnation);
      each.outcome = outcome;
      happened("operation " + outcome);
    }

    // ---- the counts

    private void checkCounts() {
      if (driver == null || core == null || !alive) {
        return;
      }
      Tally.Snapshot counts = driver.decided();
      assertThat(counts.written()).as("written").isEqualTo(recount(Outcome.WRITTEN));
      assertThat(counts.deadLettered())
          .as("dead-lettered")
          .isEqualTo(recount(Outcome.DEAD_LETTERED));
      assertThat(counts.refused() + refusedAtTheDoor)
          .as("refused")
          .isEqualTo(recount(Outcome.REFUSED));
      assertThat(counts.dropped()).as("dropped").isEqualTo(recount(Outcome.DROPPED));
      assertThat(counts.missing()).as("missing").isEqualTo(recount(Outcome.MISSING));
      long waiting = ofThisIncarnation.stream().filter(each -> each.outcome == null).count();
      if (driver.isQuiet()) {
        assertThat(core.undecided()).as("waiting").isEqualTo(waiting);
      }
      assertThat(waiting).as("waiting").isLessThanOrEqualTo(options.maxSpans());
      PipelineStatistics.WrittenAs as = counts.writtenAs();
      if (as != null) {
        assertThat(as.created() + as.replaced() + as.outdated() + as.duplicate())
            .as("written, divided: " + as)
            .isEqualTo(counts.written());
      }
    }

    private long recount(Outcome outcome) {
      return ofThisIncarnation.stream().filter(each -> each.outcome == outcome).count();
    }

    // ---- its calls of the store

    private void call(int me, Batch.Chunk chunk) {
      long commitAt = now + upTo(random.nextInt(20) == 0 ? 2_000 : 20);
      long answerAt = commitAt + upTo(random.nextInt(20) == 0 ? 1_000 : 5);
      at(
          commitAt,
          () -> {
            Supplier<WriteResult> answer = fate(chunk);
            at(answerAt, () -> answered(me, chunk, answer));
          });
    }

    private void answered(int me, Batch.Chunk chunk, Supplier<WriteResult> answer) {
      if (!alive || incarnation != me || driver == null) {
        return;
      }
      try {
        driver.written(chunk, answer.get());
      } catch (RuntimeException | OutOfMemoryError e) {
        driver.failed(chunk, e);
      }
      step();
    }
  }

  /** Commits or not, and says what the caller will hear. */
  private Supplier<WriteResult> fate(Batch.Chunk chunk) {
    if (now < storeDownUntil) {
      happened("call while the store is down");
      return failing(new StorageException(FailureKind.TRANSIENT, "the store is down", null));
    }
    if (!healed && random.nextDouble() < storeFailures) {
      RuntimeException failure =
          switch (random.nextInt(8)) {
            case 0 -> new StorageException(FailureKind.CONFIGURATION, "no such table", null);
            case 1 -> new IllegalStateException("closed");
            case 2, 3 -> new StorageException(FailureKind.OVERLOADED, "too busy", null);
            default -> new StorageException(FailureKind.TRANSIENT, "connection lost", null);
          };
      switch (random.nextInt(3)) {
        case 0 -> {
          try {
            happened("acknowledgement lost");
            store.write(chunk);
          } catch (StorageException poisoned) {
            return failing(poisoned);
          }
        }
        case 1 -> {
          happened("call stored in part");
          store.writePartly(chunk, random);
        }
        default -> {
          return failing(failure);
        }
      }
      return failing(failure);
    }
    try {
      WriteResult result = store.write(chunk);
      return () -> result;
    } catch (StorageException e) {
      return failing(e);
    }
  }

  private static Supplier<WriteResult> failing(RuntimeException failure) {
    return () -> {
      throw failure;
    };
  }

  private Json text(int length) {
    return Json.of(Integer.toString(random.nextInt(1_000)) + "x".repeat(length));
  }

  // ---- what was promised -----------------------------------------------------------------------

  private void checkTheEnd() {
    for (Program program : programs) {
      assertThat(program.alive).isTrue();
      assertThat(program.ofThisIncarnation)
          .as("nothing waits for ever")
          .allMatch(each -> each.outcome != null);
      assertThat(program.intake.tryAdmit(1)).as("operations inside").isEqualTo(1);
      assertThat(program.disk.text(DeadLetterLog.Kind.DEFERRED).strip())
          .as("deferred letters")
          .isEmpty();
    }
    assertThat(flushedTooEarly).as("a flush ended with operations undecided").isFalse();
    Set<String> refused = new HashSet<>();
    for (Program program : programs) {
      for (String line : program.disk.text(DeadLetterLog.Kind.REFUSED).split("\n")) {
        try {
          DeadLetter letter = DeadLetter.parse(line);
          refused.add(
              letter.span() != null
                  ? letter.span().toString() + letter.span().payload()
                  : letter.key() + "" + letter.update());
        } catch (InvalidSpanException torn) {
          continue;
        }
      }
    }
    assertThat(sent.keySet()).as("stored and never sent").containsAll(store.rows.keySet());
    sent.forEach(
        (key, operations) -> {
          operations.forEach(each -> checkOutcome(key, each, operations, refused));
          if (ordered) {
            checkInOrder(key, operations);
          } else {
            checkBest(key, operations);
          }
        });
  }

  private void checkOutcome(SpanKey key, Sent each, List<Sent> operations, Set<String> refused) {
    if (each.name().equals(SimulatedStore.POISON) && each.outcome != null) {
      assertThat(each.outcome).as("outcome of " + key).isIn(Outcome.DEAD_LETTERED, Outcome.REFUSED);
      if (each.outcome == Outcome.DEAD_LETTERED) {
        Span kept = Objects.requireNonNull(SimulatedTransformer.redacted(each.span));
        assertThat(refused).as("refused letters").contains(kept.toString() + kept.payload());
      }
    }
    if (each.name().equals(SimulatedTransformer.THROWS) && each.outcome != null) {
      assertThat(each.outcome).isIn(Outcome.DEAD_LETTERED, Outcome.REFUSED);
    }
    if (each.name().equals(SimulatedTransformer.DROPPED) && each.outcome != null) {
      assertThat(each.outcome).isIn(Outcome.DROPPED, Outcome.REFUSED);
    }
    if (each.outcome == Outcome.MISSING) {
      assertThat(each.kind).isEqualTo(DeadLetter.Operation.UPDATE);
      assertThat(operations.get(0))
          .as("the create of a missing update of " + key)
          .matches(create -> !create.isSafe() || isKeptOut(create));
    }
    if (!hasLog) {
      assertThat(each.outcome).isNotEqualTo(Outcome.DEAD_LETTERED);
    }
  }

  private static boolean isKeptOut(Sent each) {
    return each.name().equals(SimulatedStore.POISON)
        || each.name().equals(SimulatedTransformer.THROWS)
        || each.name().equals(SimulatedTransformer.DROPPED);
  }

  /** The best of what was acknowledged is there, or something better that was sent. */
  private void checkBest(SpanKey key, List<Sent> operations) {
    Span row = store.rows.get(key);
    List<Span> possible =
        operations.stream()
            .filter(each -> !isKeptOut(each))
            .map(each -> Objects.requireNonNull(SimulatedTransformer.redacted(each.span)))
            .toList();
    if (row != null) {
      assertThat(possible).as("what was sent of " + key).contains(row);
    }
    for (Sent each : operations) {
      if (each.isSafe() && !isKeptOut(each)) {
        Span acknowledged = Objects.requireNonNull(SimulatedTransformer.redacted(each.span));
        assertThat(row).as("acknowledged " + key).isNotNull();
        assertThat(row.version())
            .as("version of " + key)
            .isGreaterThanOrEqualTo(acknowledged.version());
      }
    }
  }

  /** If all of a span's operations were acknowledged, the row is what they come to in order. */
  private void checkInOrder(SpanKey key, List<Sent> operations) {
    Span row = store.rows.get(key);
    if (operations.stream().anyMatch(Simulation::isKeptOut)) {
      assertThat(row).as("a span that must not be stored: " + key).isNull();
      return;
    }
    boolean allSafe = operations.stream().allMatch(Sent::isSafe);
    if (allSafe) {
      Span expected = Objects.requireNonNull(SimulatedTransformer.redacted(operations.get(0).span));
      for (Sent each : operations.subList(1, operations.size())) {
        SpanUpdate update =
            each.update != null
                ? each.update
                : SpanUpdate.of(Objects.requireNonNull(SimulatedTransformer.redacted(each.span)));
        expected = update.applyTo(expected).orElse(expected);
      }
      assertThat(row).as("acknowledged " + key).isNotNull();
      for (SpanColumn column : SpanColumn.all()) {
        assertThat(column.read(row))
            .as(column.columnName() + " of " + key)
            .isEqualTo(column.read(expected));
      }
    } else if (row != null) {
      boolean ended = row.times().endedAt() != null;
      assertThat(ended)
          .as("the end of " + key)
          .isIn(
              operations.stream().anyMatch(each -> each.kind == DeadLetter.Operation.END),
              operations.stream()
                  .anyMatch(each -> each.kind == DeadLetter.Operation.END && each.isSafe()));
      assertThat(row.payload().requestContext()).isEqualTo(Json.of("***"));
    } else {
      assertThat(operations)
          .as("acknowledged " + key)
          .noneMatch(each -> each.isSafe() && each.kind != DeadLetter.Operation.UPDATE);
    }
  }
}
