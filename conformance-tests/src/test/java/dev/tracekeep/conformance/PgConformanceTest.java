package dev.tracekeep.conformance;

import org.junit.jupiter.api.Tag;

/** PostgreSQL. */
@Tag("engine")
final class PgConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return new PgFixture();
  }
}
