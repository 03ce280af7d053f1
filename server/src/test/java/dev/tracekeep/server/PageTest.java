package dev.tracekeep.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.otlp.OtlpEncoding;
import dev.tracekeep.otlp.OtlpReader;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.Usage;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.Keys;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.support.ui.ExpectedCondition;
import org.openqa.selenium.support.ui.WebDriverWait;

/** The page in a real browser: by click, by keyboard, with hostile text, and with many spans. */
@Tag("engine")
class PageTest {
  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
  private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
  private static final Path SAMPLE = Path.of("../samples/travel-agent.otlp.jsonl");
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Instant START = Instant.parse("2026-11-21T10:00:00Z");
  private static final int MANY = 5_000;

  /** The sample's latest trace: an agent that calls a tool, which fails. */
  private static final String AGENT = "3856cde4b475675546e08d952fd2d3ba";

  private static final String HOSTILE =
      "<img src=x onerror=\"window.hacked=1\"> <script>window.hacked=2</script>\n"
          + "![pixel](http://127.0.0.1:1/pixel.png) [click](javascript:window.hacked=3)"
          + " [data](data:text/html,hi) [fine](https://example.com/a?b=c)\n\n"
          + "# Heading\n\n- one\n- **two**\n\n```html\n<b>code</b>\n```\n";

  private static ObservabilityStorage storage;
  private static TracekeepServer server;
  private static String address;
  private static ChromeDriver browser;
  private static WebDriverWait wait;
  private static String axe;

  @BeforeAll
  static void start() throws Exception {
    if (!Files.isExecutable(CHROMIUM) || !Files.isExecutable(DRIVER)) {
      String reason = "page: NOT RUN: there is no " + CHROMIUM + " with its " + DRIVER;
      System.out.println(reason);
      assertThat(System.getProperty("tracekeep.require", "").split(","))
          .as(reason)
          .doesNotContain("page");
      Assumptions.abort(reason);
    }
    storage = Storages.open(Map.of("url", "jdbc:duckdb:"));
    storage.init();
    importSample();
    storage.batchCreateSpans(manySpans());
    storage.batchCreateSpans(oddSpans());
    server = TracekeepServer.builder(storage).ports(0, 0).build().start();
    address = server.httpUri().toString();
    axe = resource("axe.min.js");
    ChromeOptions options = new ChromeOptions();
    options.setBinary(CHROMIUM.toFile());
    // As root, in a container: there is no sandbox and little shared memory.
    options.addArguments("--headless=new", "--no-sandbox", "--disable-dev-shm-usage");
    options.setCapability("goog:loggingPrefs", Map.of("browser", "ALL"));
    browser =
        new ChromeDriver(
            new ChromeDriverService.Builder().usingDriverExecutable(DRIVER.toFile()).build(),
            options);
    browser.manage().timeouts().scriptTimeout(PATIENCE);
    wait = new WebDriverWait(browser, PATIENCE);
    wait.ignoring(StaleElementReferenceException.class);
  }

  @AfterAll
  static void stop() throws Exception {
    if (browser != null) {
      browser.quit();
    }
    if (server != null) {
      server.close();
    }
    if (storage != null) {
      storage.close();
    }
  }

  private static String resource(String name) throws Exception {
    try (InputStream in = PageTest.class.getClassLoader().getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static void importSample() throws Exception {
    OtlpReader reader = OtlpReader.builder().build();
    for (String line : Files.readAllLines(SAMPLE)) {
      if (!line.isBlank()) {
        storage.batchCreateSpans(
            reader.readRequest(
                line.getBytes(StandardCharsets.UTF_8),
                OtlpEncoding.JSON,
                problem -> {
                  throw new AssertionError(problem.toString());
                }));
      }
    }
  }

  private static Span.Builder span(String traceId, String spanId, @Nullable String parent) {
    return Span.builder(SpanKey.of(traceId, spanId))
        .parentSpanId(parent)
        .name(spanId)
        .startedAt(START)
        .endedAt(START.plusMillis(100));
  }

  /** A root with many children, one after the other; the last but one has an attribute. */
  private static List<Span> manySpans() {
    List<Span> spans = new ArrayList<>();
    spans.add(span("many", "s0000", null).endedAt(START.plusMillis(MANY)).build());
    for (int i = 1; i < MANY; i++) {
      Instant start = START.plusMillis(i);
      Span.Builder child =
          span(
                  "many",
                  String.format("s%04d", i),
                  i % 50 == 1 ? "s0000" : String.format("s%04d", i - 1))
              .startedAt(start)
              .endedAt(start.plusMillis(1));
      if (i == MANY - 2) {
        child.payload(
            Payload.builder()
                .attributes(Json.parse("{\"order\":\"needle-7\",\"large\":9007199254740993}"))
                .build());
      }
      spans.add(child.build());
    }
    return spans;
  }

  private static List<Span> oddSpans() {
    Payload error = Payload.builder().error(Json.parse("{\"message\":\"broken\"}")).build();
    return List.of(
        span("odd", "root", null).build(),
        span("odd", "late", "root")
            .startedAt(START.plusMillis(50))
            .endedAt(START.plusMillis(90))
            .build(),
        span("odd", "early", "root").endedAt(START.plusMillis(40)).payload(error).build(),
        span("odd", "orphan", "nowhere").endedAt(START.plusMillis(10)).build(),
        span("odd", "years-away", "root")
            .startedAt(START.plus(Duration.ofDays(4000)))
            .endedAt(START.plus(Duration.ofDays(4001)))
            .build(),
        span("odd", "circle-a", "circle-b").build(),
        span("odd", "circle-b", "circle-a").startedAt(START.plusMillis(1)).build(),
        span("hostile", "agent", null)
            .name("<img src=x onerror=window.hacked=4>")
            .type(SpanType.AGENT_RUN)
            .build(),
        span("hostile", "call", "agent")
            .name("call")
            .type(SpanType.MODEL_GENERATION)
            .usage(Usage.builder().model("m").inputTokens(7L).outputTokens(3L).build())
            .payload(
                Payload.builder()
                    .input(Json.array(List.of(message("user", HOSTILE))))
                    .output(message("assistant", HOSTILE))
                    .attributes(Json.objectBuilder().put("<b>key</b>", HOSTILE).build())
                    .build())
            .build());
  }

  private static Json message(String role, String content) {
    return Json.objectBuilder().put("role", role).put("content", content).build();
  }

  @BeforeEach
  void clean() {
    browser.manage().window().setSize(new Dimension(1360, 900));
    open("/usage");
    script("localStorage.clear(); sessionStorage.clear();");
    browser.manage().logs().get("browser");
  }

  @AfterEach
  void nothingFailedInTheBrowser() {
    assertThat(
            browser.manage().logs().get("browser").getAll().stream()
                .map(entry -> entry.getMessage())
                // What the API refuses the browser reports as well.
                .filter(text -> !text.contains("/api/v1/")))
        .isEmpty();
  }

  // ---- the browser -----------------------------------------------------------------------------

  private static void open(String path) {
    browser.get(address + path);
    until(
        driver ->
            !driver
                .findElements(By.cssSelector("main[data-ready], main .notice, dialog[open]"))
                .isEmpty());
  }

  private static <T> T until(ExpectedCondition<T> condition) {
    return wait.until(condition);
  }

  private static @Nullable Object script(String text, Object... arguments) {
    return browser.executeScript(text, arguments);
  }

  private static WebElement find(String selector) {
    return until(
        driver -> driver.findElements(By.cssSelector(selector)).stream().findFirst().orElse(null));
  }

  private static List<String> texts(String selector) {
    return browser.findElements(By.cssSelector(selector)).stream()
        .map(WebElement::getText)
        .toList();
  }

  private static void press(CharSequence... keys) {
    new Actions(browser).sendKeys(keys).perform();
  }

  private static String path() {
    return Objects.requireNonNull(browser.getCurrentUrl()).substring(address.length());
  }

  private static void untilText(String selector, String text) {
    until(driver -> texts(selector).stream().anyMatch(text::equals));
  }

  /** What an expression over a module {@code m} gives, as text. The page's policy forbids eval. */
  private static String module(String file, String expression) {
    return String.valueOf(
        browser.executeAsyncScript(
            "const done = arguments[arguments.length - 1];"
                + "const root = document.querySelector('script[src]').src.replace(/[^/]+$/, '');"
                + "import(root + arguments[0]).then(m => done(String("
                + expression
                + "))).catch(e => done(String(e)));",
            file));
  }

  // ---- the list --------------------------------------------------------------------------------

  @Test
  void list_showsTheNewestFirst_andOpensATraceByClick() {
    open("/");
    List<String> names = texts("tbody a.name");
    assertThat(names).hasSize(50);
    assertThat(names.subList(0, 3))
        .containsExactlyInAnyOrder("root", "s0000", "<img src=x onerror=window.hacked=4>");

    browser.findElement(By.cssSelector("tbody a.name[href*='" + AGENT + "']")).click();
    untilText("h1", "GET");
    assertThat(path()).isEqualTo("/trace?id=" + AGENT);
    browser.navigate().back();
    untilText("h1", "Traces");
  }

  @Test
  void list_isReadByKeyboard() {
    open("/");
    String second =
        browser.findElements(By.cssSelector("tbody a.name")).get(1).getDomAttribute("href");
    press("j");
    press("j");
    press("j");
    press("k");
    press(Keys.ENTER);
    until(driver -> path().equals(second));
    find("main[data-ready='/trace']");
    press("g");
    untilText("h1", "Traces");
    press("/");
    assertThat(script("return document.activeElement.name")).isEqualTo("service");
    press("gg");
    assertThat(path()).as("a field takes its keys itself").isEqualTo("/");
    press(Keys.ESCAPE);
    press("?");
    assertThat(find("dialog[open] h2").getText()).isEqualTo("Keyboard");
    press(Keys.ESCAPE);
    until(driver -> driver.findElements(By.cssSelector("dialog[open]")).isEmpty());
  }

  @Test
  void list_announcesWhatIsNew_andMovesNoRow() {
    open("/?name=news");
    assertThat(texts("main .empty p")).containsExactly("No trace matches these filters.");
    storage.createSpan(span("news-1", "a", null).name("news").build());
    open("/?name=news");
    storage.createSpan(
        span("news-2", "a", null)
            .name("news")
            .startedAt(START.plusSeconds(1))
            .endedAt(START.plusSeconds(2))
            .build());
    untilText(".news", "1 new trace – show");
    assertThat(browser.findElements(By.cssSelector("tbody tr"))).hasSize(1);
    find(".news").click();
    assertThat(
            browser.findElements(By.cssSelector("tbody a.name")).stream()
                .map(link -> link.getDomAttribute("href")))
        .containsExactly("/trace?id=news-2", "/trace?id=news-1");
    storage.batchDeleteTraces(
        List.of(SpanKey.of("news-1", "a").trace(), SpanKey.of("news-2", "a").trace()));
  }

  @Test
  void list_hasItsFiltersInItsAddress_andOffersValues() {
    open("/?error=any");
    int failed = browser.findElements(By.cssSelector("tbody tr")).size();
    assertThat(failed).isBetween(2, 49);
    assertThat(browser.findElement(By.name("error")).isSelected()).isTrue();
    browser.findElement(By.name("service")).click();
    until(driver -> !driver.findElements(By.cssSelector("#values-service option")).isEmpty());
    browser.findElement(By.name("service")).sendKeys("travel-agent" + Keys.ENTER);
    until(driver -> path().equals("/?service=travel-agent&error=any"));
    until(driver -> driver.findElements(By.cssSelector("tbody tr")).size() == failed - 1);
  }

  @Test
  void list_keepsTheFilters_whereOneIsWrong() {
    open("/?min-duration=soon");
    assertThat(find(".notice").getText())
        .contains("The parameter min-duration is 'soon': write 500ms, 2s, 1.5m, 1h or 7d");
    assertThat(browser.findElement(By.name("min-duration")).getDomProperty("value"))
        .isEqualTo("soon");
  }

  @Test
  void list_loadsMore_behindItsLastRow() {
    open("/");
    browser.findElement(By.cssSelector(".after button")).click();
    until(driver -> driver.findElements(By.cssSelector("tbody tr")).size() == 100);
    assertThat(
            script(
                "return new Set([...document.querySelectorAll('a.name')].map(a => a.href)).size"))
        .isEqualTo(100L);
  }

  // ---- a trace ---------------------------------------------------------------------------------

  @Test
  void trace_holdsFewRowsOfManySpans() {
    open("/trace?id=many");
    assertThat(find("[role=treegrid]").getDomAttribute("aria-rowcount")).isEqualTo("" + MANY);
    assertThat(browser.findElements(By.cssSelector("[role=row]")).size()).isBetween(10, 120);
    script("document.querySelector('[role=treegrid]').focus()");
    press(Keys.END);
    until(driver -> driver.findElements(By.cssSelector("#row-4999.active")).size() == 1);
    assertThat(find("#row-4999 .text").getText()).isEqualTo("s4999");
    assertThat(browser.findElements(By.cssSelector("[role=row]")).size()).isBetween(10, 120);
    assertThat(
            script(
                "return [...document.querySelectorAll('[role=row]')].every((r, i, all) => i === 0 || +r.ariaRowIndex === +all[i - 1].ariaRowIndex + 1)"))
        .isEqualTo(true);
  }

  @Test
  void trace_isSearchedInAttributes_andItsNumbersStayExact() {
    open("/trace?id=many");
    press("/");
    press("needle-7");
    untilText(".toolbar [role=status]", "1 match");
    press(Keys.ENTER);
    until(driver -> texts(".panel h2").contains("s4998"));
    until(driver -> texts(".panel .members code").contains("9007199254740993"));
    assertThat(texts("[aria-selected=true] .found")).containsExactly("attributes");
    assertThat(path()).isEqualTo("/trace?id=many&span=s4998");
    press(Keys.ESCAPE);
    press(Keys.ESCAPE);
    until(driver -> !driver.findElement(By.cssSelector(".panel")).isDisplayed());
  }

  @Test
  void trace_isCollapsedAndExpandedByArrows() {
    open("/trace?id=many");
    press("j");
    press(Keys.ARROW_LEFT);
    untilText("#row-0 .badge", "+4,999");
    assertThat(find("#row-0").getDomAttribute("aria-expanded")).isEqualTo("false");
    assertThat(browser.findElements(By.cssSelector("[role=row]"))).hasSize(1);
    press(Keys.ARROW_RIGHT);
    press(Keys.ARROW_RIGHT);
    until(driver -> driver.findElements(By.cssSelector("#row-1.active")).size() == 1);
  }

  @Test
  void trace_marksWhatIsOdd() {
    open("/trace?id=odd");
    assertThat(texts("[role=row] .text"))
        .containsExactlyInAnyOrder(
            "root", "early", "late", "years-away", "orphan", "circle-a", "circle-b");
    assertThat(texts("[data-span=orphan] .badge")).containsExactly("orphan");
    assertThat(texts("[data-span=circle-a] .badge")).containsExactly("circle");
    assertThat(texts("[data-span=years-away] .far")).containsExactly("far from the root");
    assertThat(texts("[data-span=early] .cell-duration")).containsExactly("error\n40.0 ms");
    assertThat(
            browser.findElements(By.cssSelector(".bar-span.critical")).stream()
                .map(
                    bar ->
                        bar.findElement(By.xpath("ancestor::*[@role='row']"))
                            .getDomAttribute("data-span")))
        .containsExactly("root", "early", "late");
    press("e");
    until(driver -> texts(".panel .error-block p").contains("broken"));
  }

  @Test
  void trace_thatIsNotThere_isSaid() {
    open("/trace?id=nothing");
    assertThat(find(".notice").getText()).isEqualTo("There is no trace nothing of this tenant");
  }

  // ---- conversations ---------------------------------------------------------------------------

  @Test
  void conversation_saysEachThingOnce_inOrder() {
    open("/trace?id=" + AGENT);
    press("v");
    until(driver -> !driver.findElements(By.cssSelector(".step")).isEmpty());
    assertThat(path()).isEqualTo("/trace?id=" + AGENT + "&view=conversation");
    assertThat(texts(".step .kind")).containsExactly("Model", "Model", "Tool", "Model");
    assertThat(texts(".step .role")).containsExactly("user", "assistant", "assistant");
    assertThat(texts(".message[data-role=user] .said"))
        .containsExactly("What should I pack for København?");
    assertThat(texts(".part.call .part-head")).containsExactly("Calls weather");
    assertThat(texts(".tool-body .error-block > p"))
        .containsExactly("weather service answered 503");
    assertThat(texts(".step-head .facts").get(1)).contains("mock-large", "158 in", "18 out");
    browser.findElements(By.cssSelector(".step-head a")).get(2).click();
    until(driver -> texts(".panel h2").contains("ai.toolCall"));
  }

  @Test
  void session_showsItsTracesAndWhatWasSaid() {
    open("/sessions?prefix=s-7");
    assertThat(texts("tbody a.name")).containsExactly("s-7");
    browser.findElement(By.cssSelector("tbody a.name")).click();
    untilText("h1", "s-7");
    assertThat(browser.findElements(By.cssSelector("tbody tr")).size())
        .isEqualTo(browser.findElements(By.cssSelector(".talk")).size());
    until(driver -> !driver.findElements(By.cssSelector(".talk[open] .step")).isEmpty());
  }

  @Test
  void hostileText_isShownAndNothingElse() {
    open("/trace?id=hostile&view=conversation&span=call");
    until(driver -> !driver.findElements(By.cssSelector(".step .markdown li")).isEmpty());
    until(driver -> !driver.findElements(By.cssSelector(".panel .markdown li")).isEmpty());
    assertThat(find("h1").getText()).isEqualTo("<img src=x onerror=window.hacked=4>");
    assertThat(
            script("return document.querySelectorAll('main img, main script, main iframe').length"))
        .isEqualTo(0L);
    assertThat(
            script(
                "return [...new Set([...document.querySelectorAll('.markdown a')].map(a => a.href + ' ' + a.rel))]"))
        .isEqualTo(
            List.of(
                "http://127.0.0.1:1/pixel.png noopener noreferrer nofollow",
                "https://example.com/a?b=c noopener noreferrer nofollow"));
    assertThat(script("return window.hacked")).isNull();
    assertThat(find(".markdown").getText()).contains("[click](javascript:window.hacked=3)");
    assertThat(texts(".step .markdown pre code")).contains("<b>code</b>");
    open("/");
    assertThat(script("return window.hacked")).isNull();
  }

  @Test
  void markup_isRefusedByTheBrowser() {
    open("/");
    assertThat(
            script(
                "try { document.body.innerHTML = '<b>x</b>'; return 'parsed'; }"
                    + " catch (e) { return e.name; }"))
        .isEqualTo("TypeError");
    browser.manage().logs().get("browser"); // The browser reports what was tried here.
  }

  // ---- modules ---------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a *b* _c_ **d** `e`  | <p>a <em>b</em> <em>c</em> <strong>d</strong> <code>e</code></p>",
        "snake_case_name 2*3*4 | <p>snake_case_name 2*3*4</p>",
        "## T                  | <p class=\"heading\">T</p>",
        "> q                   | <blockquote><p>q</p></blockquote>",
        "3. a                  | <ol start=\"3\"><li>a</li></ol>",
        "---                   | <hr>",
        "<b>&amp;              | <p>&lt;b&gt;&amp;amp;</p>",
        "[x](ftp://a.example/) | <p>[x](ftp://a.example/)</p>",
        "[x](//a.example/)     | <p>[x](//a.example/)</p>",
        "[x](java\tscript:a)   | <p>[x](java\tscript:a)</p>",
      })
  void markdown_becomesElements(String text, String html) {
    assertThat(module("markdown.js", "m.markdown(" + Json.of(text).text() + ").innerHTML"))
        .isEqualTo(html);
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "*a", "**", "`", "![", "> ", "- ", "_a", "|", "http://", "\n\n- "})
  void markdown_takesLinearTime_whateverIsRepeated(String piece) {
    String text = piece.repeat(20_000 / piece.length());
    assertThat(module("markdown.js", "m.markdown(" + Json.of(text).text() + ").className"))
        .isEqualTo("markdown");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0|0 ms",
        "999|999 ns",
        "1000|1.00 µs",
        "9996|10.0 µs",
        "1500000|1.50 ms",
        "99960000|100 ms",
        "2e9|2.00 s",
        "100e9|1 min 40 s",
        "3725e9|1 h 02 min",
        "-1000|−1.00 µs",
      })
  void durations_readAsInTheCommandLine(String nanos, String text) {
    assertThat(module("format.js", "m.duration(" + nanos + ")")).isEqualTo(text);
  }

  @Test
  void nanoseconds_surviveBetweenInstants() {
    assertThat(
            module(
                "format.js",
                "m.nanosBetween(m.instant('2026-11-20T10:32:28.203Z'), m.instant('2026-11-20T10:32:28.252100341Z'))"))
        .isEqualTo("49100341");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'hi'|user text hi",
        "{prompt:'hi'}|user text hi",
        "{systemInstructions:[{type:'text',content:'be brief'}],messages:[{role:'user',parts:[{type:'text',content:'hi'}]}]}|system text be brief;user text hi",
        "[{role:'assistant',content:null,tool_calls:[{id:'1',function:{name:'f',arguments:'{\"a\":1}'}}]}]|assistant call f {\"a\":1}",
        "[{role:'user',content:[{type:'tool_result',tool_use_id:'1',content:'ok'}]}]|tool result null \"ok\"",
        "[{role:'assistant',content:[{type:'thinking',thinking:'hm'},{type:'text',text:'so'}]}]|assistant reasoning hm;assistant text so",
        "{choices:[{message:{role:'assistant',content:'yes'}}]}|assistant text yes",
        "{odd:1}|user data null {\"odd\":1}",
      })
  void messages_areReadInEveryShape(String value, String parts) {
    assertThat(
            module(
                "messages.js",
                "m.readInput("
                    + value
                    + ").map(p => [p.role, p.kind, p.text ?? p.name, p.text === null ? JSON.stringify(p.value) : null].filter((x, i) => x !== null || i === 2).join(' ')).join(';')"))
        .isEqualTo(parts.replace("result null", "result ").replace("data null", "data "));
  }

  // ---- the rest --------------------------------------------------------------------------------

  @Test
  void usage_isGroupedAsTheAddressSays_andLeadsToTheTraces() {
    open("/usage?by=user_id");
    assertThat(texts("thead th"))
        .containsExactly(
            "User", "Calls", "Errors", "p95", "Tokens in", "Tokens out", "Share of tokens in");
    assertThat(browser.findElements(By.cssSelector("tbody tr")).size()).isGreaterThan(10);
    browser.findElement(By.linkText("user-10")).click();
    until(driver -> path().equals("/?user=user-10"));
  }

  @Test
  void comparison_showsWhatChanged() {
    open("/compare?left=odd&right=hostile");
    untilText(".compare-facts tbody tr:nth-child(2) td:nth-child(2)", "7");
    assertThat(texts(".row.removed .text")).contains("root", "early", "late");
    assertThat(texts(".row.added .text")).contains("call");
  }

  @Test
  void token_isAskedForOnce_andIsInNoAddress() throws Exception {
    String before = address;
    try (TracekeepServer guarded =
        TracekeepServer.builder(storage).ports(0, 0).readToken("open sesame").build().start()) {
      address = guarded.httpUri().toString();
      open("/");
      find("#token").sendKeys("wrong" + Keys.ENTER);
      until(driver -> texts("dialog[open] p").contains("The one that was given is not right."));
      find("dialog[open] #token").sendKeys("open sesame" + Keys.ENTER);
      until(driver -> driver.findElements(By.cssSelector("tbody tr")).size() == 50);
      open("/usage");
      assertThat(browser.findElements(By.cssSelector("dialog"))).hasSize(1);
      assertThat(path()).isEqualTo("/usage");
      assertThat(script("return JSON.stringify(localStorage)")).isEqualTo("{}");
    } finally {
      address = before;
    }
  }

  @Test
  void appearance_isSwitchedAndKept() {
    open("/");
    WebElement button = browser.findElement(By.id("theme"));
    button.click();
    button.click();
    assertThat(button.getText()).isEqualTo("Dark");
    open("/usage");
    assertThat(script("return getComputedStyle(document.documentElement).colorScheme"))
        .isEqualTo("dark");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/trace?id=" + AGENT, "/usage", "/sessions", "/session?id=s-7"})
  void phone_needsNoSidewaysScrolling(String path) {
    browser.manage().window().setSize(new Dimension(500, 800));
    open(path);
    assertThat(
            script(
                "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
        .isEqualTo(true);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "light /",
        "dark /",
        "light /trace?id=odd&span=early",
        "dark /trace?id=odd&span=early",
        "light /trace?id=hostile&view=conversation&span=call",
        "dark /trace?id=hostile&view=conversation&span=call",
        "light /usage",
        "dark /usage",
        "light /sessions",
        "light /session?id=s-7",
        "light /compare?left=odd&right=hostile",
        "light /compare",
      })
  void view_isAccessible(String theme, String path) {
    script("localStorage.setItem('tracekeep.theme', arguments[0])", theme);
    open(path);
    if (path.contains("span=") || path.contains("session?")) {
      until(driver -> !driver.findElements(By.cssSelector(".section, .step")).isEmpty());
    }
    browser.executeScript(axe);
    Object violations =
        browser.executeAsyncScript(
            "const done = arguments[arguments.length - 1];"
                + "axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations.flatMap("
                + "v => v.nodes.map(n => v.id + ': ' + n.html.slice(0, 160) + ' ' + n.any.map(a => a.message).join(' ')))),"
                + " e => done([String(e)]));");
    assertThat((List<?>) violations).isEmpty();
  }
}
