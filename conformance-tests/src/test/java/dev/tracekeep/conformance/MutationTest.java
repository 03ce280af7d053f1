package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.MethodOrdererContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.EngineFilter;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * The kit has teeth: every store that is broken on purpose fails at least one check. A build is
 * content with the first one; with {@code tracekeep.conformance.killers=all} all are found, for the
 * list in docs/conformance.md.
 */
@Tag("slow")
final class MutationTest {
  /** The same random cases for every mutant and every build. */
  private static final String SEED = "20261120";

  private static @Nullable Mutant current;

  /** What the checks take on a store without a fault, in nanoseconds, by the names of methods. */
  private static final Map<String, Long> DURATIONS = new ConcurrentHashMap<>();

  /** Whether a mutant that was killed is tried on, for the list of all its killers. */
  private static boolean triesAll;

  private static volatile boolean killed;

  /** What a store of a few lines fails whatever its fault is: others must have their try first. */
  private static final String BESIDE_THE_POINT = "nullArguments_areNamed";

  /** The cheap checks first, because most mutants meet one that kills them. */
  static final class CheapFirst implements MethodOrderer {
    @Override
    public void orderMethods(MethodOrdererContext context) {
      context
          .getMethodDescriptors()
          .sort(
              Comparator.comparing(
                  check -> {
                    String name = check.getMethod().getName();
                    return name.equals(BESIDE_THE_POINT)
                        ? Long.MAX_VALUE
                        : DURATIONS.getOrDefault(name, 0L);
                  }));
    }
  }

  /** Passes over the checks behind the one that killed the mutant. */
  static final class UntilKilled implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      return killed && !triesAll
          ? ConditionEvaluationResult.disabled("the mutant is dead")
          : ConditionEvaluationResult.enabled("the mutant lives");
    }
  }

  /** Found by no build: it is no top-level class, and is not named like a test. */
  @ExtendWith(UntilKilled.class)
  @TestMethodOrder(CheapFirst.class)
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

    triesAll = System.getProperty("tracekeep.conformance.killers", "").equals("all");
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
    killed = false;
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectClass(Victim.class))
            .filters(EngineFilter.includeEngines("junit-jupiter"))
            .configurationParameter("tracekeep.conformance.directory", "none")
            .build();
    TreeSet<String> failed = new TreeSet<>();
    boolean measures = DURATIONS.isEmpty();
    Map<String, Long> starts = new HashMap<>();
    LauncherFactory.create()
        .execute(
            request,
            new TestExecutionListener() {
              @Override
              public void executionStarted(TestIdentifier test) {
                starts.put(test.getUniqueId(), System.nanoTime());
              }

              @Override
              public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                Optional<String> check =
                    test.getSource()
                        .filter(MethodSource.class::isInstance)
                        .map(source -> ((MethodSource) source).getMethodName());
                if (result.getStatus() == TestExecutionResult.Status.FAILED) {
                  killed = true;
                  failed.add(check.orElse("the start of the kit"));
                }
                if (measures) {
                  long nanos = System.nanoTime() - starts.get(test.getUniqueId());
                  check.ifPresent(name -> DURATIONS.merge(name, nanos, Long::sum));
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
