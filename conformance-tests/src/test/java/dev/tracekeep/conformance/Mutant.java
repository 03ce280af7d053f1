package dev.tracekeep.conformance;

import dev.tracekeep.storage.Capability;
import java.util.EnumSet;
import java.util.Set;

/**
 * A store that is broken in one way.
 *
 * @param fault what is wrong with it
 * @param capabilities what it claims
 * @param enforced what its database really does, where that matters
 * @param variant makes it
 */
record Mutant(
    String fault,
    Set<Capability> capabilities,
    Set<Capability> enforced,
    ReferenceFixture.Variant variant) {
  static Mutant of(String fault, ReferenceFixture.Variant variant) {
    return new Mutant(fault, ReferenceFixture.ALL, ReferenceFixture.ALL, variant);
  }

  /** A faultless store that claims more than it does. */
  static Mutant claiming(Capability claimed) {
    Set<Capability> really = EnumSet.copyOf(ReferenceFixture.ALL);
    really.remove(claimed);
    Set<Capability> claims = EnumSet.copyOf(really);
    claims.add(claimed);
    return new Mutant(
        "claims " + claimed + " and does not do it",
        Set.copyOf(claims),
        really,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, really) {
              @Override
              public Set<Capability> capabilities() {
                return capabilities;
              }
            });
  }

  StorageFixture fixture() {
    return new ReferenceFixture("mutant", capabilities, enforced, variant);
  }
}
