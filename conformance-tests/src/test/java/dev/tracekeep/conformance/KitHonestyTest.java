package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tracekeep.conformance.CheckResult.Outcome;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.EngineFilter;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** The kit says what it did not do, and never passes by doing nothing. */
final class KitHonestyTest {
  @TempDir private Path results;

  /** Makes the fixture of the run. */
  private interface FixtureMaker {
    StorageFixture make() throws Exception;
  }

  private static @Nullable FixtureMaker maker;

  /** Not named like a test, so that no build finds it. */
  static final class Run extends StorageConformanceKit {
    @Override
    protected StorageFixture openFixture() throws Exception {
      if (maker == null) {
        throw new IllegalStateException("No fixture was chosen");
      }
      return maker.make();
    }
  }

  private static StorageFixture with(EngineAccess access, Map<String, String> exclusions) {
    return new ForwardingFixture(
        new ReferenceFixture("engine-file", ReferenceFixture.ALL, ReferenceStorage::new),
        access,
        exclusions);
  }

  private TestExecutionSummary run(FixtureMaker fixture, String required) {
    maker = fixture;
    SummaryGeneratingListener summary = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(Run.class))
                .filters(EngineFilter.includeEngines("junit-jupiter"))
                .configurationParameter("tracekeep.conformance.directory", results.toString())
                .configurationParameter("tracekeep.require", required)
                .build(),
            summary);
    return summary.getSummary();
  }

  private List<Outcome> outcomes() throws IOException {
    return ConformanceReport.read(results).runs().get(0).results().stream()
        .map(CheckResult::outcome)
        .distinct()
        .toList();
  }

  @Test
  void checks_areFinalAndPublic() {
    for (Method method : StorageConformanceKit.class.getMethods()) {
      if (method.isAnnotationPresent(Test.class)) {
        assertThat(Modifier.isFinal(method.getModifiers())).as(method.getName()).isTrue();
      }
    }
    assertThat(CheckCatalog.groups().values().stream().mapToInt(List::size).sum())
        .isEqualTo(
            (int)
                Arrays.stream(StorageConformanceKit.class.getMethods())
                    .filter(method -> method.isAnnotationPresent(Test.class))
                    .count());
  }

  @Test
  void missingEngine_isNotRunAndSaysSo() throws IOException {
    FixtureMaker missing = () -> with(EngineAccess.notRun("no such server"), Map.of());
    TestExecutionSummary summary = run(missing, "");
    assertThat(summary.getTestsStartedCount()).isZero();
    assertThat(summary.getTotalFailureCount()).isZero();
    assertThat(outcomes()).containsExactly(Outcome.NOT_RUN);
    assertThat(new MarkdownReport(ConformanceReport.read(results)).text())
        .contains("NOT RUN (no such server)");
  }

  @Test
  void missingEngine_failsWhereItIsRequired() {
    TestExecutionSummary summary =
        run(() -> with(EngineAccess.notRun("no such server"), Map.of()), "other, engine");
    assertThat(summary.getTotalFailureCount()).isPositive();
    assertThat(summary.getFailures().get(0).getException())
        .hasMessageContaining("tracekeep.require")
        .hasMessageContaining("no such server");
  }

  @Test
  void engineThatCannotBeReached_fails() {
    TestExecutionSummary summary =
        run(
            () -> {
              throw new IOException("connection refused");
            },
            "");
    assertThat(summary.getTotalFailureCount()).isPositive();
    assertThat(summary.getTestsSucceededCount()).isZero();
  }

  @Test
  void exclusion_needsAReasonAndACheck() {
    for (Map<String, String> wrong :
        List.of(Map.of("ties_areDeterministic", " "), Map.of("noSuchCheck", "it is slow"))) {
      TestExecutionSummary summary = run(() -> with(EngineAccess.embedded(), wrong), "");
      assertThat(summary.getTotalFailureCount()).as("%s", wrong).isPositive();
      assertThat(summary.getTestsSucceededCount()).isZero();
    }
  }

  @Test
  void exclusion_standsInTheReport() throws IOException {
    Map<String, String> exclusions = Map.of("ties_areDeterministic", "this engine has no ties");
    TestExecutionSummary summary = run(() -> with(EngineAccess.embedded(), exclusions), "");
    assertThat(summary.getTotalFailureCount()).isZero();
    CheckResult result =
        ConformanceReport.result(
                ConformanceReport.read(results).runs().get(0), "ties_areDeterministic")
            .orElseThrow();
    assertThat(result.outcome()).isEqualTo(Outcome.EXCLUDED);
    assertThat(result.note()).isEqualTo("this engine has no ties");
    assertThat(new HtmlReport(ConformanceReport.read(results)).text())
        .contains("this engine has no ties");
  }

  @Test
  void failedProperty_isShrunkAndNamesItsSeed() {
    Throwable failure = catchThrowable(KitHonestyTest::breakProperty);
    Matcher seed = Pattern.compile("seed=(-?\\d+)\nsmallest: 1000\n").matcher(failure.getMessage());
    assertThat(seed.find()).as(failure.getMessage()).isTrue();
    System.setProperty("tracekeep.conformance.seed", seed.group(1));
    try {
      assertThat(catchThrowable(KitHonestyTest::breakProperty)).hasMessage(failure.getMessage());
    } finally {
      System.clearProperty("tracekeep.conformance.seed");
    }
  }

  private static void breakProperty() {
    PropertyCheck.check(
        1000,
        Arbitraries.integers().between(0, 1_000_000),
        value -> "smallest: " + value,
        value -> assertThat(value).isLessThan(1000));
  }
}
