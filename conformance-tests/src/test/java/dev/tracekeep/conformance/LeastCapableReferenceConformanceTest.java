package dev.tracekeep.conformance;

import java.util.Set;

/** The same store without any capability: every check takes the other branch. */
final class LeastCapableReferenceConformanceTest extends StorageConformanceKit {
  @Override
  protected StorageFixture openFixture() {
    return new ReferenceFixture("reference-least", Set.of(), ReferenceStorage::new);
  }
}
