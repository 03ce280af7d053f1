package dev.tracekeep.conformance;

import java.time.Duration;
import java.util.Iterator;
import java.util.Random;
import java.util.function.Function;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.RandomGenerator;
import net.jqwik.api.Shrinkable;
import net.jqwik.api.sessions.JqwikSession;

/**
 * Tries a property on random values and shrinks the one that breaks it. jqwik makes the values and
 * the smaller ones; its engine is not used, because its properties know nothing of the kit's
 * databases, exclusions and report, which JUnit's extension gives to every check alike.
 */
final class PropertyCheck<T> {
  /** What must hold of each value. */
  interface Property<T> {
    void holdsFor(T value) throws Throwable;
  }

  private static final int SHRINKING_SECONDS = 20;

  private final Arbitrary<T> values;
  private final Function<T, String> description;
  private final Property<T> property;

  private PropertyCheck(
      Arbitrary<T> values, Function<T, String> description, Property<T> property) {
    this.values = values;
    this.description = description;
    this.property = property;
  }

  /**
   * Checks a property.
   *
   * @param tries how many values, unless {@code tracekeep.conformance.tries} says otherwise
   * @throws AssertionError with the seed and the smallest value found that breaks it
   */
  static <T> void check(
      int tries, Arbitrary<T> values, Function<T, String> description, Property<T> property) {
    PropertyCheck<T> check = new PropertyCheck<>(values, description, property);
    JqwikSession.run(() -> check.run(Integer.getInteger("tracekeep.conformance.tries", tries)));
  }

  private void run(int tries) {
    long seed = Long.getLong("tracekeep.conformance.seed", new Random().nextLong());
    RandomGenerator<T> generator = values.generator(tries, true);
    Random random = new Random(seed);
    for (int i = 1; i <= tries; i++) {
      Shrinkable<T> value = generator.next(random);
      Throwable failure = failureOf(value);
      if (failure != null) {
        fail(seed, i, value, failure);
      }
    }
  }

  private Throwable failureOf(Shrinkable<T> value) {
    try {
      property.holdsFor(value.value());
      return null;
    } catch (AssertionError | Exception e) {
      return e;
    } catch (Throwable e) {
      throw new IllegalStateException("The property could not be tried", e);
    }
  }

  private static Duration shrinkingTime() {
    return Duration.ofSeconds(
        Integer.getInteger("tracekeep.conformance.shrinking-seconds", SHRINKING_SECONDS));
  }

  private void fail(long seed, int attempt, Shrinkable<T> first, Throwable firstFailure) {
    Shrinkable<T> smallest = first;
    Throwable failure = firstFailure;
    long deadline = System.nanoTime() + shrinkingTime().toNanos();
    boolean smaller = true;
    int steps = 0;
    while (smaller) {
      smaller = false;
      Iterator<Shrinkable<T>> candidates = smallest.shrink().iterator();
      while (!smaller && candidates.hasNext() && System.nanoTime() < deadline) {
        Shrinkable<T> candidate = candidates.next();
        Throwable again = failureOf(candidate);
        if (again != null) {
          smallest = candidate;
          failure = again;
          smaller = true;
          steps++;
        }
      }
    }
    throw new AssertionError(
        "Broken by try "
            + attempt
            + ", shrunk in "
            + steps
            + " steps. Run it again with -Dtracekeep.conformance.seed="
            + seed
            + "\n"
            + description.apply(smallest.value())
            + "\n"
            + failure.getMessage(),
        failure);
  }
}
