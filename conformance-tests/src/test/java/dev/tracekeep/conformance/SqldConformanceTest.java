package dev.tracekeep.conformance;

import org.junit.jupiter.api.Tag;

@Tag("engine")
final class SqldConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return new SqldFixture();
  }
}
