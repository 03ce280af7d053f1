package dev.tracekeep.conformance;

final class LibSqlFileConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return LibSqlFixture.inFiles();
  }
}
