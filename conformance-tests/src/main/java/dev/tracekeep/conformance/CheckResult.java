package dev.tracekeep.conformance;

/**
 * What became of a check.
 *
 * @param group what it is about
 * @param check its method's name
 * @param outcome how it ended
 * @param note the reason of an exclusion or a failure, the declared refusal; else empty
 * @param millis how long it took
 */
record CheckResult(String group, String check, Outcome outcome, String note, long millis) {
  /** How a check can end. */
  enum Outcome {
    /** The promise holds. */
    PASSED,
    /** The adapter does not declare this, and refuses it or does the lesser thing it declares. */
    REFUSED_AS_DECLARED,
    /** Left out, with a reason. */
    EXCLUDED,
    /** The promise is broken. */
    FAILED,
    /** The engine was not there. */
    NOT_RUN
  }
}
