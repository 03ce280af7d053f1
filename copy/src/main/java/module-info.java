/** Copies spans from one store into another. */
module dev.tracekeep.copy {
  requires dev.failsafe.core;
  requires transitive dev.tracekeep.core;
  requires static transitive org.jspecify;

  exports dev.tracekeep.copy;
}
