package dev.tracekeep.conformance;

import org.junit.jupiter.api.Tag;

@Tag("engine")
final class MsSqlConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return new MsSqlFixture();
  }
}
