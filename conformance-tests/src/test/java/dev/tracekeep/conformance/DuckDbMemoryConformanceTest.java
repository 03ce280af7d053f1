package dev.tracekeep.conformance;

/** DuckDB with its database in memory. */
final class DuckDbMemoryConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return DuckDbFixture.inMemory();
  }
}
