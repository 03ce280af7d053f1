package dev.tracekeep.ingest;

import dev.tracekeep.document.DeadLetter;
import dev.tracekeep.ingest.Action.Append.Entry;
import dev.tracekeep.ingest.Batch.Chunk;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.WriteResult;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Every decision of a pipeline, as a state machine: events go in, {@link #next} says what to do. It
 * has no thread, no clock, no chance of its own and does no I/O: the same events at the same times
 * with the same seed give the same actions. Not thread-safe.
 *
 * <p>An operation is in exactly one place: {@code pending} (waits for the store), {@code batch}
 * (being written, or about to be repeated), {@code appending} (on the way to the log) or {@code
 * refusals} (the store will never take it; waits for the log) — until it is settled, once.
 *
 * <p><b>Order.</b> Where the strategy sends updates, the log stands in front of the memory: as long
 * as deferred letters wait, nothing is written that came after them. So an update overtakes neither
 * its create nor another update, over batches, retries, outages and restarts. Whole spans need no
 * order; there, live operations and replayed ones take turns.
 */
final class PipelineCore {
  /** A failing log is tried again after so long. */
  private static final long LOG_RETRY_NANOS = 1_000_000_000L;

  /** One append takes so much at most, so that the thread is back soon. */
  private static final int APPEND_OPERATIONS = 1_000;

  private static final String NO_ROOM = "the buffer was full";
  private static final String CLOSED = "the pipeline was closed";

  private final PipelineOptions options;
  private final long linger;
  private final boolean ordered;
  private final boolean hasLog;
  private final PipelineListener listener;
  private final Breaker breaker;
  private final Tally tally = new Tally();

  private final ArrayDeque<Operation> pending = new ArrayDeque<>();
  private long pendingBytes;
  private @Nullable Batch batch;
  private boolean batchIsReplay;
  private @Nullable Chunk inFlight;
  private final ArrayDeque<Entry> refusals = new ArrayDeque<>();
  private List<Entry> appending = List.of();
  private int refusalsInARow;
  private String lastFailure = "";

  private boolean deferredWaiting;
  private boolean replayTurn;
  private @Nullable Replay replay;

  private long undecided;
  private long undecidedBytes;
  private @Nullable Long fullSince;
  private long logAllowedAt = Long.MIN_VALUE;
  private long sequence;
  private final ArrayDeque<FlushGroup> groups = new ArrayDeque<>();
  private boolean closing;
  private long spillAt = Long.MAX_VALUE;

  private final List<Operation> settled = new ArrayList<>();
  private final List<CompletableFuture<Void>> flushed = new ArrayList<>();
  private int releasedOperations;
  private long releasedBytes;

  /** A segment that is being replayed. */
  private static final class Replay implements Settlement {
    private final DeadLetterLog.Segment segment;
    private final boolean damaged;
    private final ArrayDeque<Operation> queue = new ArrayDeque<>();
    private int undecided;

    private Replay(DeadLetterLog.Segment segment, boolean damaged) {
      this.segment = segment;
      this.damaged = damaged;
    }

    @Override
    public void settled(Operation operation, Outcome outcome) {
      undecided--;
    }
  }

  /**
   * @param ordered whether the strategy sends updates, which must keep their order
   * @param hasLog whether there is a dead-letter log
   * @param deferredWaiting whether letters of an earlier run wait in it
   * @param random for jitter alone
   */
  PipelineCore(
      PipelineOptions options,
      PipelineListener listener,
      long linger,
      boolean ordered,
      boolean hasLog,
      boolean deferredWaiting,
      RandomGenerator random) {
    this.options = options;
    this.linger = linger;
    this.ordered = ordered;
    this.hasLog = hasLog;
    this.deferredWaiting = deferredWaiting;
    this.listener = listener;
    this.breaker = new Breaker(options, random);
    groups.add(new FlushGroup());
  }

  // ---- events from the program -----------------------------------------------------------------

  /** An operation came in; room was taken for it. */
  void accept(Operation operation, long now) {
    FlushGroup group = groups.getLast();
    group.undecided++;
    operation.flushGroup = group;
    operation.sequence = sequence++;
    operation.arrivedAt = now;
    operation.next = null;
    undecided++;
    undecidedBytes += operation.bytes();
    Operation transformed;
    try {
      transformed = transformed(operation);
    } catch (TransformerFailure failure) {
      refuse(failure.operation, failure.getMessage());
      return;
    }
    if (transformed == null) {
      settle(operation, Outcome.DROPPED);
    } else {
      pending.addLast(transformed);
      pendingBytes += transformed.bytes();
      noteLoad(now);
    }
  }

  /** A transformer threw; the operation is as it was before. */
  private static final class TransformerFailure extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient Operation operation;

    private TransformerFailure(String message, Operation operation, RuntimeException cause) {
      super(message, cause);
      this.operation = operation;
    }
  }

  private @Nullable Operation transformed(Operation operation) throws TransformerFailure {
    Operation now = operation;
    for (SpanTransformer transformer : options.transformers()) {
      Span span = now.spanOrNull();
      SpanUpdate update = now.updateOrNull();
      try {
        Span newSpan = span == null ? null : transformer.transform(span);
        SpanUpdate newUpdate = update == null ? null : transformer.transform(update);
        if (newSpan == null && newUpdate == null) {
          return null;
        }
        if (newSpan != span || newUpdate != update) {
          now = now.with(newSpan, newUpdate);
        }
      } catch (RuntimeException e) {
        // Its message may quote the payload.
        throw new TransformerFailure(
            "the transformer '" + transformer.name() + "' failed: " + e.getClass().getName(),
            now,
            e);
      }
    }
    return now;
  }

  /** Everything accepted so far is due now; completes the future once it is decided. */
  void flush(CompletableFuture<Void> flushed) {
    groups.getLast().flushed = flushed;
    groups.addLast(new FlushGroup());
    completeFlushes();
  }

  /**
   * Nothing more comes in. Everything is due now, and goes to the log from {@code newSpillAt} on,
   * be it on its way to the store or not.
   */
  void close(long newSpillAt) {
    closing = true;
    spillAt = Math.min(spillAt, newSpillAt);
  }

  /** The time is up: what is not decided is refused. */
  void abandon() {
    List<Operation> left = new ArrayList<>();
    appending.forEach(entry -> left.add(entry.operation()));
    refusals.forEach(entry -> left.add(entry.operation()));
    if (batch != null && !batchIsReplay) {
      left.addAll(batch.operations());
    }
    left.addAll(pending);
    appending = List.of();
    refusals.clear();
    batch = null;
    pending.clear();
    pendingBytes = 0;
    for (Operation operation : left) {
      if (!operation.isReplayed()) {
        listener.refused(operation.key(), CLOSED + " before it was safe");
        settle(operation, Outcome.REFUSED);
      }
    }
  }

  /** Whether nothing is undecided. */
  boolean isIdle() {
    return undecided == 0;
  }

  /** Whether no deferred letter waits in the log. */
  boolean isLogDrained() {
    return replay == null && !deferredWaiting;
  }

  /** Letters were put into the log by another hand. */
  void deferredFound() {
    deferredWaiting = true;
  }

  // ---- what to do next -------------------------------------------------------------------------

  /** What to do at this time; ask again after doing it, and after every event. */
  Action next(long now) {
    StoreState before = breaker.state();
    breaker.pass(now);
    stateChanged(before);
    boolean spills = isSpillTime(now);
    if ((inFlight == null && breaker.isOpen()) || mustNotWrite(now)) {
      giveBackBatch();
    }
    if (hasLog && now >= logAllowedAt) {
      Action.Append append = append(spills || breaker.isOpen());
      if (append != null) {
        appending = append.entries();
        return append;
      }
    }
    if (replay != null && replay.undecided == 0) {
      return new Action.RemoveSegment(replay.segment);
    }
    if (inFlight == null && !breaker.isOpen() && !mustNotWrite(now)) {
      Action action = nextForStore(now);
      if (action != null) {
        return action;
      }
    }
    return new Action.Await(wakeAt(now));
  }

  private Action.@Nullable Append append(boolean spills) {
    List<Entry> entries = new ArrayList<>();
    while (!refusals.isEmpty() && entries.size() < APPEND_OPERATIONS) {
      entries.add(refusals.removeFirst());
    }
    if (!entries.isEmpty()) {
      return new Action.Append(DeadLetterLog.Kind.REFUSED, entries);
    }
    if (!spills) {
      return null;
    }
    // What waits behind an operation that is being written must not overtake it.
    Set<SpanKey> kept = ordered && batch != null && !batchIsReplay ? batch.keys() : Set.of();
    ArrayDeque<Operation> rest = new ArrayDeque<>();
    String reason = breaker.isOpen() ? lastFailure : closing ? CLOSED : NO_ROOM;
    while (!pending.isEmpty() && entries.size() < APPEND_OPERATIONS) {
      Operation operation = pending.removeFirst();
      if (kept.contains(operation.key())) {
        rest.addLast(operation);
      } else {
        entries.add(new Entry(operation, reason));
        pendingBytes -= operation.bytes();
      }
    }
    while (!rest.isEmpty()) {
      pending.addFirst(rest.removeLast());
    }
    return entries.isEmpty() ? null : new Action.Append(DeadLetterLog.Kind.DEFERRED, entries);
  }

  private @Nullable Action nextForStore(long now) {
    if (batch == null) {
      boolean replays = hasLog && (ordered || replayTurn || pending.isEmpty());
      if (replay != null && replays && !replay.queue.isEmpty()) {
        startBatch(replay.queue, true);
      } else if (replay == null && deferredWaiting && replays && now >= logAllowedAt) {
        return new Action.ReadSegment();
      } else if (isDue(now) && !(ordered && (deferredWaiting || replay != null))) {
        startBatch(pending, false);
      }
    }
    if (batch == null || now < breaker.allowedAt()) {
      return null;
    }
    inFlight = batch.first();
    tally.storeCalled();
    return new Action.Write(inFlight);
  }

  private void startBatch(ArrayDeque<Operation> queue, boolean isReplay) {
    int limit =
        breaker.state() == StoreState.PROBING
            ? Math.min(options.probeSpans(), options.maxBatchSpans())
            : options.maxBatchSpans();
    List<Operation> operations = new ArrayList<>(Math.min(limit, queue.size()));
    long bytes = 0;
    while (!queue.isEmpty()
        && operations.size() < limit
        && (operations.isEmpty() || bytes + queue.peekFirst().bytes() <= options.maxBatchBytes())) {
      Operation operation = queue.removeFirst();
      bytes += operation.bytes();
      operations.add(operation);
    }
    if (!isReplay) {
      pendingBytes -= bytes;
    }
    batch = Batch.of(operations);
    batchIsReplay = isReplay;
    replayTurn = !isReplay;
  }

  private boolean isDue(long now) {
    return !pending.isEmpty()
        && (closing
            || groups.size() > 1
            || pending.size() >= options.maxBatchSpans()
            || pendingBytes >= options.maxBatchBytes()
            || now - pending.getFirst().arrivedAt >= linger);
  }

  /** At the end of a closing pipeline the log is the only way out, if there is one. */
  private boolean mustNotWrite(long now) {
    return hasLog && now >= spillAt;
  }

  private boolean isSpillTime(long now) {
    return now >= spillAt || (fullSince != null && now - fullSince >= options.maxWait() / 2);
  }

  /** The next time at which something becomes possible that is not possible now. */
  private long wakeAt(long now) {
    long at = Long.MAX_VALUE;
    boolean hasWork = batch != null || !pending.isEmpty() || deferredWaiting;
    if (hasWork && inFlight == null) {
      at = sooner(at, breaker.allowedAt(), now);
    }
    if (!pending.isEmpty() && batch == null) {
      at = sooner(at, Breaker.plus(pending.getFirst().arrivedAt, linger), now);
    }
    if (hasLog && (hasWork || !refusals.isEmpty())) {
      at = sooner(at, logAllowedAt, now);
    }
    if (hasLog && fullSince != null) {
      at = sooner(at, Breaker.plus(fullSince, options.maxWait() / 2), now);
    }
    return closing ? sooner(at, spillAt, now) : at;
  }

  private static long sooner(long one, long other, long now) {
    return other > now && other < one ? other : one;
  }

  // ---- events from the store -------------------------------------------------------------------

  /** The store has taken the chunk. */
  void written(Chunk chunk, WriteResult result, long now) {
    if (!isCurrent(chunk)) {
      return;
    }
    refusalsInARow = 0;
    succeeded();
    Map<SpanKey, String> rejected =
        result.rejected().stream()
            .collect(
                Collectors.toMap(
                    WriteResult.Rejection::key,
                    WriteResult.Rejection::reason,
                    (one, other) -> one));
    Set<SpanKey> missing = Set.copyOf(result.missing());
    Batch current = batch;
    if (current == null) {
      return;
    }
    current.removeFirst();
    List<Batch.Write> creates = new ArrayList<>();
    List<Batch.Write> ambiguous = new ArrayList<>();
    Map<SpanKey, Integer> writesOfRejected = writesOf(rejected.keySet(), chunk);
    long written = 0;
    for (Batch.Write write : chunk.writes()) {
      String reason = rejected.get(write.key());
      if (reason != null && writesOfRejected.getOrDefault(write.key(), 0) > 1) {
        ambiguous.add(write);
      } else if (reason != null) {
        refuse(write, reason);
      } else if (missing.contains(write.key())) {
        Batch.Write create = write.asCreate();
        if (create != null) {
          creates.add(create);
        } else {
          listener.missing(write.key());
          settle(write, Outcome.MISSING);
        }
      } else {
        written += write.operations().size();
        settle(write, Outcome.WRITTEN);
      }
    }
    if (!batchIsReplay && !chunk.isRepeated()) {
      tally.divide(written, result.counts());
    }
    current.addFirst(creates, true);
    ambiguous.forEach(current::repeatAlone);
    endBatchIfEmpty();
    noteLoad(now);
  }

  /**
   * One of several descriptions of a span may have been refused for its size, and another one
   * stored: which one it was shows when each is sent alone.
   */
  private static Map<SpanKey, Integer> writesOf(Set<SpanKey> keys, Chunk chunk) {
    Map<SpanKey, Integer> counts = new HashMap<>();
    if (!keys.isEmpty()) {
      for (Batch.Write write : chunk.writes()) {
        if (keys.contains(write.key())) {
          counts.merge(write.key(), 1, Integer::sum);
        }
      }
    }
    return counts;
  }

  /** The call has failed; whether the store has taken some of it is not known. */
  void writeFailed(Chunk chunk, Throwable failure, long now) {
    if (!isCurrent(chunk)) {
      return;
    }
    tally.storeFailed();
    lastFailure = reason(failure);
    StoreState before = breaker.state();
    FailureKind kind = kindOf(failure);
    switch (kind) {
      case TRANSIENT, OVERLOADED, INTERRUPTED -> {
        if (kind == FailureKind.OVERLOADED && chunk.size() > 1 && batch != null) {
          batch.splitFirst();
        }
        breaker.failed(now);
      }
      case CONFIGURATION, MIGRATION_REQUIRED -> breaker.open(now);
      case INVALID, PERMANENT -> cannotBeStored(chunk, failure, now);
    }
    stateChanged(before);
  }

  /** Halves until the bad ones stand alone: one among n costs 2 log2(n) more calls. */
  private void cannotBeStored(Chunk chunk, Throwable failure, long now) {
    Batch current = batch;
    if (current == null) {
      return;
    }
    Set<SpanKey> named =
        failure instanceof StorageException known && known.kind() == FailureKind.INVALID
            ? Set.copyOf(known.keys())
            : Set.of();
    List<Batch.Write> bad =
        chunk.size() == 1
            ? chunk.writes()
            : chunk.writes().stream().filter(write -> named.contains(write.key())).toList();
    if (bad.isEmpty()) {
      current.splitFirst();
      return;
    }
    if (chunk.size() == 1 && ++refusalsInARow >= options.outageAfterRefusals()) {
      // Nothing goes in any more: that is not the fault of single spans.
      refusalsInARow = 0;
      breaker.open(now);
      return;
    }
    current.removeFirst();
    bad.forEach(write -> refuse(write, reason(failure)));
    current.addFirst(
        chunk.writes().stream().filter(write -> !bad.contains(write)).toList(), chunk.creates());
    endBatchIfEmpty();
    noteLoad(now);
  }

  /** The batch of a call that hangs is given up when the pipeline closes; the call may answer. */
  private boolean isCurrent(Chunk chunk) {
    if (inFlight != chunk) {
      throw new IllegalStateException("An answer to a call that was not made");
    }
    inFlight = null;
    return batch != null;
  }

  private void succeeded() {
    StoreState before = breaker.state();
    breaker.succeeded();
    lastFailure = "";
    stateChanged(before);
  }

  private void stateChanged(StoreState before) {
    if (before != breaker.state()) {
      listener.stateChanged(before, breaker.state(), lastFailure);
    }
  }

  private void endBatchIfEmpty() {
    if (batch != null && batch.isEmpty()) {
      batch = null;
    }
  }

  /** What is left of the batch goes back to where it came from. */
  private void giveBackBatch() {
    Batch current = batch;
    batch = null;
    if (current == null) {
      return;
    }
    if (batchIsReplay) {
      // The segment stays, and is read again from its start.
      abandonReplay();
      return;
    }
    List<Operation> operations = current.operations();
    for (int i = operations.size() - 1; i >= 0; i--) {
      pending.addFirst(operations.get(i));
      pendingBytes += operations.get(i).bytes();
    }
  }

  private void abandonReplay() {
    replay = null;
    refusals.removeIf(entry -> entry.operation().isReplayed());
    deferredWaiting = true;
  }

  private static FailureKind kindOf(Throwable failure) {
    if (failure instanceof StorageException known) {
      return known.kind();
    }
    // A closed store, or a machine in trouble: not the fault of a span.
    return failure instanceof IllegalStateException || failure instanceof Error
        ? FailureKind.CONFIGURATION
        : FailureKind.PERMANENT;
  }

  private static String reason(Throwable failure) {
    String message = failure.getMessage();
    return failure instanceof StorageException && message != null
        ? message
        : failure.getClass().getName();
  }

  // ---- events from the log ---------------------------------------------------------------------

  /** The letters are synced. */
  void appended(Action.Append append, long now) {
    appending = List.of();
    if (append.kind() == DeadLetterLog.Kind.DEFERRED) {
      deferredWaiting = true;
    }
    for (Entry entry : append.entries()) {
      if (append.kind() == DeadLetterLog.Kind.REFUSED) {
        listener.deadLettered(entry.operation().key(), entry.reason());
      }
      settle(entry.operation(), Outcome.DEAD_LETTERED);
    }
    noteLoad(now);
  }

  /** The letters may not be in the log: they go back, in front of what came after them. */
  void appendFailed(Action.Append append, String reason, long now) {
    appending = List.of();
    logFailed(reason, now);
    List<Entry> entries = append.entries();
    for (int i = entries.size() - 1; i >= 0; i--) {
      if (append.kind() == DeadLetterLog.Kind.REFUSED) {
        refusals.addFirst(entries.get(i));
      } else {
        deferredWaiting = true; // what was torn, or stands there whole, is to be tidied up
        pending.addFirst(entries.get(i).operation());
        pendingBytes += entries.get(i).operation().bytes();
      }
    }
  }

  /** A segment was read; null if there is none. */
  void read(DeadLetterLog.@Nullable Segment segment, DeadLetterLog.@Nullable Content content) {
    if (segment == null || content == null) {
      deferredWaiting = false;
      return;
    }
    Replay fresh = new Replay(segment, content.damagedLines() > 0);
    tally.damaged(content.damagedLines());
    for (DeadLetter letter : content.letters()) {
      Operation operation = Operation.of(letter, fresh);
      operation.sequence = sequence++;
      fresh.queue.add(operation);
    }
    fresh.undecided = fresh.queue.size();
    replay = fresh;
  }

  /** Whether the segment has lines that must be kept. */
  boolean isDamaged(DeadLetterLog.Segment segment) {
    return replay != null && replay.segment.equals(segment) && replay.damaged;
  }

  /** The segment is gone; the next one is looked for. */
  void removed() {
    replay = null;
    deferredWaiting = true;
  }

  /** The log can be neither read nor tidied up now. */
  void logFailed(String reason, long now) {
    logAllowedAt = Breaker.plus(now, LOG_RETRY_NANOS);
    listener.logFailed(reason);
  }

  /** A segment could not be removed: it is replayed once more later, which changes nothing. */
  void removeFailed(String reason, long now) {
    replay = null;
    deferredWaiting = true;
    logFailed(reason, now);
  }

  // ---- settling --------------------------------------------------------------------------------

  private void refuse(Batch.Write write, String reason) {
    write.operations().forEach(operation -> refuse(operation, reason));
  }

  private void refuse(Operation operation, String reason) {
    if (hasLog) {
      refusals.addLast(new Entry(operation, reason));
    } else {
      listener.refused(operation.key(), reason);
      settle(operation, Outcome.REFUSED);
    }
  }

  private void settle(Batch.Write write, Outcome outcome) {
    write.operations().forEach(operation -> settle(operation, outcome));
  }

  private void settle(Operation operation, Outcome outcome) {
    tally.count(operation, outcome);
    FlushGroup group = operation.flushGroup;
    if (group != null) {
      group.undecided--;
      undecided--;
      undecidedBytes -= operation.bytes();
      releasedOperations++;
      releasedBytes += operation.bytes();
    }
    operation.outcome = outcome;
    if (group == null) {
      operation.settle();
    } else {
      settled.add(operation);
    }
    completeFlushes();
  }

  private void completeFlushes() {
    while (groups.size() > 1 && groups.getFirst().undecided == 0) {
      CompletableFuture<Void> flush = groups.removeFirst().flushed;
      if (flush != null) {
        flushed.add(flush);
      }
    }
  }

  private void noteLoad(long now) {
    boolean full =
        undecided * 4 >= options.maxSpans() * 3L || undecidedBytes >= options.maxBytes() / 4 * 3;
    fullSince = !full ? null : fullSince == null ? (Long) now : fullSince;
  }

  // ---- for the driver --------------------------------------------------------------------------

  /** Gives the room back that was taken for operations which are settled now. */
  void release(Intake intake) {
    if (releasedOperations > 0) {
      intake.release(releasedOperations, releasedBytes);
      releasedOperations = 0;
      releasedBytes = 0;
    }
  }

  /**
   * Tells those who wait what is settled now. After the counts are published: whoever was told must
   * find it in them.
   */
  void tell() {
    settled.forEach(Operation::settle);
    settled.clear();
    flushed.forEach(flush -> flush.complete(null));
    flushed.clear();
  }

  Tally.Snapshot snapshot() {
    return tally.snapshot(breaker.state());
  }

  long undecided() {
    return undecided;
  }
}
