package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import org.junit.jupiter.api.Test;

class StandardOutputTest {
  private static StandardOutput failingWith(String message) {
    StandardOutput output =
        new StandardOutput(
            new OutputStream() {
              @Override
              public void write(int b) throws IOException {
                throw new IOException(message);
              }
            });
    PrintWriter writer = new PrintWriter(output);
    writer.println("text");
    writer.flush();
    return output;
  }

  @Test
  void problem_readerGone_isNone() {
    assertThat(failingWith("Broken pipe").problem()).isNull();
  }

  @Test
  void problem_diskFull_isNamed() {
    assertThat(failingWith("No space left on device").problem())
        .isEqualTo("No space left on device");
  }

  @Test
  void problem_everythingWritten_isNone() {
    assertThat(new StandardOutput(OutputStream.nullOutputStream()).problem()).isNull();
  }
}
