package dev.tracekeep.conformance;

/** ClickHouse. */
final class ClickHouseConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return new ClickHouseFixture();
  }
}
