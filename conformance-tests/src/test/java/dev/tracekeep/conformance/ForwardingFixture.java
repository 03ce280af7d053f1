package dev.tracekeep.conformance;

import dev.tracekeep.storage.StorageProvider;
import java.util.Map;

/** A fixture with another access and other exclusions. */
record ForwardingFixture(
    StorageFixture fixture, EngineAccess access, Map<String, String> exclusions)
    implements StorageFixture {
  @Override
  public String name() {
    return fixture.name();
  }

  @Override
  public StorageProvider provider() {
    return fixture.provider();
  }

  @Override
  public TestDatabase newDatabase() throws Exception {
    return fixture.newDatabase();
  }
}
