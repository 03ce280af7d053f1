package dev.tracekeep.ingest;

import dev.tracekeep.document.DeadLetter;
import dev.tracekeep.storage.WriteResult;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Brings events to the state machine and does what it says: the log at once, the store by a caller
 * that answers later. One thread calls {@link #run}; the same code runs in the simulation.
 */
final class PipelineDriver {
  /** Starts a call of the store. */
  @FunctionalInterface
  interface StoreCaller {
    /** Returns at once; the answer comes by {@link #written} or {@link #failed}. */
    void call(Batch.Chunk chunk);
  }

  private final PipelineCore core;
  private final Intake intake;
  private final @Nullable DeadLetterLog log;
  private final StoreCaller store;
  private final LongSupplier nanoClock;
  private final Supplier<Instant> wallClock;
  private final ConcurrentLinkedQueue<Consumer<PipelineCore>> events =
      new ConcurrentLinkedQueue<>();
  private volatile Tally.Snapshot decided;

  PipelineDriver(
      PipelineCore core,
      Intake intake,
      @Nullable DeadLetterLog log,
      StoreCaller store,
      LongSupplier nanoClock,
      Supplier<Instant> wallClock) {
    this.core = core;
    this.intake = intake;
    this.log = log;
    this.store = store;
    this.nanoClock = nanoClock;
    this.wallClock = wallClock;
    this.decided = core.snapshot();
  }

  /** Adds an event, which the next {@link #run} brings to the machine. From any thread. */
  void post(Consumer<PipelineCore> event) {
    events.add(event);
  }

  void written(Batch.Chunk chunk, WriteResult result) {
    post(machine -> machine.written(chunk, result, nanoClock.getAsLong()));
  }

  void failed(Batch.Chunk chunk, Throwable failure) {
    post(machine -> machine.writeFailed(chunk, failure, nanoClock.getAsLong()));
  }

  /** Whether nothing came in since the last run. */
  boolean isQuiet() {
    return intake.isEmpty() && events.isEmpty();
  }

  /** The counts after the last run. */
  Tally.Snapshot decided() {
    return decided;
  }

  /**
   * Does all that can be done now.
   *
   * @return when to run again, if nothing happens before
   */
  long run() {
    while (true) {
      // In this order: whoever pushed operations before posting an event finds them accepted.
      int waitingEvents = events.size();
      for (Operation each = intake.drain(); each != null; ) {
        Operation next = each.next;
        core.accept(each, nanoClock.getAsLong());
        each = next;
      }
      for (; waitingEvents > 0; waitingEvents--) {
        Objects.requireNonNull(events.poll()).accept(core);
      }
      Action action = core.next(nanoClock.getAsLong());
      decided = core.snapshot();
      core.release(intake);
      core.tell();
      if (action instanceof Action.Await await) {
        if (isQuiet()) {
          return await.until();
        }
        continue;
      }
      perform(action);
    }
  }

  private void perform(Action action) {
    if (action instanceof Action.Write write) {
      store.call(write.chunk());
    } else if (action instanceof Action.Append append) {
      append(append);
    } else if (action instanceof Action.ReadSegment) {
      readSegment();
    } else if (action instanceof Action.RemoveSegment remove) {
      remove(remove);
    }
  }

  private void append(Action.Append append) {
    List<DeadLetter> letters = new ArrayList<>(append.entries().size());
    for (Action.Append.Entry entry : append.entries()) {
      Operation operation = entry.operation();
      letters.add(
          new DeadLetter(
              operation.kind(),
              operation.spanOrNull(),
              operation.updateOrNull(),
              wallClock.get(),
              entry.reason()));
    }
    try {
      log().append(append.kind(), letters);
      core.appended(append, nanoClock.getAsLong());
    } catch (IOException e) {
      core.appendFailed(append, describe(e), nanoClock.getAsLong());
    }
  }

  private void readSegment() {
    try {
      DeadLetterLog.Segment segment = log().oldestDeferred().orElse(null);
      core.read(segment, segment == null ? null : log().read(segment));
    } catch (IOException e) {
      core.logFailed(describe(e), nanoClock.getAsLong());
    }
  }

  private void remove(Action.RemoveSegment remove) {
    try {
      log().remove(remove.segment(), core.isDamaged(remove.segment()));
      core.removed();
    } catch (IOException e) {
      core.removeFailed(describe(e), nanoClock.getAsLong());
    }
  }

  private DeadLetterLog log() {
    return Objects.requireNonNull(log, "the machine was told that there is a log");
  }

  private String describe(IOException e) {
    return "The dead-letter log " + log + " cannot be used: " + e;
  }
}
