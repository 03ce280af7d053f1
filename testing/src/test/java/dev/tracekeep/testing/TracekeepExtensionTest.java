package dev.tracekeep.testing;

import static dev.tracekeep.testing.TraceAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.ingest.SpanPipeline;
import dev.tracekeep.storage.ObservabilityStorage;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.engine.JupiterTestEngine;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;

@ExtendWith(TracekeepExtension.class)
class TracekeepExtensionTest {
  private static final List<TraceRecorder> GIVEN = new ArrayList<>();

  private static void work(OpenTelemetry openTelemetry, String name) {
    openTelemetry.getTracer("agent").spanBuilder(name).startSpan().end();
  }

  @BeforeEach
  void before(OpenTelemetry openTelemetry) {
    work(openTelemetry, "prepare");
  }

  @Test
  void parameters_ofOneTest_areOfOneRecorder(
      TraceRecorder recorder,
      OpenTelemetrySdk sdk,
      SpanPipeline pipeline,
      ObservabilityStorage storage) {
    assertThat(recorder.openTelemetry()).isSameAs(sdk);
    assertThat(recorder.pipeline()).isSameAs(pipeline);
    assertThat(recorder.storage()).isSameAs(storage);
    assertThat(recorder.trace()).hasOutline("prepare");
  }

  @Test
  void eachTest_beginsWithAnEmptyStore() {
    GIVEN.clear();
    EngineExecutionResults results = run(TwoTests.class);

    results.testEvents().assertStatistics(events -> events.succeeded(2).failed(0));
    assertThat(GIVEN).hasSize(2).doesNotHaveDuplicates();
    // Both are closed behind their tests.
    assertThat(GIVEN)
        .allSatisfy(
            recorder ->
                assertThatThrownBy(recorder::traces).isInstanceOf(IllegalStateException.class));
  }

  @Test
  void parameterOfAWholeClass_isRefusedInWords() {
    EngineExecutionResults results = run(ForAll.class);

    assertThat(results.containerEvents().failed().stream().toList())
        .singleElement()
        .extracting(
            event ->
                event
                    .getRequiredPayload(org.junit.platform.engine.TestExecutionResult.class)
                    .getThrowable()
                    .orElseThrow()
                    .getMessage())
        .isEqualTo(
            "TraceRecorder belongs to one test: take it as a parameter of the test, or of a"
                + " @BeforeEach or @AfterEach method, and not of all");
  }

  private static EngineExecutionResults run(Class<?> tests) {
    return EngineTestKit.engine(new JupiterTestEngine())
        .selectors(DiscoverySelectors.selectClass(tests))
        .execute();
  }

  /** One instance for both tests, which is the harder case. */
  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  @ExtendWith(TracekeepExtension.class)
  static class TwoTests {
    @Test
    void first(OpenTelemetry openTelemetry) {
      work(openTelemetry, "first");
    }

    @Test
    void second(OpenTelemetry openTelemetry) {
      work(openTelemetry, "second");
    }

    @AfterEach
    void after(TraceRecorder recorder) {
      GIVEN.add(recorder);
      assertThat(recorder.trace().spans()).hasSize(1);
    }
  }

  @ExtendWith(TracekeepExtension.class)
  static class ForAll {
    @BeforeAll
    static void all(TraceRecorder recorder) {}

    @Test
    void test() {}
  }
}
