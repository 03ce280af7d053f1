package dev.tracekeep.conformance;

/** PostgreSQL. */
final class PgConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return new PgFixture();
  }
}
