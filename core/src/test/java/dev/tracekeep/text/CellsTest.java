package dev.tracekeep.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CellsTest {
  private static final Cells CELLS = Cells.estimated();

  @Test
  void fit_countsCells() {
    assertThat(CELLS.fit("天気を調べる", 7, "…")).isEqualTo("天気を…");
    assertThat(CELLS.fit("天気を調べる", 12, "…")).isEqualTo("天気を調べる");
    assertThat(CELLS.padRight("天気", 6)).isEqualTo("天気  ");
    assertThat(CELLS.padLeft("天気", 6)).isEqualTo("  天気");
  }

  @Test
  void estimated_marksTakeNone_eastAsiaAndEmojiTakeTwo() {
    assertThat(CELLS.width("abc \u00e4 \u0416 \u2588")).isEqualTo(9);
    assertThat(CELLS.width("e\u0301\u200d")).isEqualTo(1);
    assertThat(CELLS.width("\uff21\u6f22\u3042\u30a2\ud55c\ud83d\ude42")).isEqualTo(12);
  }

  @Test
  void ownMeasure_decides_andNegativeIsNone() {
    Cells cells = new Cells(c -> c == 'w' ? 2 : c == 'n' ? -1 : 1);

    assertThat(cells.width("wnx")).isEqualTo(3);
    assertThat(cells.fit("wnwx", 4, ".")).isEqualTo("wn.");
  }
}
