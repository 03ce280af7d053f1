package dev.tracekeep.conformance;

import dev.tracekeep.storage.StorageProvider;
import java.util.Map;
import java.util.Optional;

/**
 * What the kit must know about an engine: all that an adapter's author writes.
 *
 * <p>Required are a name, the provider, how the engine is reached, and a way to make a fresh
 * database. Everything else has a default that claims nothing.
 *
 * <p>One fixture is made for a test class, before its first check; it is used by one thread at a
 * time.
 */
public interface StorageFixture {
  /**
   * What the column of the report is called: lower case, unique among all runs of a build, for
   * example {@code duckdb-file}. It is also the name of the result file and, up to the first dash,
   * what {@code -Dtracekeep.require=} asks for.
   */
  String name();

  /**
   * The adapter's provider. Its class must be public with a public constructor without parameters:
   * a child process makes its own.
   */
  StorageProvider provider();

  /** How the engine is reached; nothing else is asked of a fixture whose engine is not there. */
  EngineAccess access();

  /**
   * Makes a database in which no table of ours stands, and which no other call shares: a file, a
   * schema, a named memory database.
   *
   * @throws Exception if that fails; the check fails with it, and is not skipped
   */
  TestDatabase newDatabase() throws Exception;

  /**
   * The properties of a store that cannot be reached, for example a closed port; never one on
   * another machine. Give it the password {@value StorageConformanceKit#SECRET} where the engine
   * has passwords: the kit looks for it in every message. Empty where nothing can be unreachable.
   */
  default Optional<Map<String, String>> unreachable() {
    return Optional.empty();
  }

  /**
   * The properties of a store whose server is said to be at a port of this machine, without
   * encryption: the kit listens there with servers that stall. Empty for an engine without servers.
   */
  default Optional<Map<String, String>> at(int port) {
    return Optional.empty();
  }

  /**
   * The checks that do not apply to this engine: from the name of the check to the reason, a
   * sentence that is printed and stands in the report. A name that no check has fails the run.
   */
  default Map<String, String> exclusions() {
    return Map.of();
  }

  /** Ends what the fixture started. Called once, after the last check. */
  default void close() throws Exception {}
}
