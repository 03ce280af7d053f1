package dev.tracekeep.conformance;

/** The oracle has to pass the checks that it is the measure of. */
final class ReferenceConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return new ReferenceFixture("reference", ReferenceFixture.ALL, ReferenceStorage::new);
  }
}
