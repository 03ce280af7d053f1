package dev.tracekeep.span;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Our own reading of JSON beside Jackson's: the same texts are accepted, and nothing crashes. Lone
 * surrogates are left out: Jackson refuses them in names, where we keep them.
 */
class JsonOracleTest {
  private static final JsonFactory JACKSON = new JsonFactory();

  private static final Arbitrary<String> TOKENS =
      Arbitraries.of(
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "\"a\"",
          "\"\"",
          "\"\\n\"",
          "\"\\ud83d\\ude00\"",
          "0",
          "-0",
          "-",
          "1.5",
          "1.",
          ".5",
          "01",
          "1e5",
          "1E+2",
          "1e-",
          "e",
          "true",
          "tru",
          "null",
          "nulls",
          " ",
          "\n",
          "\t",
          "\u000b",
          "\u00a0",
          "\uFEFF",
          "\"",
          "\\",
          "\\u12",
          "\u0001",
          "\u00e9");

  @Provide
  Arbitrary<String> tokens() {
    return TOKENS
        .list()
        .ofMaxSize(7)
        .map(tokens -> String.join("", tokens))
        .filter(JsonOracleTest::hasNoSurrogates);
  }

  /** A well-formed text in which one place was changed, and may have become malformed. */
  @Provide
  Arbitrary<String> damaged() {
    return Combinators.combine(SpanArbitraries.jsonTexts(), TOKENS, Arbitraries.integers(), cuts())
        .as(
            (text, token, at, cut) -> {
              int from = Math.floorMod(at, text.length() + 1);
              int to = Math.min(text.length(), from + cut);
              return text.substring(0, from) + token + text.substring(to);
            })
        .filter(JsonOracleTest::hasNoSurrogates);
  }

  private static boolean hasNoSurrogates(String text) {
    return !text.contains("\\ud") && text.chars().noneMatch(c -> Character.isSurrogate((char) c));
  }

  private static Arbitrary<Integer> cuts() {
    return Arbitraries.integers().between(0, 2);
  }

  @Property(tries = 3000)
  void parse_acceptsWhatJacksonAccepts(@ForAll("tokens") String text) {
    assertThat(isAcceptedByUs(text)).isEqualTo(isAcceptedByJackson(text));
  }

  @Property(tries = 3000)
  void parse_refusesWhatJacksonRefuses(@ForAll("damaged") String text) {
    assertThat(isAcceptedByUs(text)).isEqualTo(isAcceptedByJackson(text));
  }

  private static boolean isAcceptedByUs(String text) {
    try {
      Json.parse(text);
      return true;
    } catch (InvalidSpanException e) {
      return false;
    }
  }

  private static boolean isAcceptedByJackson(String text) {
    try (JsonParser parser = JACKSON.createParser(ObjectReadContext.empty(), text)) {
      int depth = 0;
      int values = 0;
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token.isStructEnd()) {
          depth--;
          continue;
        }
        values += depth == 0 ? 1 : 0;
        if (token.isStructStart()) {
          depth++;
        } else {
          parser.getString(); // reads lazily: only now the whole string is looked at
        }
      }
      return values == 1;
    } catch (JacksonException e) {
      return false;
    }
  }
}
