package dev.tracekeep.conformance;

final class LibSqlMemoryConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return LibSqlFixture.inMemory();
  }
}
