package dev.tracekeep.storage.spi;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TableFormatTest {
  @Test
  void comment_withoutANumberHasNone() {
    assertThat(TableFormat.in(null)).isEmpty();
    assertThat(TableFormat.in("")).isEmpty();
    assertThat(TableFormat.in("The spans of the shop, format 7")).isEmpty();
    assertThat(TableFormat.in("tracekeep-format: next")).isEmpty();
  }

  @Test
  void comment_keepsItsOtherWords() {
    assertThat(TableFormat.commentWith(null)).isEqualTo("tracekeep-format: 2");
    assertThat(TableFormat.commentWith(" ")).isEqualTo("tracekeep-format: 2");
    assertThat(TableFormat.commentWith("Ask Kim")).isEqualTo("Ask Kim; tracekeep-format: 2");
    assertThat(TableFormat.commentWith("Ask; tracekeep-format: 17; thanks"))
        .isEqualTo("Ask; tracekeep-format: 2; thanks");
  }

  @Test
  void number_isReadWhereverItStands() {
    assertThat(TableFormat.in("Ask Kim; tracekeep-format: 17; thanks")).hasValue(17);
    assertThat(TableFormat.in(TableFormat.commentWith("Ask Kim"))).hasValue(TableFormat.CURRENT);
  }
}
