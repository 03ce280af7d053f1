package dev.tracekeep.conformance;

import java.io.IOException;

/** DuckDB with its database in a file. */
final class DuckDbFileConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() throws IOException {
    return DuckDbFixture.onFile();
  }
}
