package dev.tracekeep.conformance;

import org.junit.jupiter.api.Tag;

@Tag("engine")
final class LibSqlFileConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return LibSqlFixture.inFiles();
  }
}
