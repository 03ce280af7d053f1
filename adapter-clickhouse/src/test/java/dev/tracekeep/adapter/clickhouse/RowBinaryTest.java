package dev.tracekeep.adapter.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RowBinaryTest {
  private static byte[] written(ClickHouseClient.Rows rows) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    RowBinaryWriter out = new RowBinaryWriter(bytes);
    rows.writeTo(out);
    assertThat(out.size()).isGreaterThanOrEqualTo(bytes.size());
    out.flush();
    assertThat(out.size()).isEqualTo(bytes.size());
    return bytes.toByteArray();
  }

  private static RowBinaryReader reader(byte[] bytes) {
    return new RowBinaryReader(new ByteArrayInputStream(bytes));
  }

  /** The bytes that ClickHouse itself gives for these values. */
  @Test
  void values_areInTheFormOfClickHouse() throws IOException {
    byte[] bytes =
        written(
            out -> {
              out.text("é");
              out.nothing();
              out.something();
              out.text("");
              out.flag(true);
              out.number(-2);
              out.count(300);
              out.unsigned(new byte[] {1, 2, 3}, 5);
            });
    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo("02c3a9" + "01" + "0000" + "01" + "feffffffffffffff" + "ac02" + "0302010000");
  }

  @Property(tries = 200)
  void values_comeBack(
      @ForAll String text,
      @ForAll long number,
      @ForAll boolean flag,
      @ForAll @IntRange(min = 0) int count,
      @ForAll @Size(29) byte[] version)
      throws IOException {
    RowBinaryReader row =
        reader(
            written(
                out -> {
                  out.text(text);
                  out.number(number);
                  out.flag(flag);
                  out.count(count);
                  out.unsigned(version, SpanRows.VERSION_WIDTH);
                  out.endRow();
                }));
    assertThat(row.hasNext()).isTrue();
    // A lone surrogate has no UTF-8; core lets none through.
    assertThat(row.text())
        .isEqualTo(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
    assertThat(row.number()).isEqualTo(number);
    assertThat(row.flag()).isEqualTo(flag);
    assertThat(row.count()).isEqualTo(count);
    byte[] wide = row.unsigned(SpanRows.VERSION_WIDTH);
    assertThat(wide).startsWith(new byte[3]).endsWith(version);
    assertThat(row.hasNext()).isFalse();
  }

  @Test
  void span_comesBackWithItsVersion() throws IOException {
    Span span =
        Span.builder(SpanKey.of("t", "s"))
            .name("")
            .startedAt(Instant.parse("1900-01-01T00:00:00Z"))
            .tags(List.of("", "x".repeat(70_000)))
            .payload(Payload.builder().output(Json.of("y".repeat(3 << 20))).build())
            .build();
    RowBinaryReader rows =
        reader(
            written(
                out -> {
                  SpanRows.write(span, out);
                  SpanRows.write(span, out);
                }));
    for (int i = 0; i < 2; i++) {
      assertThat(SpanRows.read(rows, SpanColumn.all())).isEqualTo(span);
      assertThat(SpanRows.readVersion(rows)).isEqualTo(span.version());
    }
    assertThat(rows.hasNext()).isFalse();
  }

  @Test
  void answerThatEndsEarly_isNotTakenForAShortOne() throws IOException {
    byte[] bytes = written(out -> out.text("x".repeat(100)));
    byte[] cut = Arrays.copyOf(bytes, 60);
    assertThatThrownBy(() -> reader(cut).text()).isInstanceOf(EOFException.class);
    assertThatThrownBy(() -> reader(new byte[0]).flag()).isInstanceOf(EOFException.class);
  }

  @Test
  void lengthBeyondTwoGibibytes_isRefused() {
    byte[] broken = HexFormat.of().parseHex("ffffffff0f");
    assertThatThrownBy(() -> reader(broken).text()).hasMessageContaining("beyond 2 GiB");
    assertThatThrownBy(() -> reader(HexFormat.of().parseHex("ffffffffffff01")).count())
        .hasMessageContaining("beyond 2 GiB");
  }
}
