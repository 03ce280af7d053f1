package dev.tracekeep.dedupe;

import dev.tracekeep.migration.MigrationStep;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One part of a migration, as a value: the plan shows the same list that runs, so the two cannot
 * differ. Its work can be repeated after a kill at any point.
 *
 * @param step the step that it is part of
 * @param statement what the engine is told, for people; null where it depends on the data
 * @param work does it, and tells the listener before and after each statement
 */
public record Stage(MigrationStep step, @Nullable String statement, Work work) {
  /** Does a stage's work. */
  @FunctionalInterface
  public interface Work {
    /** Does it; whatever it throws ends the migration, resumable. */
    void run(Telling telling) throws Exception;
  }

  /** Work that is told of as a whole. */
  @FunctionalInterface
  public interface Action {
    /** Does it. */
    void run() throws Exception;
  }

  /** Tells the listener what a stage does. */
  @FunctionalInterface
  public interface Telling {
    /**
     * Runs a statement and tells of it before and after.
     *
     * @param name a short name of the statement, for example {@code batch 3}
     * @param done rows dealt with in this step before it
     * @param total rows to deal with in this step; null where unknown
     * @param statement does it, and returns how many rows are dealt with then
     */
    long run(String name, long done, @Nullable Long total, Counted statement) throws Exception;

    /** The same where rows are not counted. */
    default void run(String name, Action statement) throws Exception {
      run(
          name,
          0,
          null,
          () -> {
            statement.run();
            return 0;
          });
    }
  }

  /** A statement that deals with rows. */
  @FunctionalInterface
  public interface Counted {
    /** Does it; returns how many rows of the step are dealt with by now. */
    long run() throws Exception;
  }

  /** A step and its work are never null. */
  public Stage {
    Objects.requireNonNull(step, "step");
    Objects.requireNonNull(work, "work");
  }

  /** A stage of one statement. */
  public static Stage of(
      MigrationStep step, String name, @Nullable String statement, Action action) {
    return new Stage(step, statement, telling -> telling.run(name, action));
  }
}
