package dev.tracekeep.conformance;

import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** The reference storage, or a variant of it, as a fixture. Databases are found by their URL. */
final class ReferenceFixture implements StorageFixture, StorageProvider {
  /** Makes a variant of the reference storage. */
  interface Variant {
    ObservabilityStorage open(
        ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities);
  }

  static final Set<Capability> ALL = all();

  private static Set<Capability> all() {
    Set<Capability> all = EnumSet.copyOf(ReferenceStorage.READS);
    all.addAll(
        Set.of(
            Capability.ENFORCED_UNIQUENESS,
            Capability.ATOMIC_BATCH,
            Capability.EXACT_WRITE_COUNTS,
            Capability.ATOMIC_UPDATE,
            Capability.TRANSACTIONAL_MIGRATION,
            Capability.SHARED));
    return Set.copyOf(all);
  }

  private final String name;
  private final Set<Capability> capabilities;
  private final Set<Capability> enforced;
  private final Variant variant;
  private final Map<String, ReferenceDatabase> databases = new ConcurrentHashMap<>();
  private final AtomicInteger made = new AtomicInteger();

  ReferenceFixture(String name, Set<Capability> capabilities, Variant variant) {
    this(name, capabilities, capabilities, variant);
  }

  ReferenceFixture(
      String name, Set<Capability> capabilities, Set<Capability> enforced, Variant variant) {
    this.name = name;
    this.capabilities = capabilities;
    this.enforced = enforced;
    this.variant = variant;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public StorageProvider provider() {
    return this;
  }

  @Override
  public EngineAccess access() {
    return EngineAccess.embedded();
  }

  @Override
  public List<String> uriPrefixes() {
    return List.of("reference:");
  }

  @Override
  public ObservabilityStorage open(StorageConfig config) {
    ReferenceDatabase database = databases.get(config.uri().raw());
    if (database == null) {
      throw new IllegalArgumentException("There is no database " + config.uri());
    }
    return variant.open(database, config, capabilities);
  }

  @Override
  public TestDatabase newDatabase() {
    String url = "reference:" + made.incrementAndGet();
    ReferenceDatabase database =
        new ReferenceDatabase(
            StorageConfig.DEFAULT_TABLE, enforced.contains(Capability.ENFORCED_UNIQUENESS));
    databases.put(url, database);
    return new TestDatabase() {
      @Override
      public Map<String, String> properties() {
        return Map.of("url", url);
      }

      @Override
      public Optional<RawAccess> raw() {
        return Optional.of(database);
      }

      @Override
      public void close() {
        databases.remove(url);
      }
    };
  }
}
