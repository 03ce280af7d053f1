package dev.tracekeep.conformance;

import org.junit.jupiter.api.Tag;

/** DuckDB with its database in memory. */
@Tag("engine")
final class DuckDbMemoryConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return DuckDbFixture.inMemory();
  }
}
