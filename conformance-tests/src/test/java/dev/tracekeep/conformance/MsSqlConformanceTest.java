package dev.tracekeep.conformance;

final class MsSqlConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return new MsSqlFixture();
  }
}
