package dev.tracekeep.conformance;

import org.junit.jupiter.api.Tag;

/** ClickHouse. */
@Tag("engine")
final class ClickHouseConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return new ClickHouseFixture();
  }
}
