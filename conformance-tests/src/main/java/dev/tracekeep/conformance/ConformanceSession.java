package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What every check has at hand: a database of its own, stores on it, and the fixture. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.SAME_THREAD)
@Timeout(value = 1, unit = TimeUnit.HOURS) // for what hangs: no check fails by being slow
@ExtendWith(ConformanceExtension.class)
abstract class ConformanceSession {
  /** The tag of the checks that run a migration dozens of times, or kill processes. */
  static final String SLOW = "slow";

  /**
   * No check fails because the machine is slow: where it is not about a limit, the limits are long.
   * What a database's own properties say goes before.
   */
  private static final Map<String, String> PATIENCE =
      Map.of("connect-timeout", "2m", "lock-timeout", "2m", "statement-timeout", "10m");

  private @Nullable StorageFixture fixture;
  private final List<ObservabilityStorage> opened = new ArrayList<>();
  private final List<TestDatabase> databases = new ArrayList<>();
  private @Nullable ObservabilityStorage storage;
  private @Nullable String refusal;

  /**
   * Makes the fixture. Called once for the class, before the first check.
   *
   * @throws Exception if the engine cannot be reached: every check fails with it
   */
  protected abstract StorageFixture openFixture() throws Exception;

  // ---- for the extension ----

  final StorageFixture startFixture() throws Exception {
    fixture = openFixture();
    return fixture;
  }

  final void endFixture() throws Exception {
    if (fixture != null) {
      fixture.close();
    }
  }

  /** Closes what a check opened. Returns the declared refusal that the check has asserted. */
  final @Nullable String endCheck() throws Exception {
    String asserted = refusal;
    refusal = null;
    storage = null;
    List<ObservabilityStorage> stores = List.copyOf(opened);
    opened.clear();
    stores.forEach(ObservabilityStorage::close);
    List<TestDatabase> used = List.copyOf(databases);
    databases.clear();
    for (TestDatabase database : used) {
      database.close();
    }
    return asserted;
  }

  // ---- for the checks ----

  final StorageFixture fixture() {
    if (fixture == null) {
      throw new IllegalStateException("The fixture was not made");
    }
    return fixture;
  }

  /** The database of this check, fresh. */
  final TestDatabase database() {
    return databases.isEmpty() ? anotherDatabase() : databases.get(0);
  }

  /** One more fresh database. */
  final TestDatabase anotherDatabase() {
    try {
      TestDatabase database = fixture().newDatabase();
      databases.add(database);
      return database;
    } catch (Exception e) {
      throw new AssertionError("The fixture could not make a database", e);
    }
  }

  /** The way around the adapter, without which the check cannot run. */
  final RawAccess raw() {
    return database()
        .raw()
        .orElseThrow(() -> new NotApplicable("the fixture gives no raw access to the database"));
  }

  /** The initialized store of this check. */
  final ObservabilityStorage storage() {
    ObservabilityStorage known = storage;
    if (known == null) {
      known = open(Map.of());
      known.init();
      storage = known;
    }
    return known;
  }

  /** Closes the store of this check, so that a raw driver or another process has the database. */
  final void closeStorage() {
    opened.forEach(ObservabilityStorage::close);
    storage = null;
  }

  /** A store of this check's database, not initialized; the check need not close it. */
  final ObservabilityStorage open(Map<String, String> more) {
    return open(database(), more);
  }

  final ObservabilityStorage open(TestDatabase database, Map<String, String> more) {
    Map<String, String> properties = patient(database);
    properties.putAll(more);
    ObservabilityStorage made = provide(properties);
    opened.add(made);
    return made;
  }

  /** A store of this check's database that goes by a clock of the check. */
  final ObservabilityStorage open(Clock clock) {
    ObservabilityStorage made =
        fixture().provider().open(config(patient(database())).with(Clock.class, clock));
    opened.add(made);
    return made;
  }

  /** The properties of a store that is given as much time as it needs; the caller's to change. */
  static Map<String, String> patient(TestDatabase database) {
    Map<String, String> properties = new HashMap<>(PATIENCE);
    properties.putAll(database.properties());
    return properties;
  }

  /** A store of any properties. */
  final ObservabilityStorage provide(Map<String, String> properties) {
    return fixture().provider().open(config(properties));
  }

  private StorageConfig config(Map<String, String> properties) {
    return StorageConfig.fromProperties(properties, fixture().provider().engineProperties());
  }

  /** What the adapter declares. */
  final Set<Capability> capabilities() {
    return open(Map.of()).capabilities();
  }

  final boolean has(Capability capability) {
    return capabilities().contains(capability);
  }

  /**
   * Notes that the store, which does not declare something, has refused it (or done the lesser).
   */
  final void refusedAsDeclared(String what) {
    refusal = what;
  }

  /** Runs something that must throw exactly this, and returns it. */
  static <T extends Throwable> T thrown(Class<T> type, ThrowingCallable code) {
    Throwable failure = org.assertj.core.api.Assertions.catchThrowable(code);
    assertThat(failure).isInstanceOf(type);
    return type.cast(failure);
  }

  /** Thrown by a check that the fixture gives no means for; reported with its reason. */
  static final class NotApplicable extends org.opentest4j.TestAbortedException {
    private static final long serialVersionUID = 1L;

    NotApplicable(String reason) {
      super(reason);
    }
  }
}
