package dev.tracekeep.conformance;

final class SqldConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return new SqldFixture();
  }
}
