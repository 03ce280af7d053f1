package dev.tracekeep.conformance;

import org.junit.jupiter.api.Tag;

@Tag("engine")
final class CitusConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return new CitusFixture();
  }
}
