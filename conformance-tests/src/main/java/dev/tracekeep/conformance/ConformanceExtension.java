package dev.tracekeep.conformance;

import dev.tracekeep.conformance.CheckResult.Outcome;
import dev.tracekeep.storage.Health;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeTestExecutionCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * Gives the kit its fixture, leaves out what is excluded (aloud), and writes the result of each
 * check down.
 */
final class ConformanceExtension
    implements BeforeAllCallback,
        AfterAllCallback,
        BeforeTestExecutionCallback,
        AfterTestExecutionCallback,
        ExecutionCondition {
  private static final Namespace NAMESPACE = Namespace.create(ConformanceExtension.class);

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    ConformanceSession kit = (ConformanceSession) context.getRequiredTestInstance();
    StorageFixture fixture = kit.startFixture();
    RunResult run = new RunResult(fixture.name(), fixture.access());
    context.getStore(NAMESPACE).put("run", run);
    requireRun(context, fixture);
    Set<String> unknown = new TreeSet<>(fixture.exclusions().keySet());
    unknown.removeAll(names(context));
    if (!unknown.isEmpty()) {
      throw new IllegalStateException(
          "The fixture "
              + fixture.name()
              + " excludes checks that the kit does not have: "
              + unknown);
    }
    fixture
        .exclusions()
        .forEach(
            (check, reason) -> {
              if (reason.isBlank()) {
                throw new IllegalStateException("The exclusion of " + check + " has no reason");
              }
            });
    if (fixture.access().way() != EngineAccess.Way.NOT_RUN) {
      Health health = kit.storage().check();
      if (!health.up()) {
        throw new IllegalStateException(
            "The engine of the fixture " + fixture.name() + " is down: " + health.message());
      }
      run.engine(health.engine(), kit.capabilities());
      kit.endCheck();
    }
  }

  private static void requireRun(ExtensionContext context, StorageFixture fixture) {
    String required = context.getConfigurationParameter("tracekeep.require").orElse("");
    String engine = fixture.name().split("-", 2)[0];
    boolean isRequired = Arrays.asList(required.split("[, ]+")).contains(engine);
    if (fixture.access().way() == EngineAccess.Way.NOT_RUN) {
      if (isRequired) {
        throw new IllegalStateException(
            "tracekeep.require asks for " + engine + ", but it is " + fixture.access());
      }
      System.out.println(fixture.name() + ": " + fixture.access());
    }
  }

  private static Set<String> names(ExtensionContext context) {
    return Arrays.stream(context.getRequiredTestClass().getMethods())
        .filter(method -> method.isAnnotationPresent(Test.class))
        .map(Method::getName)
        .collect(Collectors.toSet());
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    if (context.getTestMethod().isEmpty() || !isCheck(context)) {
      return ConditionEvaluationResult.enabled("");
    }
    ConformanceSession kit = (ConformanceSession) context.getRequiredTestInstance();
    StorageFixture fixture = kit.fixture();
    String check = context.getRequiredTestMethod().getName();
    if (fixture.access().way() == EngineAccess.Way.NOT_RUN) {
      run(context).add(result(context, Outcome.NOT_RUN, fixture.access().note(), 0));
      return ConditionEvaluationResult.disabled(fixture.access().toString());
    }
    String reason = fixture.exclusions().get(check);
    if (reason == null) {
      return ConditionEvaluationResult.enabled("");
    }
    run(context).add(result(context, Outcome.EXCLUDED, reason, 0));
    System.out.println(fixture.name() + ": " + check + " EXCLUDED: " + reason);
    return ConditionEvaluationResult.disabled(reason);
  }

  @Override
  public void beforeTestExecution(ExtensionContext context) {
    context.getStore(NAMESPACE).put("start", System.nanoTime());
  }

  @Override
  public void afterTestExecution(ExtensionContext context) throws Exception {
    ConformanceSession kit = (ConformanceSession) context.getRequiredTestInstance();
    long start = context.getStore(NAMESPACE).get("start", Long.class);
    long millis = (System.nanoTime() - start) / 1_000_000;
    Throwable failure = context.getExecutionException().orElse(null);
    String refusal = null;
    try {
      refusal = kit.endCheck();
    } catch (Exception e) {
      failure = failure == null ? e : failure;
      throw e;
    } finally {
      if (isCheck(context)) {
        run(context).add(outcome(context, failure, refusal, millis));
      }
    }
  }

  private static CheckResult outcome(
      ExtensionContext context,
      @Nullable Throwable failure,
      @Nullable String refusal,
      long millis) {
    if (failure instanceof ConformanceSession.NotApplicable notApplicable) {
      String reason = String.valueOf(notApplicable.getMessage());
      System.out.println(
          run(context).name()
              + ": "
              + context.getRequiredTestMethod().getName()
              + " EXCLUDED: "
              + reason);
      return result(context, Outcome.EXCLUDED, reason, millis);
    }
    if (failure != null) {
      String message = String.valueOf(failure.getMessage()).strip();
      return result(
          context, Outcome.FAILED, message.substring(0, Math.min(message.length(), 500)), millis);
    }
    return refusal == null
        ? result(context, Outcome.PASSED, "", millis)
        : result(context, Outcome.REFUSED_AS_DECLARED, refusal, millis);
  }

  private static CheckResult result(
      ExtensionContext context, Outcome outcome, String note, long millis) {
    Method method = context.getRequiredTestMethod();
    CheckGroup group = method.getDeclaringClass().getAnnotation(CheckGroup.class);
    return new CheckResult(group.value(), method.getName(), outcome, note, millis);
  }

  /** An author may add tests of his own to the class; they are no part of the report. */
  private static boolean isCheck(ExtensionContext context) {
    return context
        .getRequiredTestMethod()
        .getDeclaringClass()
        .isAnnotationPresent(CheckGroup.class);
  }

  private static RunResult run(ExtensionContext context) {
    return context.getStore(NAMESPACE).get("run", RunResult.class);
  }

  @Override
  public void afterAll(ExtensionContext context) throws Exception {
    ((ConformanceSession) context.getRequiredTestInstance()).endFixture();
    RunResult run = run(context);
    String directory =
        context
            .getConfigurationParameter("tracekeep.conformance.directory")
            .orElse("target/conformance");
    if (run != null && !directory.equals("none")) {
      run.write(Path.of(directory));
    }
  }
}
