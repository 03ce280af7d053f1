package dev.tracekeep.span;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.migration.SpanTable;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BuildersTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Json OBJECT = Json.parse("{\"k\":1}");

  @Test
  void builders_fillThePartsOfTheirNames() {
    assertThat(Entity.builder().type("agent").id("i").name("n").versionId("v").build())
        .isEqualTo(new Entity("agent", "i", "n", "v"));
    assertThat(
            Origin.builder()
                .environment("e")
                .serviceName("n")
                .source("s")
                .scope(OBJECT)
                .resource(Json.TRUE)
                .build())
        .isEqualTo(new Origin("e", "n", "s", OBJECT, Json.TRUE));
    assertThat(
            SpanTable.Columns.builder("t", "s", "e")
                .tenantId("tenant")
                .startedAt("start")
                .updatedAt("u")
                .createdAt("c")
                .version("v")
                .build())
        .isEqualTo(new SpanTable.Columns("tenant", "t", "s", "e", "u", "c", "v", "start"));
    assertThat(Entity.builder().build()).isEqualTo(Entity.NONE);
    assertThat(Origin.builder().build()).isEqualTo(Origin.UNKNOWN);
  }

  @Test
  void update_hasATypedSetterForEveryColumnThatItMaySet() {
    Entity entity = new Entity("a", "b", "c", "d");
    SpanUpdate update =
        SpanUpdate.builder(SpanKey.of("t", "s"), START)
            .parentSpanId("p")
            .name("n")
            .type(SpanType.TOOL_CALL)
            .kind(SpanKind.CLIENT)
            .event(true)
            .startedAt(START)
            .endedAt(START)
            .entity(entity)
            .parentEntity(entity)
            .rootEntity(entity)
            .correlation(new Correlation("1", "2", "3", "4", "5", "6", "7", "8"))
            .origin(new Origin("e", "n", "s", OBJECT, OBJECT))
            .usage(new Usage("m", "p", 1L, 2L, 3L, BigDecimal.ONE))
            .tags(List.of("x"))
            .input(OBJECT)
            .output(OBJECT)
            .error(OBJECT)
            .metadata(OBJECT)
            .attributes(OBJECT)
            .requestContext(OBJECT)
            .links(Json.array(List.of()))
            .events(Json.array(List.of()))
            .build();

    Set<SpanColumn> all = EnumSet.allOf(SpanColumn.class);
    all.removeAll(
        Set.of(
            SpanColumn.TENANT_ID,
            SpanColumn.TRACE_ID,
            SpanColumn.SPAN_ID,
            SpanColumn.CREATED_AT,
            SpanColumn.UPDATED_AT));
    assertThat(update.columns()).isEqualTo(all);
    assertThat(update.value(SpanColumn.SPAN_TYPE)).isEqualTo("tool_call");
    assertThat(update.value(SpanColumn.PARENT_ENTITY_NAME)).isEqualTo("c");
    assertThat(
            SpanUpdate.builder(SpanKey.of("t", "s"), START).entity(Entity.NONE).build().columns())
        .isEmpty();
  }

  @Test
  void span_tellsItsDuration() {
    Span running = Span.builder(SpanKey.of("t", "s")).name("n").startedAt(START).build();

    assertThat(running.duration()).isNull();
    assertThat(running.toBuilder().endedAt(START.plusNanos(7)).build().duration())
        .isEqualTo(Duration.ofNanos(7));
  }

  @Test
  void number_comesOutAsItIsWritten() {
    assertThat(Json.parse(" 1.50e2 ").asNumber()).isEqualTo(new BigDecimal("1.50e2"));
    assertThat(Json.of(Long.MAX_VALUE).asNumber()).isEqualTo(BigDecimal.valueOf(Long.MAX_VALUE));
    assertThatThrownBy(() -> Json.of("1").asNumber())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("This is no number: STRING");
  }
}
