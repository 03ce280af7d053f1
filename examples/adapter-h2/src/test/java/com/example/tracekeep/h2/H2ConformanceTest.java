package com.example.tracekeep.h2;

import dev.tracekeep.conformance.StorageConformanceKit;
import dev.tracekeep.conformance.StorageFixture;
import java.nio.file.Files;

/** All checks of the kit, on H2 in a file. */
final class H2ConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() throws Exception {
    return new H2Fixture(Files.createTempDirectory("tracekeep-h2"));
  }
}
