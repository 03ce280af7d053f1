package dev.tracekeep.otlp;

import dev.tracekeep.span.Span;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;

/**
 * Measures the reader alone, on the sample times 50 in memory. Run it by hand, with the test class
 * path; it prints one line for each of ten rounds.
 */
public final class ReaderThroughput {
  private ReaderThroughput() {}

  /** Takes no arguments. */
  public static void main(String[] arguments) throws IOException {
    byte[] sample = Files.readAllBytes(SampleTest.SAMPLE);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < 50; i++) {
      out.write(sample);
    }
    byte[] input = out.toByteArray();
    for (int round = 0; round < 10; round++) {
      Counter counter = new Counter();
      long cpuStart = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
      long start = System.nanoTime();
      OtlpReader.builder().build().read(new ByteArrayInputStream(input), "sample", counter);
      double seconds = (System.nanoTime() - start) / 1e9;
      double cpuSeconds =
          (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpuStart) / 1e9;
      System.out.printf(
          "%,.0f spans/s, %,.0f MB/s; by the CPU time of the thread %,.0f spans/s%n",
          counter.spans / seconds, input.length / seconds / 1e6, counter.spans / cpuSeconds);
    }
  }

  private static final class Counter implements OtlpHandler {
    private long spans;

    @Override
    public void onSpan(Span span) {
      spans++;
    }

    @Override
    public void onProblem(OtlpProblem problem) {
      throw new IllegalStateException(problem.toString());
    }
  }
}
