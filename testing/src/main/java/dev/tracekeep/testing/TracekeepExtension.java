package dev.tracekeep.testing;

import dev.tracekeep.ingest.SpanPipeline;
import dev.tracekeep.storage.ObservabilityStorage;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives each test that asks for it a {@link TraceRecorder} of its own, and closes it behind the
 * test. For JUnit Jupiter, 5 and 6; tests may run in parallel.
 *
 * <pre>{@code
 * @ExtendWith(TracekeepExtension.class)
 * class WeatherAgentTest {
 *   @Test
 *   void question_isAnsweredWithTheTool(OpenTelemetry openTelemetry, TraceRecorder recorder) {
 *     new WeatherAgent(openTelemetry).answer("Will it rain in Lisbon?");
 *
 *     assertThat(recorder.trace()).calledTool("weather").hasNoErrors().usedAtMostTokens(500);
 *   }
 * }
 * }</pre>
 *
 * <p>Parameters of tests, {@code @BeforeEach} and {@code @AfterEach} methods may be a {@link
 * TraceRecorder}, an {@link OpenTelemetry} (or {@link OpenTelemetrySdk}), a {@link SpanPipeline} or
 * an {@link ObservabilityStorage}: within one test all of one recorder.
 */
public final class TracekeepExtension implements ParameterResolver, AfterEachCallback {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(TracekeepExtension.class);

  private static final Map<Class<?>, Function<TraceRecorder, Object>> PARTS =
      Map.of(
          TraceRecorder.class, recorder -> recorder,
          OpenTelemetry.class, TraceRecorder::openTelemetry,
          OpenTelemetrySdk.class, TraceRecorder::openTelemetry,
          SpanPipeline.class, TraceRecorder::pipeline,
          ObservabilityStorage.class, TraceRecorder::storage);

  /** For {@code @ExtendWith} and {@code @RegisterExtension}. */
  public TracekeepExtension() {}

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return PARTS.containsKey(parameter.getParameter().getType());
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    if (context.getTestMethod().isEmpty()) {
      throw new ParameterResolutionException(
          type.getSimpleName()
              + " belongs to one test: take it as a parameter of the test, or of a @BeforeEach or"
              + " @AfterEach method, and not of "
              + parameter.getDeclaringExecutable().getName());
    }
    return PARTS.get(type).apply(recorder(context.getStore(NAMESPACE)));
  }

  private static TraceRecorder recorder(ExtensionContext.Store store) {
    TraceRecorder recorder = store.get(TraceRecorder.class, TraceRecorder.class);
    if (recorder == null) {
      recorder = TraceRecorder.start();
      store.put(TraceRecorder.class, recorder);
    }
    return recorder;
  }

  @Override
  public void afterEach(ExtensionContext context) {
    TraceRecorder recorder =
        context.getStore(NAMESPACE).remove(TraceRecorder.class, TraceRecorder.class);
    if (recorder != null) {
      recorder.close();
    }
  }
}
