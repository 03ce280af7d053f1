package dev.tracekeep.testing;

import dev.tracekeep.span.Entity;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.UsageSum;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.text.TraceText;
import dev.tracekeep.text.Wording;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.assertj.core.api.AbstractAssert;
import org.jspecify.annotations.Nullable;

/**
 * Assertions about a trace. A failure prints the trace as {@code tracekeep trace} draws it.
 *
 * <p>An assertion looks at the trace as it is, and waits for nothing: see {@link TraceRecorder} for
 * what is in it when.
 *
 * <p>A <em>tool call</em> is a span whose type is {@code tool_call}, {@code mcp_tool_call}, {@code
 * client_tool_call} or {@code provider_tool_call}. Its tool is the one that the span names
 * (OpenTelemetry's {@code gen_ai.tool.name}, for example), else the span's own name.
 *
 * <p>Not final, so that AssertJ's soft assertions can stand in for it.
 */
public class TraceAssert extends AbstractAssert<TraceAssert, Trace> {
  private static final Set<SpanType> TOOL_CALLS =
      Set.of(
          SpanType.TOOL_CALL,
          SpanType.MCP_TOOL_CALL,
          SpanType.CLIENT_TOOL_CALL,
          SpanType.PROVIDER_TOOL_CALL);

  /**
   * For AssertJ; tests begin at {@link TraceAssertions#assertThat(Trace)}.
   *
   * @param actual the trace; null fails every assertion
   */
  public TraceAssert(@Nullable Trace actual) {
    super(actual, TraceAssert.class);
  }

  // ---- the trace as a whole --------------------------------------------------------------------

  /** Fails if a span has an error. */
  public TraceAssert hasNoErrors() {
    isNotNull();
    long failed = count(SpanStatus.ERROR);
    return require(
        failed == 0,
        () ->
            "Expecting no errors, but "
                + Wording.counted(failed, "span has", "spans have")
                + " one");
  }

  /** Fails unless an error says that text: in its message, or anywhere else. */
  public TraceAssert hasErrorContaining(String text) {
    isNotNull();
    Objects.requireNonNull(text, "text");
    List<Json> errors =
        actual.spans().stream()
            .map(span -> span.payload().error())
            .filter(Objects::nonNull)
            .toList();
    return require(
        errors.stream().anyMatch(error -> error.anyString(one -> one.contains(text))),
        () ->
            "Expecting an error that contains "
                + quoted(text)
                + ", but "
                + (errors.isEmpty() ? "there is no error" : "no error does"));
  }

  /** Fails if a span is still running. */
  public TraceAssert isFinished() {
    isNotNull();
    long running = actual.spans().stream().filter(span -> span.times().endedAt() == null).count();
    return require(
        running == 0,
        () ->
            "Expecting a finished trace, but "
                + Wording.counted(running, "span has", "spans have")
                + " not ended");
  }

  /**
   * Fails if the {@linkplain TraceText#outline outline} is another one.
   *
   * @param outline as {@code TraceText.plain().outline(trace)} gives it; line feeds at its end do
   *     not count
   */
  public TraceAssert hasOutline(String outline) {
    isNotNull();
    String expected = outline.replaceFirst("\\n+$", "");
    String found = TraceText.plain().outline(actual);
    if (!found.equals(expected)) {
      throw failureWithActualExpected(
          found,
          expected,
          "%s",
          new Unquoted(
              "Expecting the outline\n\n" + expected + "\n\nbut it is\n\n" + found + "\n"));
    }
    return this;
  }

  private long count(SpanStatus status) {
    return actual.spans().stream().filter(span -> span.status() == status).count();
  }

  // ---- spans -----------------------------------------------------------------------------------

  /** Fails unless a span has that name. */
  public TraceAssert hasSpan(String name) {
    isNotNull();
    Objects.requireNonNull(name, "name");
    return require(
        actual.spans().stream().anyMatch(span -> span.name().equals(name)),
        () -> "Expecting a span " + quoted(name) + ", but there is none");
  }

  /**
   * Fails unless spans with these names stand in the trace in this order, by their start; there may
   * be others between them. A name that is given twice needs two spans.
   */
  public TraceAssert hasSpansInOrder(String... names) {
    isNotNull();
    int next = 0;
    for (Span span : actual.spans()) {
      if (next < names.length && span.name().equals(names[next])) {
        next++;
      }
    }
    int found = next;
    return require(
        found == names.length,
        () ->
            "Expecting the spans "
                + quoted(List.of(names))
                + " in this order, but there is no "
                + quoted(names[found])
                + (found == 0 ? "" : " behind " + quoted(List.of(names).subList(0, found))));
  }

  // ---- tools -----------------------------------------------------------------------------------

  /** Fails unless that tool was called, once or more. */
  public TraceAssert calledTool(String tool) {
    isNotNull();
    Objects.requireNonNull(tool, "tool");
    return require(
        calls().anyMatch(tool),
        () -> "Expecting a call of the tool " + quoted(tool) + ", but " + calls().described());
  }

  /**
   * Fails unless that tool was called so often.
   *
   * @param times 0 or more
   */
  public TraceAssert calledTool(String tool, int times) {
    isNotNull();
    Objects.requireNonNull(tool, "tool");
    int found = calls().of(tool).size();
    return require(
        found == times,
        () ->
            "Expecting "
                + Wording.counted(times, "call", "calls")
                + " of the tool "
                + quoted(tool)
                + ", but there "
                + (found == 1 ? "is 1" : "are " + found));
  }

  /** Fails if that tool was called. */
  public TraceAssert didNotCallTool(String tool) {
    return calledTool(tool, 0);
  }

  /** Fails unless these are all tool calls, in the order of their starts. */
  public TraceAssert calledToolsExactly(String... tools) {
    isNotNull();
    return require(
        calls().tools().equals(Arrays.asList(tools)),
        () ->
            "Expecting "
                + (tools.length == 0
                    ? "no tool call"
                    : "exactly the tool calls " + quoted(List.of(tools)))
                + ", but "
                + calls().described());
  }

  /**
   * Fails unless that tool was called with an input that is the same JSON: members in any order,
   * numbers by value.
   *
   * @param inputJson JSON
   * @throws InvalidSpanException if that is no JSON
   */
  public TraceAssert calledToolWith(String tool, String inputJson) {
    isNotNull();
    Objects.requireNonNull(tool, "tool");
    Json expected = Json.parse(inputJson);
    List<Json> inputs =
        calls().of(tool).stream()
            .map(span -> span.payload().input())
            .filter(Objects::nonNull)
            .toList();
    return require(
        inputs.stream().anyMatch(expected::sameValue),
        () ->
            "Expecting a call of the tool "
                + quoted(tool)
                + " with the input "
                + expected.text()
                + ", but "
                + (!calls().anyMatch(tool)
                    ? calls().described()
                    : inputs.isEmpty()
                        ? "its calls say no input"
                        : "its input was "
                            + inputs.stream().map(Json::text).collect(Collectors.joining(", "))));
  }

  private Calls calls() {
    return new Calls(
        actual.spans().stream().filter(span -> TOOL_CALLS.contains(span.type())).toList());
  }

  /** The tool calls of a trace, by their start. */
  private record Calls(List<Span> spans) {
    private static String tool(Span call) {
      Entity entity = call.entity();
      return "tool".equals(entity.type()) && entity.name() != null ? entity.name() : call.name();
    }

    List<String> tools() {
      return spans.stream().map(Calls::tool).toList();
    }

    List<Span> of(String tool) {
      return spans.stream().filter(call -> tool(call).equals(tool)).toList();
    }

    boolean anyMatch(String tool) {
      return tools().contains(tool);
    }

    String described() {
      return spans.isEmpty() ? "no tool was called" : "what was called is " + quoted(tools());
    }
  }

  // ---- models ----------------------------------------------------------------------------------

  /** Fails unless a span names that model as the one that answered, or else was asked. */
  public TraceAssert usedModel(String model) {
    isNotNull();
    Objects.requireNonNull(model, "model");
    List<String> models =
        actual.spans().stream()
            .map(span -> span.usage().model())
            .filter(Objects::nonNull)
            .distinct()
            .toList();
    return require(
        models.contains(model),
        () ->
            "Expecting the model "
                + quoted(model)
                + ", but "
                + (models.isEmpty()
                    ? "no span names a model"
                    : "what was used is " + quoted(models)));
  }

  /**
   * Fails if all model calls together used more tokens, in and out. What a span repeats of those
   * below it counts once.
   *
   * <p>Fails, too, if no span says how many it used.
   */
  public TraceAssert usedAtMostTokens(long limit) {
    isNotNull();
    BigDecimal used = UsageSum.of(actual.spans()).tokens().orElse(null);
    BigDecimal most = BigDecimal.valueOf(limit);
    return require(
        used != null && used.compareTo(most) <= 0,
        () ->
            "Expecting at most "
                + Wording.tokens(most)
                + ", but "
                + (used == null
                    ? "no span says how many it used"
                    : Wording.tokens(used) + " were used"));
  }

  /**
   * Fails if all model calls together cost more, in the currency of whoever wrote the costs. What a
   * span repeats of those below it counts once.
   *
   * <p>Fails, too, if no span says what it cost.
   *
   * @param limit a decimal number such as {@code "0.05"}
   * @throws NumberFormatException if it is none
   */
  public TraceAssert costAtMost(String limit) {
    isNotNull();
    BigDecimal most = new BigDecimal(limit);
    BigDecimal cost = UsageSum.of(actual.spans()).numbers().get(SpanColumn.COST);
    return require(
        cost != null && cost.compareTo(most) <= 0,
        () ->
            "Expecting a cost of at most "
                + most.toPlainString()
                + ", but "
                + (cost == null ? "no span says what it cost" : "it was " + cost.toPlainString()));
  }

  // ---- failures --------------------------------------------------------------------------------

  private TraceAssert require(boolean isMet, Supplier<String> message) {
    if (!isMet) {
      throw failure("%s", new Unquoted(message.get() + ":\n\n" + TraceRecorder.drawing(actual)));
    }
    return this;
  }

  private static String quoted(String text) {
    return '"' + text + '"';
  }

  private static String quoted(List<String> texts) {
    return texts.stream().map(TraceAssert::quoted).collect(Collectors.joining(", "));
  }

  /** Text that AssertJ puts into a message as it is, signs of formats included. */
  private record Unquoted(String text) {
    @Override
    public String toString() {
      return text;
    }
  }
}
