package dev.tracekeep.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class Utf8Test {
  /** What Java's decoder says. */
  private static int invalidAt(byte[] bytes) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CoderResult result = decoder.decode(in, CharBuffer.allocate(bytes.length + 1), true);
    return result.isError() ? in.position() : -1;
  }

  @Test
  void everyThreeBytes_areAsJavaSays() {
    byte[] bytes = new byte[3];
    for (int i = 0; i < 1 << 24; i += 7) { // each value of each byte beside each other's
      bytes[0] = (byte) (i >> 16);
      bytes[1] = (byte) (i >> 8);
      bytes[2] = (byte) i;
      if (Utf8.invalidAt(bytes, 0, 3) != invalidAt(bytes)) {
        assertThat(Utf8.invalidAt(bytes, 0, 3))
            .as(Arrays.toString(bytes))
            .isEqualTo(invalidAt(bytes));
      }
    }
  }

  @Property(tries = 5_000)
  void mixedBytes_areAsJavaSays(@ForAll("bytes") byte[] bytes) {
    assertThat(Utf8.invalidAt(bytes, 0, bytes.length)).isEqualTo(invalidAt(bytes));
  }

  @Provide
  Arbitrary<byte[]> bytes() {
    // The bytes at which the table of well-formed sequences turns.
    return Arbitraries.of(
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1,
            0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF)
        .map(Integer::byteValue)
        .array(byte[].class)
        .ofMaxSize(12);
  }

  @Property
  void text_isUtf8(@ForAll String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    assertThat(Utf8.invalidAt(bytes, 0, bytes.length)).isEqualTo(-1);
  }

  @Test
  void place_isCountedFromTheStartOfThePart() {
    byte[] bytes = {(byte) 0xFF, 'a', 'b', (byte) 0xC3, (byte) 0xA4, (byte) 0xE2, (byte) 0x82};
    assertThat(Utf8.invalidAt(bytes, 1, 5)).isEqualTo(-1);
    assertThat(Utf8.invalidAt(bytes, 1, 7)).isEqualTo(4);
    assertThat(Utf8.invalidAt(bytes, 0, 7)).isZero();
  }
}
