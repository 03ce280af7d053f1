package dev.tracekeep.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.Times;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SpanFilterTest {
  private static final Instant T = Instant.parse("2025-01-01T00:00:00.000000001Z");

  private static final Span SPAN =
      Span.builder(SpanKey.of("trace", "span"))
          .parentSpanId("parent")
          .name("b_ue sky")
          .startedAt(T)
          .endedAt(T.plusNanos(5))
          .updatedAt(T.plusNanos(7))
          .payload(
              Payload.builder()
                  .input(Json.parse("[{\"role\":\"user\",\"text\":\"the \\u0063at\"},7]"))
                  .attributes(
                      Json.parse(
                          "{\"a.b\":1.50,\"a\":{\"b\":\"x\",\"n\":null},\"big\":1e400,\"t\":\"7\"}"))
                  .build())
          .tags(List.of("one"))
          .build();

  static Stream<Arguments> conditions() {
    SpanColumn attributes = SpanColumn.ATTRIBUTES;
    List<String> dotted = List.of("a.b");
    return Stream.of(
        passes("nothing asked", f -> f),
        passes("text", f -> f.where(SpanColumn.PARENT_SPAN_ID, "parent")),
        fails("other text", f -> f.where(SpanColumn.NAME, "b_ue")),
        passes("any of", f -> f.anyOf(SpanColumn.NAME, List.of("x", "b_ue sky", "x"))),
        fails("none of", f -> f.anyOf(SpanColumn.NAME, List.of("x", "y"))),
        passes("prefix", f -> f.startsWith(SpanColumn.NAME, "b_ue")),
        passes("empty prefix", f -> f.startsWith(SpanColumn.NAME, "")),
        fails("prefix with a wildcard", f -> f.startsWith(SpanColumn.NAME, "b%")),
        fails("empty prefix of an absent text", f -> f.startsWith(SpanColumn.USER_ID, "")),
        passes("present", f -> f.present(SpanColumn.TAGS)),
        passes("absent flag", f -> f.absent(SpanColumn.IS_EVENT)),
        fails("present flag", f -> f.present(SpanColumn.IS_EVENT)),
        passes("absent", f -> f.absent(SpanColumn.ERROR)),
        passes("status", f -> f.status(SpanStatus.OK)),
        fails("other status", f -> f.status(SpanStatus.ERROR)),
        passes("child", f -> f.root(false)),
        fails("root", f -> f.root(true)),
        passes("tag", f -> f.tag("one")),
        fails("other tag", f -> f.tag("One")),
        passes("updated", f -> f.updatedAt(TimeRange.since(T.plusNanos(7)))),
        fails("created, absent", f -> f.within(SpanColumn.CREATED_AT, TimeRange.ALL)),
        passes("as long", f -> f.durationAtLeast(Duration.ofNanos(5))),
        fails("longer", f -> f.durationAtLeast(Duration.ofNanos(6))),
        passes("as short", f -> f.durationAtMost(Duration.ofNanos(5))),
        fails("shorter", f -> f.durationAtMost(Duration.ofNanos(4))),
        passes("member", f -> f.member(attributes, "a.b", Json.parse("15e-1"))),
        fails("number and text", f -> f.member(attributes, "t", Json.of(7))),
        passes("path", f -> f.member(attributes, List.of("a", "b"), Json.of("x"))),
        passes("JSON null is there", f -> f.hasMember(attributes, List.of("a", "n"))),
        fails("no such member", f -> f.hasMember(attributes, List.of("a", "b", "c"))),
        passes("the value itself", f -> f.hasMember(attributes, List.of())),
        fails("an absent value", f -> f.hasMember(SpanColumn.OUTPUT, List.of())),
        passes("at least", f -> f.member(attributes, dotted, Comparison.AT_LEAST, decimal("1.5"))),
        fails("more than", f -> f.member(attributes, dotted, Comparison.MORE_THAN, decimal("1.5"))),
        passes("at most", f -> f.member(attributes, dotted, Comparison.AT_MOST, decimal("1.5"))),
        fails("less than", f -> f.member(attributes, dotted, Comparison.LESS_THAN, decimal("1.5"))),
        passes(
            "equal to", f -> f.member(attributes, dotted, Comparison.EQUAL_TO, decimal("1.500"))),
        passes(
            "beyond doubles",
            f -> f.member(attributes, List.of("big"), Comparison.MORE_THAN, decimal("1e399"))),
        fails(
            "digits in a string",
            f -> f.member(attributes, List.of("t"), Comparison.AT_LEAST, decimal("0"))),
        passes("escaped text", f -> f.memberContains(SpanColumn.INPUT, List.of(), "the cat")),
        fails("a name", f -> f.memberContains(SpanColumn.INPUT, List.of(), "role")),
        fails("a number", f -> f.memberContains(SpanColumn.INPUT, List.of(), "7")),
        fails("the text's escapes", f -> f.memberContains(SpanColumn.INPUT, List.of(), "u0063")),
        passes("both", f -> f.tag("one").root(false)),
        fails("one of two", f -> f.tag("one").root(true)),
        fails("two values", f -> f.where(SpanColumn.NAME, "b_ue sky").where(SpanColumn.NAME, "x")));
  }

  private static Arguments passes(String name, UnaryOperator<SpanFilter.Builder> filter) {
    return Arguments.of(name, true, filter);
  }

  private static Arguments fails(String name, UnaryOperator<SpanFilter.Builder> filter) {
    return Arguments.of(name, false, filter);
  }

  private static BigDecimal decimal(String number) {
    return new BigDecimal(number);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("conditions")
  void condition_decides(String name, boolean passes, UnaryOperator<SpanFilter.Builder> filter) {
    SpanFilter built = filter.apply(SpanFilter.builder()).build();

    assertThat(built.matches(SPAN)).isEqualTo(passes);
    assertThat(built).isEqualTo(filter.apply(SpanFilter.builder()).build());
    assertThat(built.columns())
        .containsAll(built.conditions().stream().flatMap(c -> c.columns().stream()).toList());
    // What a filter reads is enough to decide by.
    assertThat(
            built.matches(
                column -> {
                  assertThat(built.columns()).contains(column);
                  return column.read(SPAN);
                }))
        .isEqualTo(passes);
  }

  @Test
  void duration_isNeverNegativeAndNeverOverflows() {
    Span backwards = SPAN.toBuilder().startedAt(EpochNanos.MAX).endedAt(EpochNanos.MIN).build();
    Span longest = SPAN.toBuilder().startedAt(EpochNanos.MIN).endedAt(EpochNanos.MAX).build();
    Span running = SPAN.toBuilder().endedAt(null).build();
    SpanFilter none = SpanFilter.builder().durationAtMost(Duration.ZERO).build();
    SpanFilter most = SpanFilter.builder().durationAtLeast(Times.LONGEST).build();

    assertThat(none.matches(backwards)).isTrue();
    assertThat(most.matches(longest)).isTrue();
    assertThat(most.matches(running) || none.matches(running)).isFalse();
    assertThatThrownBy(() -> SpanFilter.builder().durationAtMost(Duration.ofNanos(-1)))
        .hasMessage("A duration is PT-0.000000001S: spans take from 0 to " + Times.LONGEST);
  }

  @Test
  void numbers_thatAreTooLongCompareWithNothing() {
    Span span =
        SPAN.toBuilder()
            .payload(
                Payload.builder()
                    .metadata(
                        Json.parse("{\"long\":" + "1".repeat(1001) + ",\"far\":1e99999999999}"))
                    .build())
            .build();
    for (String name : List.of("long", "far")) {
      for (Comparison comparison : Comparison.values()) {
        SpanFilter filter =
            SpanFilter.builder()
                .member(SpanColumn.METADATA, List.of(name), comparison, BigDecimal.ONE)
                .build();
        assertThat(filter.matches(span)).as("%s %s", name, comparison).isFalse();
      }
    }
    assertThatThrownBy(
            () -> new MemberTest.Compares(Comparison.AT_LEAST, decimal("1".repeat(1001))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1001 digits");
  }

  @Test
  void malformedText_ofAStoreHasNoMembersAndNoStrings() {
    for (String malformed : List.of("{\"a\":\"x", "{\"a\":", "nope", "")) {
      Json json = Json.ofStored(malformed);
      SpanFilter member = SpanFilter.builder().hasMember(SpanColumn.INPUT, List.of("a")).build();
      SpanFilter text =
          SpanFilter.builder().memberContains(SpanColumn.INPUT, List.of(), "x").build();

      assertThat(member.matches(column -> json)).as(malformed).isFalse();
      assertThat(text.matches(column -> json)).as(malformed).isFalse();
    }
  }

  @Test
  void columns_ofAnotherTypeAreRefusedByName() {
    SpanFilter.Builder filter = SpanFilter.builder();
    assertThatThrownBy(() -> filter.where(SpanColumn.TENANT_ID, "x"))
        .hasMessage("tenant_id cannot be filtered by text");
    assertThatThrownBy(() -> filter.within(SpanColumn.NAME, TimeRange.ALL))
        .hasMessage("name is no time");
    assertThatThrownBy(() -> filter.hasMember(SpanColumn.TAGS, List.of()))
        .hasMessage("tags has no members");
    assertThatThrownBy(() -> filter.number(SpanColumn.NAME, Comparison.AT_LEAST, BigDecimal.ONE))
        .hasMessage("name is no number");
    assertThatThrownBy(() -> filter.anyOf(SpanColumn.NAME, List.of()))
        .hasMessage("No value of name is given");
    assertThatThrownBy(() -> filter.memberContains(SpanColumn.INPUT, List.of(), ""))
        .hasMessage("The text that is looked for is empty");
    assertThat(filter.build()).isEqualTo(SpanFilter.ANY);
  }
}
