package dev.tracekeep.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Span;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LinesAheadTest {
  private final ExecutorService decoders = Executors.newFixedThreadPool(3);

  @AfterEach
  void stop() {
    decoders.shutdownNow();
  }

  private static byte[] lines(int count, int padding) {
    StringBuilder text = new StringBuilder();
    for (int i = 1; i <= count; i++) {
      text.append(
          Requests.line(
              Requests.span(
                  String.format("%016x", i), "\"name\":\"" + "n".repeat(padding) + "\"")));
      text.append(text.charAt(text.length() - 1) == '\n' ? "" : "\n");
      if (i % 100 == 0) {
        text.append("{\"resourceSpans\": [ torn\n\n{\"resourceMetrics\":[]}\n");
      }
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private Collected ahead(InputStream in) throws IOException {
    Collected collected = new Collected();
    OtlpReader.builder().build().read(in, Collected.SOURCE, collected, decoders);
    return collected;
  }

  @Test
  void spansAndProblems_comeInTheOrderOfTheInputOnTheReadingThread() throws IOException {
    byte[] input = lines(5_000, 900);
    assertThat(input.length).isGreaterThan(LinesAhead.MAX_BYTES_AHEAD);
    Collected alone = new Collected();
    OtlpReader.builder().build().read(new ByteArrayInputStream(input), Collected.SOURCE, alone);
    Thread reading = Thread.currentThread();

    Collected ahead = new Collected();
    OtlpReader.builder()
        .build()
        .read(
            new ByteArrayInputStream(input),
            Collected.SOURCE,
            new OtlpHandler() {
              @Override
              public void onSpan(Span span) {
                assertThat(Thread.currentThread()).isSameAs(reading);
                ahead.onSpan(span);
              }

              @Override
              public void onProblem(OtlpProblem problem) {
                assertThat(Thread.currentThread()).isSameAs(reading);
                ahead.onProblem(problem);
              }
            },
            decoders);

    assertThat(alone.spans).hasSize(5_000);
    assertThat(alone.problems).hasSize(51); // and the metrics in one
    assertThat(ahead.findings).isEqualTo(alone.findings);
  }

  @Test
  void slowDecoders_holdTheReadingBack() throws Exception {
    CountDownLatch open = new CountDownLatch(1);
    for (int i = 0; i < 3; i++) {
      decoders.execute(
          () -> {
            try {
              open.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
    }
    byte[] input = lines(12_000, 900);
    AtomicLong taken = new AtomicLong();
    InputStream counted =
        new ByteArrayInputStream(input) {
          @Override
          public synchronized int read(byte[] target, int offset, int length) {
            int read = super.read(target, offset, length);
            taken.addAndGet(Math.max(read, 0));
            return read;
          }
        };
    FutureTask<Collected> reading = new FutureTask<>(() -> ahead(counted));
    Thread thread = new Thread(reading, "reading");
    thread.start();
    while (thread.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }

    assertThat(taken.get()).isPositive().isLessThan(LinesAhead.MAX_BYTES_AHEAD + (1 << 20));
    open.countDown();
    assertThat(reading.get().spans).hasSize(12_000);
  }

  @Test
  void inputThatBreaksOff_isHandedOnUpToThere() throws IOException {
    byte[] input = lines(500, 900);
    InputStream broken =
        new SequenceInputStream(
            new ByteArrayInputStream(input),
            new InputStream() {
              @Override
              public int read() throws IOException {
                throw new IOException("disk on fire");
              }
            });
    Collected collected = new Collected();

    assertThatThrownBy(
            () -> OtlpReader.builder().build().read(broken, Collected.SOURCE, collected, decoders))
        .isInstanceOf(IOException.class)
        .hasMessage("disk on fire");
    assertThat(collected.spans).hasSize(500);
  }

  @Test
  void handlerAndExecutorThatThrow_endTheReading() {
    OtlpReader reader = OtlpReader.builder().build();
    OtlpHandler full =
        new OtlpHandler() {
          @Override
          public void onSpan(Span span) {
            throw new IllegalStateException("the store is full");
          }

          @Override
          public void onProblem(OtlpProblem problem) {}
        };
    InputStream in = new ByteArrayInputStream(lines(5_000, 900));
    assertThatThrownBy(() -> reader.read(in, "-", full, decoders)).hasMessage("the store is full");
    decoders.shutdown();
    InputStream again = new ByteArrayInputStream(lines(10, 10));
    assertThatThrownBy(() -> reader.read(again, "-", new Collected(), decoders))
        .isInstanceOf(RejectedExecutionException.class);
  }
}
