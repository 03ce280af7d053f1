package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.SimpleFormatter;
import java.util.logging.StreamHandler;
import org.junit.jupiter.api.Test;

class MaskingStreamTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  private String written() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void line_comesOutWhenItEnds_withoutItsSecret() {
    try (PrintStream out =
        new PrintStream(new MaskingStream(bytes), true, StandardCharsets.UTF_8)) {
      out.print("jdbc:postgresql://u:sec");
      out.flush();
      assertThat(written()).isEmpty();
      out.print("ret@host:1 Žluťoučký kůň\n");
      assertThat(written()).isEqualTo("jdbc:postgresql://u:***@host:1 Žluťoučký kůň\n");
      out.print("the end");
    }
    assertThat(written()).endsWith("\nthe end");
  }

  @Test
  void lineOfADriversLogger_hasNoSecret() {
    try (PrintStream out =
        new PrintStream(new MaskingStream(bytes), true, StandardCharsets.UTF_8)) {
      StreamHandler handler = new StreamHandler(out, new SimpleFormatter());
      handler.publish(
          new LogRecord(
              Level.WARNING, "JDBC URL invalid port number: jdbc:postgresql://u:secret@host:1"));
      handler.flush();
      new IllegalStateException("mongodb://u:secret@h/db").printStackTrace(out);
    }
    assertThat(written()).contains("u:***@host:1", "u:***@h/db").doesNotContain("secret");
  }
}
