package dev.tracekeep.conventions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanKind;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.Usage;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConventionsTest {
  private record Event(String name, Attributes attributes) implements TelemetrySpan.Event {}

  private static final Convention OWN =
      Convention.named("own", "1", "https://example.org")
          .recognizedBy("own.*", "exact")
          .take(Meaning.MODEL, "own.model", "own.other", "gen_ai.request.model")
          .build();

  private static Attributes attributes(Object... namesAndValues) {
    Attributes attributes = new Attributes();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      String name = (String) namesAndValues[i];
      if (namesAndValues[i + 1] instanceof Long number) {
        attributes.put(name, number);
      } else if (namesAndValues[i + 1] instanceof Json json) {
        attributes.put(name, json);
      } else {
        attributes.put(name, (String) namesAndValues[i + 1]);
      }
    }
    return attributes;
  }

  private static TelemetrySpan span(Attributes attributes, Event... events) {
    return new TelemetrySpan("work", null, attributes, List.of(events), Attributes.none(), "");
  }

  private static SpanDescription describe(Attributes attributes, Event... events) {
    return Conventions.standard().describe(span(attributes, events));
  }

  @Test
  void convention_isAskedOnlyWhereASpanFollowsIt() {
    Conventions own = Conventions.of(List.of(OWN));

    assertThat(own.describe(span(attributes("gen_ai.request.model", "m"))).text(Meaning.MODEL))
        .isNull();
    assertThat(
            own.describe(span(attributes("gen_ai.request.model", "m", "own.x", "")))
                .text(Meaning.MODEL))
        .isEqualTo("m");
    assertThat(
            own.describe(span(attributes("gen_ai.request.model", "m", "exact", "")))
                .text(Meaning.MODEL))
        .isEqualTo("m");
    assertThat(
            own.describe(span(attributes("gen_ai.request.model", "m", "exactly", "")))
                .text(Meaning.MODEL))
        .isNull();
  }

  @Test
  void ownConvention_isAskedBeforeTheStandardOnes() {
    Attributes attributes = attributes("gen_ai.request.model", "m", "own.model", "mine");

    assertThat(Conventions.standard().describe(span(attributes)).text(Meaning.MODEL))
        .isEqualTo("m");
    assertThat(Conventions.standard().after(OWN).describe(span(attributes)).text(Meaning.MODEL))
        .isEqualTo("mine");
  }

  @Test
  void attributeWithoutAValueThatFits_leavesItToTheNextOne() {
    Conventions own = Conventions.of(List.of(OWN));

    assertThat(
            own.describe(span(attributes("own.model", "", "own.other", "second")))
                .text(Meaning.MODEL))
        .isEqualTo("second");
    assertThat(
            own.describe(span(attributes("own.model", Json.NULL, "own.other", "second")))
                .text(Meaning.MODEL))
        .isEqualTo("second");
  }

  @Test
  void moreThan64Conventions_areRefused() {
    assertThat(Conventions.of(Collections.nCopies(64, OWN)).all()).hasSize(64);
    assertThatThrownBy(() -> Conventions.of(Collections.nCopies(65, OWN)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("there are 65 conventions: at most 64 go");
  }

  @Test
  void lastOf64Conventions_isAsked() {
    List<Convention> conventions = new ArrayList<>();
    for (int i = 0; i < 63; i++) {
      conventions.add(Convention.named("n" + i, "1", "s").recognizedBy("x" + i).build());
    }
    conventions.add(OWN);

    assertThat(
            Conventions.of(conventions)
                .describe(span(attributes("own.model", "m")))
                .text(Meaning.MODEL))
        .isEqualTo("m");
  }

  @Test
  void markerThatIsNotAscii_isRefused() {
    Convention convention = Convention.named("own", "1", "s").recognizedBy("\u00e9*").build();

    assertThatThrownBy(() -> Conventions.of(List.of(convention)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "own is recognized by \u00e9*: the name of an attribute starts with an ASCII"
                + " character");
  }

  @Test
  void namesOfAttributes_mayBeAnything() {
    SpanDescription description =
        describe(attributes("", "x", "\u00e9", "y", "g", "z", "gen_ai.", "w"));

    assertThat(description.type()).isEqualTo(SpanType.GENERIC);
    assertThat(description.metadata(null)).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "12,12",
    "12.0,12",
    "1.2e1,12",
    "9007199254740992,9007199254740992",
    "9007199254740993,",
    "12.5,",
    "-1,",
    "1e999999999,",
    "1e-999999999,",
    "twelve,",
    "'',",
    "0x10,",
    "NaN,"
  })
  void count_isAWholeNumberInAnySpelling(String text, Long count) {
    assertThat(Values.count(text)).isEqualTo(count);
    if (text.matches("[0-9].*") && !text.startsWith("0x")) {
      assertThat(Values.count(Json.ofStored(text))).isEqualTo(count);
    }
  }

  @Test
  void count_ofAnythingButANumber_isNone() {
    assertThat(Values.count(true)).isNull();
    assertThat(Values.count(-1L)).isNull();
    assertThat(Values.count(Json.TRUE)).isNull();
    assertThat(Values.count(Json.parse("[1]"))).isNull();
    assertThat(Values.count("1".repeat(100_000))).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "0.02,0.02",
    "2e-5,0.00002",
    "0.020,0.02",
    "0.30000000000000004,0.3",
    "1000000,",
    "3,3",
    "-0.1,",
    "free,",
    "1e400,"
  })
  void amount_isWhatACostCanBe(String text, String amount) {
    BigDecimal said = Values.amount(text);

    assertThat(said == null ? null : said.toPlainString()).isEqualTo(amount);
  }

  @Test
  void usersMetadata_goIntoTheirFields() {
    SpanDescription description =
        describe(
            attributes(
                "langsmith.metadata.user_id", "u",
                "langsmith.metadata.threadId", "t",
                "langsmith.metadata.environment", "test",
                "langsmith.metadata.tags", "[\"a\"]",
                "langsmith.metadata.model", "theirs",
                "langsmith.metadata.ls_model_name", "m",
                "langsmith.metadata.", "no name"));
    Span.Builder span =
        Span.builder(SpanKey.of("0".repeat(31) + "1", "0".repeat(15) + "1"))
            .name("n")
            .startedAt(Instant.EPOCH);
    description.applyTo(span);

    assertThat(span.build().correlation().userId()).isEqualTo("u");
    assertThat(span.build().correlation().threadId()).isEqualTo("t");
    assertThat(span.build().tags()).containsExactly("a");
    assertThat(description.text(Meaning.ENVIRONMENT)).isEqualTo("test");
    assertThat(description.metadata(Json.parse("{\"flags\":1}")).text())
        .isEqualTo("{\"model\":\"theirs\",\"ls_model_name\":\"m\",\"otel\":{\"flags\":1}}");
    assertThat(span.build().usage()).isEqualTo(Usage.builder().model("m").build());
  }

  @ParameterizedTest
  @CsvSource({"CLIENT,mcp_tool_call", "SERVER,mcp_server_request"})
  void toolCallOverMcp_dependsOnTheSide(SpanKind kind, String type) {
    TelemetrySpan span =
        new TelemetrySpan(
            "tools/call",
            kind,
            attributes("mcp.method.name", "tools/call", "gen_ai.operation.name", "execute_tool"),
            List.of(),
            Attributes.none(),
            "");

    assertThat(Conventions.standard().describe(span).type()).isEqualTo(SpanType.of(type));
  }

  @Test
  void bareNames_belongToClaudeCodeAlone() {
    Attributes attributes = attributes("span.type", "tool", "tool_name", "x", "model", "y");

    assertThat(describe(attributes).type()).isEqualTo(SpanType.GENERIC);
    assertThat(describe(attributes).text(Meaning.TOOL_NAME)).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "llm_call,model_generation",
    "tool_call,tool_call",
    "agent_call,agent_run",
    "user_prompt,agent_run",
    "schedule_tool_calls,generic",
  })
  void operationOfGeminiCli_tellsTheType(String operation, String type) {
    SpanDescription description =
        describe(
            attributes(
                "gen_ai.operation.name", operation,
                "gen_ai.agent.name", "gemini-cli",
                "gen_ai.conversation.id", "c-1",
                "gen_ai.input.messages", "{\"query\":\"hello\"}"));

    assertThat(description.type()).isEqualTo(SpanType.of(type));
    assertThat(description.json(Meaning.INPUT).text()).isEqualTo("{\"query\":\"hello\"}");
    assertThat(description.text(Meaning.THREAD_ID)).isEqualTo("c-1");
  }

  @Test
  void firstReleasesOfGeminiCli_hadInputAndOutputAlone() {
    SpanDescription description =
        describe(attributes("input-json", "{\"foo\":\"bar\"}", "output-json", "{\"result\":1}"));

    assertThat(description.json(Meaning.INPUT).text()).isEqualTo("{\"foo\":\"bar\"}");
    assertThat(description.json(Meaning.OUTPUT).text()).isEqualTo("{\"result\":1}");
  }

  @Test
  void qwenCode_hasNamesOfItsOwnBesideGenAi() {
    SpanDescription turn =
        describe(
            attributes(
                "gen_ai.operation.name", "invoke_agent",
                "gen_ai.agent.name", "qwen-code",
                "gen_ai.conversation.id", "s-1",
                "gen_ai.user.id", "u-1",
                "session.id", "s-1",
                "qwen-code.prompt_id", "p-1",
                "qwen-code.model", "qwen3-coder"));
    SpanDescription call =
        describe(
            attributes(
                "gen_ai.operation.name", "chat",
                "gen_ai.request.model", "qwen3-coder",
                "gen_ai.response.model", "qwen3-coder-plus",
                "gen_ai.usage.output_tokens", 30L,
                "thoughts_token_count", 20L,
                "qwen-code.prompt_id", "p-1"));

    assertThat(turn.type()).isEqualTo(SpanType.AGENT_RUN);
    assertThat(turn.text(Meaning.MODEL)).isEqualTo("qwen3-coder");
    assertThat(turn.text(Meaning.AGENT_NAME)).isEqualTo("qwen-code");
    assertThat(turn.text(Meaning.USER_ID)).isEqualTo("u-1");
    assertThat(turn.text(Meaning.SESSION_ID)).isEqualTo("s-1");
    assertThat(turn.text(Meaning.RUN_ID)).isEqualTo("p-1");
    assertThat(call.type()).isEqualTo(SpanType.MODEL_GENERATION);
    assertThat(call.text(Meaning.MODEL)).isEqualTo("qwen3-coder-plus");
    assertThat(call.json(Meaning.OUTPUT_TOKENS).text()).isEqualTo("30");
    assertThat(call.json(Meaning.REASONING_OUTPUT_TOKENS).text()).isEqualTo("20");
  }

  @Test
  void gitHubCopilot_hasNamesOfItsOwnBesideGenAi() {
    SpanDescription call =
        describe(
            attributes(
                "gen_ai.operation.name", "chat",
                "gen_ai.provider.name", "github",
                "gen_ai.conversation.id", "c-1",
                "github.copilot.cost", "0.25",
                "github.copilot.interaction_id", "i-1"));
    SpanDescription hook =
        describe(
            attributes(
                "copilot_chat.chat_session_id", "s-1",
                "copilot_chat.hook_input", "{\"tool\":\"x\"}",
                "copilot_chat.hook_output", "done"));

    assertThat(call.type()).isEqualTo(SpanType.MODEL_GENERATION);
    assertThat(call.text(Meaning.PROVIDER)).isEqualTo("github");
    assertThat(call.text(Meaning.THREAD_ID)).isEqualTo("c-1");
    assertThat(call.text(Meaning.RUN_ID)).isEqualTo("i-1");
    assertThat(call.json(Meaning.COST).text()).isEqualTo("0.25");
    assertThat(hook.text(Meaning.SESSION_ID)).isEqualTo("s-1");
    assertThat(hook.json(Meaning.INPUT).text()).isEqualTo("{\"tool\":\"x\"}");
    assertThat(hook.json(Meaning.OUTPUT).text()).isEqualTo("\"done\"");
  }

  @Test
  void content_inAnEventAlone_isFound() {
    SpanDescription description =
        describe(
            attributes("http.route", "/"),
            new Event("other", attributes("gen_ai.prompt", "no")),
            new Event(
                "gen_ai.client.inference.operation.details",
                attributes("gen_ai.input.messages", "[{\"role\":\"user\"}]")));

    assertThat(description.json(Meaning.INPUT).text()).isEqualTo("[{\"role\":\"user\"}]");
  }

  @Test
  void usage_inMembers_isFoundAtAnyDepth() {
    SpanDescription description =
        describe(
            attributes(
                "langsmith.usage_metadata",
                "{\"input_tokens\":100,\"output_tokens\":10.0,\"total_tokens\":\"110\","
                    + "\"total_cost\":0.123,\"input_token_details\":{\"cache_read\":40,"
                    + "\"cache_creation\":20},\"output_token_details\":{\"reasoning\":5}}"));

    assertThat(description.metadata(null).text())
        .isEqualTo(
            "{\"usage\":{\"cachedInputTokens\":40,\"cacheWriteInputTokens\":20,"
                + "\"reasoningOutputTokens\":5}}");
    Span.Builder span = Span.builder(SpanKey.of("t", "s")).name("n").startedAt(Instant.EPOCH);
    description.applyTo(span);
    assertThat(span.build().usage())
        .isEqualTo(new Usage(null, null, 100L, 10L, 110L, new BigDecimal("0.123")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "p.0.role=a p.0.content=b p.1.role=c | [{\"role\":\"a\",\"content\":\"b\"},{\"role\":\"c\"}]",
        "p.1.x=b p.0.x=a p.10.x=c | [{\"x\":\"a\"},{\"x\":\"b\"},{\"x\":\"c\"}]",
        "p.999999999.x=a | [{\"x\":\"a\"}]",
        "p.9999999999.x=a | null",
        "p.x=a | null",
        "p..x=a | null",
        "p.0=a | [\"a\"]",
        "p.0.=a | [\"a\"]",
        "p.0.message.role=u p.0.message.contents.0.message_content.text=t"
            + " | [{\"role\":\"u\",\"contents\":[{\"text\":\"t\"}]}]",
        "p.0.message=m | [{\"message\":\"m\"}]",
        "p.0.a=x p.0.a.b=y | [{\"a\":{\"value\":\"x\",\"b\":\"y\"}}]",
        "p.0.a.0=x p.0.a.b=y | [{\"a\":{\"b\":\"y\",\"0\":\"x\"}}]",
        "p.0.tool_calls.0.tool_call.function.name=f"
            + " | [{\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}]"
      })
  void spreadList_isPutTogether(String spread, String list) {
    Attributes attributes = new Attributes();
    for (String attribute : spread.split(" ")) {
      String[] parts = attribute.split("=");
      attributes.put(parts[0], parts[1]);
    }
    Json read = SpreadList.read(attributes, "p.");

    assertThat(read == null ? "null" : read.text()).isEqualTo(list);
  }

  @Test
  void spreadList_ofHostileDepth_endsAndKeepsTheValue() {
    String name = "p" + ".0".repeat(100_000);

    assertThat(SpreadList.read(attributes(name, "deep"), "p.").text()).contains("\"deep\"");
  }

  /** Whatever the order in which a writer lists the attributes, the list is the same. */
  @Property(tries = 200)
  void spreadList_isTheSameInAnyOrder(
      @ForAll @IntRange(min = 1, max = 30) int size, @ForAll long seed) {
    Random random = new Random(seed);
    List<Map.Entry<String, String>> spread = new ArrayList<>();
    List<Json> expected = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      String text = Integer.toString(random.nextInt());
      spread.add(Map.entry("p." + i + ".content", text));
      expected.add(Json.objectBuilder().put("content", text).build());
    }
    Collections.shuffle(spread, random);
    Attributes attributes = new Attributes();
    spread.forEach(entry -> attributes.put(entry.getKey(), entry.getValue()));

    assertThat(SpreadList.read(attributes, "p.").text()).isEqualTo(Json.array(expected).text());
  }

  /** The page says what the code does: this prints the part that has to stand there. */
  @Test
  void documentation_isTheTableOfTheCode() throws IOException {
    String page = Files.readString(Path.of("../docs/otlp.md"));

    assertThat(page).contains(table());
  }

  private static String table() {
    return Conventions.standard().all().stream()
        .map(ConventionsTest::section)
        .collect(Collectors.joining("\n"));
  }

  private static String section(Convention convention) {
    String recognized =
        convention.markers().isEmpty()
            ? "Every span and resource."
            : "A span with "
                + convention.markers().stream()
                    .map(marker -> "`" + marker + "`")
                    .collect(Collectors.joining(" or "))
                + (convention.spanNamePrefix().isEmpty()
                    ? "."
                    : ", and a name that starts with `" + convention.spanNamePrefix() + "`.");
    return "### "
        + convention.name()
        + "\n\n"
        + recognized
        + " Names of "
        + convention.versions()
        + ", from <"
        + convention.source()
        + ">.\n\n| Field | Taken from |\n|---|---|\n"
        + convention.lines().stream()
            .map(line -> "| " + line.subject() + " | " + line.text() + " |\n")
            .collect(Collectors.joining());
  }

  /** Prints the part of the page. */
  public static void main(String[] arguments) {
    System.out.print(table());
  }
}
