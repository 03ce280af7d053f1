package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.EngineFilter;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** The kit has teeth: every store that is broken on purpose fails at least one check. */
@Tag("slow")
final class MutationTest {
  /** The same random cases for every mutant and every build. */
  private static final String SEED = "20261120";

  private static @Nullable Mutant current;

  /** Found by no build: it is no top-level class, and is not named like a test. */
  static final class Victim extends StorageConformanceKit {
    @Override
    protected StorageFixture openFixture() {
      if (current == null) {
        throw new IllegalStateException("No mutant was chosen");
      }
      return current.fixture();
    }
  }

  @Test
  void everyMutant_isKilled() throws IOException {
    List<Mutant> mutants = new ArrayList<>();
    mutants.addAll(WriteMutants.all());
    mutants.addAll(ReadMutants.all());
    mutants.addAll(MigrationMutants.all());
    assertThat(mutants).hasSizeGreaterThanOrEqualTo(30);
    assertThat(mutants.stream().map(Mutant::fault)).doesNotHaveDuplicates();

    System.setProperty("tracekeep.conformance.seed", SEED);
    System.setProperty("tracekeep.conformance.shrinking-seconds", "0");
    Map<String, List<String>> killers = new LinkedHashMap<>();
    try {
      current = Mutant.of("nothing is wrong", ReferenceStorage::new);
      assertThat(failures()).as("checks that fail without a fault").isEmpty();
      for (Mutant mutant : mutants) {
        current = mutant;
        killers.put(mutant.fault(), failures());
      }
    } finally {
      System.clearProperty("tracekeep.conformance.seed");
      System.clearProperty("tracekeep.conformance.shrinking-seconds");
    }
    report(killers);
    assertThat(killers.entrySet().stream().filter(entry -> entry.getValue().isEmpty()))
        .as("mutants that survive")
        .isEmpty();
  }

  private static List<String> failures() {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectClass(Victim.class))
            .filters(EngineFilter.includeEngines("junit-jupiter"))
            .configurationParameter("tracekeep.conformance.directory", "none")
            .build();
    TreeSet<String> failed = new TreeSet<>();
    LauncherFactory.create()
        .execute(
            request,
            new TestExecutionListener() {
              @Override
              public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                if (result.getStatus() == TestExecutionResult.Status.FAILED) {
                  failed.add(
                      test.getSource()
                          .filter(MethodSource.class::isInstance)
                          .map(source -> ((MethodSource) source).getMethodName())
                          .orElse("the start of the kit"));
                }
              }
            });
    return List.copyOf(failed);
  }

  private static void report(Map<String, List<String>> killers) throws IOException {
    List<Json> mutants = new ArrayList<>();
    killers.forEach(
        (fault, checks) -> {
          System.out.println("mutant: " + fault + ": killed by " + checks);
          mutants.add(
              Json.objectBuilder()
                  .put("fault", fault)
                  .put("killers", Json.array(checks.stream().map(Json::of).toList()))
                  .build());
        });
    Path directory = Path.of("target", "conformance");
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("mutants.json"), Json.array(mutants).text() + "\n");
  }
}
