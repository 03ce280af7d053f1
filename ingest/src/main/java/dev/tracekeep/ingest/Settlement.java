package dev.tracekeep.ingest;

/** Is told what became of each operation that was handed in with it. */
@FunctionalInterface
interface Settlement {
  /** Called once for each operation. */
  void settled(Operation operation, Outcome outcome);
}
