package dev.tracekeep.ingest;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The door: counts what is inside, in operations and bytes, and hands operations from any number of
 * threads to the pipeline's.
 *
 * <p>The hand-over is a stack of the operations themselves (R. K. Treiber, 1986), which the
 * pipeline takes as a whole and turns around: one compare-and-set for a caller and no object. Both
 * bounds stand in one word, so that they are taken and given back together.
 */
final class Intake {
  private static final int BYTES_BITS = 44;
  private static final long BYTES_MASK = (1L << BYTES_BITS) - 1;
  private static final long ONE_OPERATION = 1L << BYTES_BITS;

  /** What the upper bits of the word can count. */
  static final int MAX_OPERATIONS = (1 << (63 - BYTES_BITS)) - 1;

  private final int maxOperations;
  private final long maxBytes;
  private final AtomicLong load = new AtomicLong();
  private final AtomicReference<@Nullable Operation> newest = new AtomicReference<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition roomMade = lock.newCondition();
  private volatile int waiting;

  Intake(int maxOperations, long maxBytes) {
    this.maxOperations = maxOperations;
    this.maxBytes = maxBytes;
  }

  /**
   * Takes room for one operation, if there is some. An operation that is larger than all the room
   * is let in alone.
   *
   * @return how many operations are inside now; 0 if there was no room
   */
  int tryAdmit(long bytes) {
    while (true) {
      long now = load.get();
      int operations = (int) (now >>> BYTES_BITS);
      if (operations > 0
          && (operations >= maxOperations || (now & BYTES_MASK) + bytes > maxBytes)) {
        return 0;
      }
      if (load.compareAndSet(now, now + ONE_OPERATION + bytes)) {
        return operations + 1;
      }
    }
  }

  /**
   * Waits for room.
   *
   * @return whether it was taken within the given time
   */
  boolean awaitRoom(long bytes, long nanos) throws InterruptedException {
    long left = nanos;
    lock.lockInterruptibly();
    try {
      waiting++;
      try {
        while (tryAdmit(bytes) == 0) {
          if (left <= 0) {
            return false;
          }
          left = roomMade.awaitNanos(left);
        }
        return true;
      } finally {
        waiting--;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Gives room back. */
  void release(int operations, long bytes) {
    load.addAndGet(-(operations * ONE_OPERATION + bytes));
    if (waiting > 0) {
      lock.lock();
      try {
        roomMade.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /** Hands an operation over for which room was taken. */
  void push(Operation operation) {
    Operation before;
    do {
      before = newest.get();
      operation.next = before;
    } while (!newest.compareAndSet(before, operation));
  }

  boolean isEmpty() {
    return newest.get() == null;
  }

  /** Everything that was pushed, oldest first, linked by {@link Operation#next}. */
  @Nullable Operation drain() {
    Operation turned = null;
    for (Operation each = newest.getAndSet(null); each != null; ) {
      Operation before = each.next;
      each.next = turned;
      turned = each;
      each = before;
    }
    return turned;
  }

  /** How long a wait is at most; a helper for the time unit. */
  static long nanos(java.time.Duration duration) {
    try {
      return duration.toNanos();
    } catch (ArithmeticException e) {
      return TimeUnit.DAYS.toNanos(365 * 100);
    }
  }
}
