package dev.tracekeep.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Runs seeds of the {@link Simulation}. {@code -Dtracekeep.simulation.seeds=10000} runs more of
 * them, {@code -Dtracekeep.simulation.seed=42} the one that failed, exactly as it failed.
 */
class SimulationTest {
  @Test
  void seeds_keepAllPromises() {
    Long one = Long.getLong("tracekeep.simulation.seed");
    if (one != null) {
      Simulation.run(one);
      return;
    }
    int seeds = Integer.getInteger("tracekeep.simulation.seeds", 1_500);
    Map<String, Integer> happened = new TreeMap<>();
    for (long seed = 0; seed < seeds; seed++) {
      Simulation.run(seed).forEach((what, times) -> happened.merge(what, times, Integer::sum));
    }
    System.out.println(seeds + " seeds of the simulation: " + happened);
    // A simulation in which nothing happens would keep every promise.
    assertThat(happened.keySet())
        .contains(
            "acknowledgement lost",
            "call stored in part",
            "call while the store is down",
            "letter replayed",
            "operation DEAD_LETTERED",
            "operation DROPPED",
            "operation MISSING",
            "operation REFUSED",
            "operation WRITTEN",
            "process closed",
            "process killed",
            "replayed letter refused");
  }

  @Test
  void seed_givesTheSameRunEveryTime() {
    for (long seed = 0; seed < 20; seed++) {
      assertThat(Simulation.run(seed)).isEqualTo(Simulation.run(seed));
    }
  }
}
