package dev.tracekeep.conformance;

final class MongoConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return new MongoFixture();
  }
}
