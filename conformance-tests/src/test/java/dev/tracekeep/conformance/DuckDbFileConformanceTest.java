package dev.tracekeep.conformance;

import java.io.IOException;
import org.junit.jupiter.api.Tag;

/** DuckDB with its database in a file. */
@Tag("engine")
final class DuckDbFileConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() throws IOException {
    return DuckDbFixture.onFile();
  }
}
