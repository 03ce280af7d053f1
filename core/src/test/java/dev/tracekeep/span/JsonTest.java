package dev.tracekeep.span;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  /** The five values that say nothing or little; absent is the sixth. */
  private static final List<String> NOTHINGS = List.of("null", "\"\"", "{}", "[]", "0");

  @Provide
  Arbitrary<String> texts() {
    return SpanArbitraries.jsonTexts();
  }

  @Provide
  Arbitrary<String> strings() {
    return Arbitraries.strings()
        .withChars('a', '"', '\\', '\u0000', '\n', '\u007f', '\u00e9', '\u20ac')
        .withChars('\uD800', '\uDBFF', '\uDC00', '\uDFFF', 'u', 'd', '8', '/')
        .ofMaxLength(12);
  }

  // ---- what values mean

  @Property
  void sameValue_ignoresKeyOrderWhiteSpaceAndSpelling(
      @ForAll("texts") String text, @ForAll long seed) {
    Json json = Json.parse(text);
    Json respelled = Json.parse(respelled(json, new Random(seed)));

    assertThat(respelled.sameValue(json)).isTrue();
    assertThat(json.sameValue(respelled)).isTrue();
    assertThat(respelled.valueHash()).isEqualTo(json.valueHash());
    assertThat(respelled.equals(json)).isEqualTo(respelled.text().equals(json.text()));
  }

  /** The same value with its members in any order, more space, and other spellings. */
  private static String respelled(Json json, Random random) {
    String space = " \t\r\n".substring(0, random.nextInt(5));
    List<String> parts = new ArrayList<>();
    switch (json.kind()) {
      case OBJECT -> {
        json.members()
            .forEach(
                (name, value) ->
                    parts.add(escaped(name) + space + ":" + space + respelled(value, random)));
        Collections.shuffle(parts, random);
        return space + "{" + space + String.join(space + ",", parts) + "}" + space;
      }
      case ARRAY -> {
        json.elements().forEach(element -> parts.add(respelled(element, random)));
        return space + "[" + String.join("," + space, parts) + space + "]";
      }
      case STRING -> {
        return escaped(json.asText());
      }
      case NUMBER -> {
        String text = json.text();
        if (text.contains("e")) {
          return text.replace("e", random.nextBoolean() ? "E+" : ".0e").replace("+-", "-");
        }
        return text.contains(".") ? text + "0E0" : text + ".000e-0";
      }
      default -> {
        return json.text();
      }
    }
  }

  private static String escaped(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.chars().forEach(c -> out.append(String.format("\\u%04X", c)));
    return out.append('"').toString();
  }

  @Property
  void sameValue_isThatOfTheParsedValues(@ForAll("texts") String a, @ForAll("texts") String b) {
    assertThat(Json.parse(a).sameValue(Json.parse(b))).isEqualTo(model(a).equals(model(b)));
  }

  /** What a text means, in plain Java values. */
  private static Object model(String text) {
    Json json = Json.parse(text);
    return switch (json.kind()) {
      case OBJECT -> {
        Map<String, Object> members = new LinkedHashMap<>();
        json.members().forEach((name, value) -> members.put(name, model(value.text())));
        yield members;
      }
      case ARRAY -> json.elements().stream().map(element -> model(element.text())).toList();
      case STRING -> json.asText();
      case NUMBER ->
          json.text().equals("1e9999999999")
              ? BigInteger.TWO.negate()
              : new BigDecimal(json.text()).stripTrailingZeros();
      default -> json.kind() + json.text();
    };
  }

  @Test
  void nothings_stayApart() {
    List<Json> values = new ArrayList<>(NOTHINGS.stream().map(Json::parse).toList());
    assertThat(values).doesNotHaveDuplicates();
    assertThat(values.stream().map(Json::text)).containsExactlyElementsOf(NOTHINGS);
    assertThat(values.stream().map(Json::valueHash)).doesNotHaveDuplicates();

    values.add(null);
    List<Span> spans =
        values.stream()
            .map(
                value ->
                    Span.builder(SpanArbitraries.KEY)
                        .name("")
                        .startedAt(EpochNanos.MIN)
                        .payload(Payload.builder().input(value).build())
                        .build())
            .toList();
    assertThat(spans).hasSize(6).doesNotHaveDuplicates();
    assertThat(spans.stream().map(Span::version)).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1.0, true",
    "1, 1e0, true",
    "100, 1E+2, true",
    "0.001, 1e-3, true",
    "1500, 15e2, true",
    "0, -0.0, true",
    "0, 0e99999999999, true",
    "-1, 1, false",
    "9007199254740992, 9007199254740993, false",
    "9007199254740993, 9007199254740993.0, true",
    "1e9999999999, 10e9999999998, true",
    "1e9999999999, 1e9999999998, false",
    "1e400, 1e401, false",
    "1e-9999999999, 0, false",
    "0.1, 0.10000000000000000000001, false",
    "12, 120, false",
    "1e10, 10000000000, true",
  })
  void numbers_areComparedBeyondDouble(String a, String b, boolean equal) {
    Json left = Json.parse(a);
    Json right = Json.parse(b);

    assertThat(left.sameValue(right)).isEqualTo(equal);
    assertThat(right.sameValue(left)).isEqualTo(equal);
    assertThat(left.valueHash() == right.valueHash()).isEqualTo(equal);
    assertThat(left).isNotEqualTo(right);
    assertThat(left.text()).isEqualTo(a);
    assertThat(right.text()).isEqualTo(b);
  }

  @Test
  void exponents_beyondTheLimitAreRefused() {
    Json.parse("1e" + "9".repeat(1000));

    assertThatThrownBy(() -> Json.parse("1e" + "9".repeat(1001)))
        .isInstanceOf(InvalidSpanException.class)
        .hasMessage("json has a number with an exponent of more than 1000 digits");
  }

  // ---- text

  @Property
  void text_isKeptAsItCame(@ForAll("texts") String text) {
    Json json = Json.parse(" " + text + "\n");

    if (Json.parse(json.text()).text().equals(text)) {
      assertThat(json.text()).isEqualTo(text);
    } else {
      // Only a repeated name rewrites text, once.
      assertThat(json.sameValue(Json.ofStored(text))).isTrue();
      assertThat(Json.parse(json.text()).text()).isEqualTo(json.text());
    }
  }

  @Property
  void parts_areSlicesOfTheText(@ForAll("texts") String text) {
    Json json = Json.parse(text);

    Json array = json.kind() == Json.Kind.ARRAY ? json : Json.parse("[]");
    assertThat(Json.array(json.elements()).sameValue(array)).isTrue();
    Json object = json.kind() == Json.Kind.OBJECT ? json : Json.parse("{}");
    assertThat(Json.object(json.members()).sameValue(object)).isTrue();
    json.elements().forEach(element -> assertThat(json.text()).contains(element.text()));
    json.members()
        .forEach(
            (name, value) -> {
              assertThat(json.text()).contains(value.text());
              assertThat(json.get(name)).isEqualTo(value);
            });
  }

  @Property
  void string_comesBack(@ForAll("strings") String value) {
    Json json = Json.of(value);

    assertThat(json.asText()).isEqualTo(value);
    assertThat(Text.wellFormed(json.text())).isEqualTo(json.text()).doesNotContain("\u0000");
    assertThat(Json.parse(json.text())).isEqualTo(json);
    assertThat(Json.parse(json.text()).text()).isEqualTo(json.text());
  }

  @Property
  void rawLoneSurrogates_becomeEscapes(@ForAll("strings") String value) {
    String quoted =
        "\"" + value.replaceAll("[\"\\\\\u0000\n]", "") + "\""; // all but what JSON refuses raw

    Json json = Json.parse(quoted);

    assertThat(json.asText()).isEqualTo(quoted.substring(1, quoted.length() - 1));
    assertThat(Text.wellFormed(json.text())).isEqualTo(json.text());
  }

  @Test
  void kinds_areReadFromTheText() {
    assertThat(Stream.of("{}", "[]", "\"\"", "1", "-1", "true", "false", "null").map(Json::parse))
        .extracting(Json::kind)
        .containsExactly(
            Json.Kind.OBJECT,
            Json.Kind.ARRAY,
            Json.Kind.STRING,
            Json.Kind.NUMBER,
            Json.Kind.NUMBER,
            Json.Kind.BOOLEAN,
            Json.Kind.BOOLEAN,
            Json.Kind.NULL);
    assertThat(Json.of("x").members()).isEmpty();
    assertThat(Json.of("x").elements()).isEmpty();
    assertThat(Json.parse("[1]").get("a")).isNull();
    assertThat(Json.parse("1.50").asText()).isEqualTo("1.50");
  }

  @Test
  void factories_giveWellFormedText() {
    assertThat(Json.of(Long.MIN_VALUE).text()).isEqualTo("-9223372036854775808");
    assertThat(Json.of(new BigDecimal("1E+3")).sameValue(Json.parse("1000"))).isTrue();
    assertThat(Json.of(1e300).sameValue(Json.parse("1e300"))).isTrue();
    assertThat(Json.of(Double.NaN)).isEqualTo(Json.of("NaN"));
    assertThat(Json.of(Double.NEGATIVE_INFINITY)).isEqualTo(Json.of("-Infinity"));
    assertThat(Json.of(true)).isSameAs(Json.TRUE);
    assertThat(Json.array(List.of()).text()).isEqualTo("[]");
    assertThat(Json.object(Map.of()).text()).isEqualTo("{}");
    assertThat(
            Json.objectBuilder()
                .put("a", "x")
                .put("b", (String) null)
                .put("c", 1)
                .put("d", false)
                .build()
                .text())
        .isEqualTo("{\"a\":\"x\",\"c\":1,\"d\":false}");
  }

  // ---- names

  @Property
  void names_areTheSameParsedAndBuilt(@ForAll("strings") String name) {
    Json built = Json.object(Map.of(name, Json.NULL));
    Json parsed = Json.parse("{" + escaped(name) + ":null}");

    assertThat(parsed.sameValue(built)).isTrue();
    assertThat(parsed.members()).isEqualTo(built.members()).containsOnlyKeys(name);
    assertThat(Json.parse(built.text()).text()).isEqualTo(built.text());
  }

  @Test
  void loneSurrogates_stayInNamesAndValues() {
    String text =
        "{\"\\ud83d\\ude00\\uD800\" : [\"\\ud800\", {\"\\\\ud800\\udc00\":\"\\udc00:\"}], \"\\u0000\":1}";

    assertThat(Json.parse(text).text()).isEqualTo(text);
    assertThat(Json.parse(text).members()).containsOnlyKeys("\uD83D\uDE00\uD800", "\u0000");
    assertThat(Json.parse("{\"\uD800\":1}").text()).isEqualTo("{\"\\ud800\":1}");
    assertThat(Json.parse("{\"\uD800\":1}")).isNotEqualTo(Json.parse("{\"\uFFFD\":1}"));
  }

  @Test
  void repeatedNames_keepTheLastValue() {
    Json parsed = Json.parse("{\"b\":1.0,\"a\":[{\"x\":1,\"x\":2}],\"b\":2.50}");
    Json built = Json.objectBuilder().put("b", 1).put("a", 2).put("b", 3).put("\uD800", 4).build();

    assertThat(parsed.text()).isEqualTo("{\"a\":[{\"x\":2}],\"b\":2.50}");
    assertThat(parsed.sameValue(Json.parse("{\"b\":2.5,\"a\":[{\"x\":2}]}"))).isTrue();
    assertThat(Json.parse(parsed.text()).text()).isEqualTo(parsed.text());
    assertThat(built.text()).isEqualTo("{\"b\":3,\"a\":2,\"\\ud800\":4}");
    assertThat(Json.ofStored("{\"a\":1,\"a\":2}").sameValue(Json.parse("{\"a\":2}"))).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"a\":1,\"b\":2,\"a\":3} | {\"b\":2,\"a\":3}",
        "{ \"a\" : 1 , \"b\" : 2.50 ,\t\"a\" : 3 } | {  \"b\" : 2.50 ,\t\"a\" : 3 }",
        "{\"a\":1,\"a\":2,\"a\":3} | {\"a\":3}",
        "{\"a\":{\"x\":1,\"x\":2},\"a\":{\"x\":3,\"x\":4}} | {\"a\":{\"x\":4}}",
        "[{\"a\":{\"b\":1,\"b\":[2]}}] | [{\"a\":{\"b\":[2]}}]",
        "{\"\":1,\"\":2} | {\"\":2}",
        "{\"a\\u0062\":1,\"ab\":2} | {\"ab\":2}",
        "{\"ab\":1,\"\\u0061b\":2} | {\"\\u0061b\":2}",
      })
  void repeatedNames_areCutOutAndAllOtherLettersStay(String text, String kept) {
    assertThat(Json.parse(text).text()).isEqualTo(kept);
  }

  @Property
  void repeatedNames_amongManyMembersAreFoundToo(@ForAll List<@IntRange(max = 30) Integer> names) {
    StringBuilder text = new StringBuilder("{");
    Map<String, Integer> last = new LinkedHashMap<>();
    for (int i = 0; i < names.size(); i++) {
      text.append(i == 0 ? "" : ",").append("\"n" + names.get(i) + "\":" + i);
      last.remove("n" + names.get(i));
      last.put("n" + names.get(i), i);
    }
    StringBuilder expected = new StringBuilder("{");
    last.forEach(
        (name, value) ->
            expected.append(expected.length() == 1 ? "" : ",").append("\"" + name + "\":" + value));

    assertThat(Json.parse(text.append('}').toString()).text())
        .isEqualTo(expected.append('}').toString());
  }

  // ---- limits and refusals

  @ParameterizedTest
  @ValueSource(strings = {"[", "{\"a\":"})
  void nesting_endsAt1000(String open) {
    String close = open.equals("[") ? "]" : "}";
    String deepest = nested(open, close, 1000);
    Json json = Json.parse(deepest);

    assertThat(json.text()).isEqualTo(deepest);
    assertThatThrownBy(() -> Json.parse(nested(open, close, 1001)))
        .isInstanceOf(InvalidSpanException.class)
        .hasMessage("json is nested deeper than 1000 levels");
    assertThatThrownBy(() -> Json.array(List.of(json)))
        .isInstanceOf(InvalidSpanException.class)
        .hasMessage("json is nested deeper than 1000 levels");
    assertThatThrownBy(() -> Json.object(Map.of("a", json)))
        .isInstanceOf(InvalidSpanException.class);
  }

  @Test
  void nesting_countsNoBracketsInStrings() {
    Json brackets = Json.of("[{\"\\".repeat(2000));

    assertThat(Json.array(List.of(brackets)).elements()).containsExactly(brackets);
  }

  private static String nested(String open, String close, int depth) {
    return open.repeat(depth - 1) + (open.equals("[") ? "[]" : "{}") + close.repeat(depth - 1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "nul",
        "NaN",
        "'a'",
        "01",
        "1.",
        ".5",
        "+1",
        "1 2",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "\"\n\"",
        "\"\u0000\"",
        "\"\\x\"",
        "[1",
        "{\"a\"",
        "\"abc",
        "\u20031",
        "1\u000b",
        "// c\n1"
      })
  void malformedText_isRefused(String text) {
    assertThatThrownBy(() -> Json.parse(text))
        .isInstanceOf(InvalidSpanException.class)
        .hasMessageStartingWith("json ");
  }

  @Test
  void complaint_saysWhereAndQuotesNoToken() {
    assertThatThrownBy(() -> Json.parse("{\"card\": hunter2secret}"))
        .isInstanceOf(InvalidSpanException.class)
        .hasMessage("json has 'h' where a value should be, at character 10");
  }

  @Test
  void storedText_thatIsMalformedMeansItselfAlone() {
    Json broken = Json.ofStored("{broken");

    assertThat(broken.sameValue(Json.ofStored("{broken"))).isTrue();
    assertThat(broken.sameValue(Json.ofStored("{broke"))).isFalse();
    assertThat(Json.parse("{}").sameValue(broken)).isFalse();
    assertThat(broken.valueHash())
        .isEqualTo(Json.ofStored("{broken").valueHash())
        .isNotEqualTo(Json.ofStored("{broke").valueHash());
    assertThatThrownBy(broken::members).isInstanceOf(InvalidSpanException.class);
    assertThat(Json.ofStored(" {\"a\":1}\n").kind()).isEqualTo(Json.Kind.OBJECT);
  }
}
