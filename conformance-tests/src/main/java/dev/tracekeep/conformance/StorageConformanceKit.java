package dev.tracekeep.conformance;

/**
 * All checks of a storage adapter. An adapter's author extends it and describes the engine:
 *
 * <pre>{@code
 * final class AcmeConformanceTest extends StorageConformanceKit {
 *   @Override
 *   protected StorageFixture openFixture() {
 *     return new AcmeFixture();
 *   }
 * }
 * }</pre>
 *
 * <p>Each check is a final JUnit test with a database of its own. A check cannot be overridden; one
 * that does not apply is {@linkplain StorageFixture#exclusions() excluded} with a reason, which is
 * printed. An engine that cannot be reached fails the class, unless the fixture says {@link
 * EngineAccess#notRun} and {@code -Dtracekeep.require} does not ask for it.
 *
 * <p>Random checks print their seed when they fail; {@code -Dtracekeep.conformance.seed=N} runs it
 * again, {@code -Dtracekeep.conformance.tries=N} says how many cases are tried. The results are
 * written to {@code target/conformance/<name>.json}, or where {@code
 * -Dtracekeep.conformance.directory} says.
 */
public abstract class StorageConformanceKit extends ForeignTableChecks {
  /** The password of a store that cannot be reached; no message may show it. */
  public static final String SECRET = "kit-secret-4711";
}
