package dev.tracekeep.span;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class SpanUpdateTest {
  private static final SpanKey KEY = SpanArbitraries.KEY;
  private static final Instant T1 = Instant.parse("2025-01-01T00:00:01Z");
  private static final Instant T2 = Instant.parse("2025-01-01T00:00:02Z");
  private static final Instant T3 = Instant.parse("2025-01-01T00:00:03Z");

  @Provide
  Arbitrary<Span> spans() {
    return SpanArbitraries.spans();
  }

  @Provide
  Arbitrary<SpanUpdate> updates() {
    return SpanArbitraries.updates();
  }

  @Provide
  Arbitrary<List<SpanUpdate>> updateLists() {
    return SpanArbitraries.updates().list().ofMaxSize(5);
  }

  // ---- laws

  @Property
  void result_ranksAboveTheRow(@ForAll("spans") Span span, @ForAll("updates") SpanUpdate update) {
    update
        .applyTo(span)
        .ifPresent(
            result -> {
              assertThat(result.version()).isGreaterThan(span.version());
              assertThat(result).isNotEqualTo(span);
            });
  }

  @Property
  void update_appliedTwiceIsAppliedOnce(
      @ForAll("spans") Span span, @ForAll("updates") SpanUpdate update) {
    Span once = applied(span, update);

    assertThat(update.applyTo(once)).isEmpty();
  }

  @Property
  void update_neverTakesAnythingAway(
      @ForAll("spans") Span span, @ForAll("updates") SpanUpdate update) {
    Span after = applied(span, update);

    for (SpanColumn column : SpanColumn.all()) {
      if (!column.isAbsentIn(span) && column != SpanColumn.TAGS) {
        assertThat(column.read(after)).as(column.columnName()).isNotNull();
      }
    }
    assertThat(after.key()).isEqualTo(span.key());
    assertThat(after.times().createdAt()).isEqualTo(span.times().createdAt());
    if (span.times().updatedAt() != null) {
      assertThat(after.times().updatedAt()).isAfterOrEqualTo(span.times().updatedAt());
    }
  }

  @Property
  void update_changesWhatItCarriesAlone(
      @ForAll("spans") Span span, @ForAll("updates") SpanUpdate update) {
    Span after = applied(span, update);

    for (SpanColumn column : SpanColumn.all()) {
      if (column == SpanColumn.UPDATED_AT) {
        continue;
      }
      Object before = column.read(span);
      Object now = column.read(after);
      if (!same(before, now)) {
        assertThat(now).as(column.columnName()).isEqualTo(update.value(column));
      }
    }
  }

  private static boolean same(Object before, Object now) {
    return before == null ? now == null : before.equals(now);
  }

  @Property
  void newerUpdate_overridesAndOlderOneFills(
      @ForAll("spans") Span span, @ForAll("updates") SpanUpdate update) {
    Span after = applied(span, update);
    Instant before = span.times().updatedAt();
    boolean completed = span.times().endedAt() != null;
    boolean completes = update.value(SpanColumn.ENDED_AT) != null;
    boolean newer = before == null || update.updatedAt().isAfter(before);
    boolean older = before != null && update.updatedAt().isBefore(before);

    for (SpanColumn column : update.columns()) {
      Object value = update.value(column);
      if (newer || (completes && !completed)) {
        assertThat(column.read(after)).as(column.columnName()).isEqualTo(value);
      } else if (older) {
        Object expected = column.isAbsentIn(span) ? value : column.read(span);
        assertThat(column.read(after)).as(column.columnName()).isEqualTo(expected);
      }
    }
  }

  @Property
  void replayOfTheCreate_undoesNoUpdate(
      @ForAll("spans") Span span, @ForAll("updateLists") List<SpanUpdate> updates) {
    Span created = span;
    Span row = created;
    for (SpanUpdate update : updates) {
      row = applied(row, update);
      assertThat(row.orBetter(created)).isEqualTo(row);
      assertThat(created.orBetter(row)).isEqualTo(row);
    }
  }

  @Property
  void updatesInOrder_giveOneResultWhateverTheList(
      @ForAll("spans") Span span,
      @ForAll("updateLists") List<SpanUpdate> updates,
      @ForAll long seed) {
    List<SpanUpdate> shuffled = new ArrayList<>(updates);
    Collections.shuffle(shuffled, new Random(seed));

    assertThat(appliedInOrder(span, shuffled)).isEqualTo(appliedInOrder(span, updates));
  }

  private static Span appliedInOrder(Span span, List<SpanUpdate> updates) {
    Span row = span;
    for (SpanUpdate update : updates.stream().sorted(SpanUpdate.ORDER).toList()) {
      row = applied(row, update);
    }
    return row;
  }

  private static Span applied(Span row, SpanUpdate update) {
    return update.applyTo(row).orElse(row);
  }

  // ---- cases

  @Test
  void outdatedUpdate_completesARunningSpanAndKeepsItsLaterTime() {
    Span running = span().updatedAt(T3).build();

    Span after = SpanUpdate.builder(KEY, T2).endedAt(T2).build().applyTo(running).get();

    assertThat(after.times().endedAt()).isEqualTo(T2);
    assertThat(after.times().updatedAt()).isEqualTo(T3);
    assertThat(after.status()).isEqualTo(SpanStatus.OK);
  }

  @Test
  void outdatedUpdate_thatFillsRanksAboveTheRowByItsColumns() {
    Span done = span().endedAt(T2).updatedAt(T3).build();

    Span after =
        SpanUpdate.builder(KEY, T2)
            .name("late")
            .output(Json.of("late"))
            .build()
            .applyTo(done)
            .get();

    assertThat(after)
        .isEqualTo(
            done.toBuilder().payload(Payload.builder().output(Json.of("late")).build()).build());
    assertThat(after.version()).isGreaterThan(done.version());
    assertThat(after.version().toHex()).startsWith(done.version().toHex().substring(0, 34));
  }

  @Test
  void outdatedUpdate_fillsAnEventFlagThatIsFalse() {
    Span done = span().endedAt(T2).updatedAt(T3).build();

    assertThat(SpanUpdate.builder(KEY, T2).set(SpanColumn.IS_EVENT, true).build().applyTo(done))
        .contains(done.toBuilder().event(true).build());
  }

  @Test
  void updateOfTheSameTime_overridesOnlyIfTheResultIsGreater() {
    Span done = span().endedAt(T2).updatedAt(T3).name("middle").build();

    assertThat(SpanUpdate.builder(KEY, T3).name("longer than that").build().applyTo(done))
        .contains(done.toBuilder().name("longer than that").build());
    assertThat(SpanUpdate.builder(KEY, T3).name("short").build().applyTo(done)).isEmpty();
    // What says less fills what is absent all the same.
    assertThat(
            SpanUpdate.builder(KEY, T3)
                .tags(List.of())
                .output(Json.of("x"))
                .build()
                .applyTo(done.toBuilder().tags(List.of("kept")).build()))
        .contains(
            done.toBuilder()
                .tags(List.of("kept"))
                .payload(Payload.builder().output(Json.of("x")).build())
                .build());
  }

  @Test
  void update_thatOnlyRespellsJsonIsAChange() {
    Span done =
        span().updatedAt(T2).payload(Payload.builder().output(Json.parse("1")).build()).build();

    assertThat(SpanUpdate.builder(KEY, T2).output(Json.parse("1.0")).build().applyTo(done))
        .contains(
            done.toBuilder().payload(Payload.builder().output(Json.parse("1.0")).build()).build());
    assertThat(SpanUpdate.builder(KEY, T2).output(Json.parse("1")).build().applyTo(done)).isEmpty();
  }

  @Test
  void update_withoutAChangeIsEmpty() {
    Span done = span().endedAt(T2).updatedAt(T3).build();

    assertThat(SpanUpdate.builder(KEY, T3).endedAt(T2).build().applyTo(done))
        .isEqualTo(Optional.empty());
    assertThat(SpanUpdate.builder(KEY, T1).build().applyTo(done)).isEmpty();
  }

  @Test
  void update_ofAnotherOrLightSpanIsRefused() {
    SpanUpdate update = SpanUpdate.builder(SpanKey.of("t", "other"), T1).build();
    Span light = span().build().toLight();

    assertThatThrownBy(() -> update.applyTo(span().build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("An update of default/t/other cannot change default/trace/span");
    assertThatThrownBy(() -> SpanUpdate.builder(KEY, T1).build().applyTo(light))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("read without its heavy fields");
  }

  @Test
  void set_refusesWhatAColumnCannotHold() {
    SpanUpdate.Builder builder = SpanUpdate.builder(KEY, T1);

    assertThatThrownBy(() -> builder.set(SpanColumn.CREATED_AT, T1))
        .hasMessage("An update cannot set created_at");
    assertThatThrownBy(() -> builder.set(SpanColumn.SPAN_ID, "x"))
        .hasMessage("An update cannot set span_id");
    assertThatThrownBy(() -> builder.set(SpanColumn.INPUT, "text"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("input takes a Json, not a java.lang.String");
    assertThatThrownBy(() -> builder.set(SpanColumn.TAGS, List.of("a", 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tags takes a String, not a java.lang.Integer");
    assertThatThrownBy(() -> builder.set(SpanColumn.TAGS, Arrays.asList("a", null)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tags takes a String, not null");
  }

  @Test
  void build_refusesWhatASpanMayNotHave() {
    assertThatThrownBy(() -> SpanUpdate.builder(KEY, EpochNanos.MIN.minusNanos(1)))
        .isInstanceOf(InvalidSpanException.class)
        .hasMessageStartingWith("updated_at is 1899");
    assertThatThrownBy(
            () -> SpanUpdate.builder(KEY, T1).endedAt(EpochNanos.MAX.plusNanos(1)).build())
        .isInstanceOf(InvalidSpanException.class)
        .hasMessageStartingWith("ended_at is ");
    assertThatThrownBy(() -> SpanUpdate.builder(KEY, T1).parentSpanId("").build())
        .isInstanceOf(InvalidSpanException.class)
        .hasMessageStartingWith("parent_span_id is empty");
    assertThatThrownBy(
            () -> SpanUpdate.builder(KEY, T1).set(SpanColumn.SPAN_KIND, "client").build())
        .isInstanceOf(InvalidSpanException.class)
        .hasMessage(
            "span_kind is 'client': there are [INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER]");
  }

  @Test
  void values_areCleanedAndCopied() {
    List<String> tags = new ArrayList<>(List.of("a\u0000"));
    SpanUpdate update = SpanUpdate.builder(KEY, T1).name("x\uD800").tags(tags).build();
    tags.clear();

    assertThat(update.value(SpanColumn.NAME)).isEqualTo("x\uFFFD");
    assertThat(update.value(SpanColumn.TAGS)).isEqualTo(List.of("a\uFFFD"));
    assertThat(update.columns()).containsExactly(SpanColumn.NAME, SpanColumn.TAGS);
    assertThat(update)
        .hasToString("SpanUpdate[default/trace/span at " + T1 + " sets [NAME, TAGS]]");
  }

  private static Span.Builder span() {
    return Span.builder(KEY).name("name").startedAt(T1);
  }
}
