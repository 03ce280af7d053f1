package dev.tracekeep.benchmark;

import dev.tracekeep.span.Span;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The whole way of an import, {@code tracekeep import FILE} in a process of its own, beside
 * DuckDB's Appender fed with ready-made rows of the same spans, in turns.
 *
 * <p>Run it from the root of the project; it needs the command to be built ({@code ./tracekeep
 * --help}).
 */
public final class ImportComparison {
  private static final int SAMPLE_SPANS = 1400;
  private static final int BATCH = 10_000;
  private static final Pattern ID =
      Pattern.compile("(\"(?:traceId|spanId|parentSpanId)\":\")([0-9a-f]{8})");
  private static final Pattern SECONDS =
      Pattern.compile("spans read from 1 file in ([0-9.]+) (m?s)\\b");

  private static final Pattern CPU_SECONDS = Pattern.compile("cpu ([0-9.]+) ([0-9.]+)\\s*$");

  /** What an import took: by its own clock, and of all cores together. */
  private record Took(double seconds, double cpuSeconds) {}

  private ImportComparison() {}

  /**
   * Runs the comparison.
   *
   * @param arguments how many spans (200,000) and how many rounds (5)
   */
  public static void main(String[] arguments) throws Exception {
    int copies =
        (arguments.length > 0 ? Integer.parseInt(arguments[0]) : 200_000) / SAMPLE_SPANS + 1;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 5;
    int spans = copies * SAMPLE_SPANS;
    List<Double> imports = new ArrayList<>();
    List<Double> raws = new ArrayList<>();
    List<Double> perCpuSecond = new ArrayList<>();
    try (TemporaryFolder folder = new TemporaryFolder()) {
      Path file = folder.file("spans.otlp.jsonl");
      blowUp(file, copies);
      for (int round = 0; round <= rounds; round++) {
        Took imported = importFile(file, folder.file("import" + round + ".duckdb"));
        double raw = appendRaw(spans);
        System.out.printf(
            Locale.ROOT,
            "%s import %.2f s (%.2f s of CPU), raw %.2f s%n",
            round == 0 ? "warm-up" : "round " + round,
            imported.seconds,
            imported.cpuSeconds,
            raw);
        if (round > 0) {
          imports.add(spans / imported.seconds);
          perCpuSecond.add(spans / imported.cpuSeconds);
          raws.add(spans / raw);
        }
      }
      System.out.printf(
          Locale.ROOT,
          "%,d spans, %,d bytes, medians of %d: import %,.0f spans/s, raw Appender %,.0f spans/s, ratio %.2f,"
              + " import %,.0f spans per CPU second%n",
          spans,
          Files.size(file),
          rounds,
          median(imports),
          median(raws),
          median(imports) / median(raws),
          median(perCpuSecond));
    }
  }

  private static double median(List<Double> values) {
    Collections.sort(values);
    return values.get(values.size() / 2);
  }

  /** Writes the sample over and over, each copy under ids of its own. */
  private static void blowUp(Path file, int copies) throws IOException {
    List<String> lines = Files.readAllLines(SampleSpans.SAMPLE);
    try (BufferedWriter out = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
      for (int copy = 0; copy < copies; copy++) {
        String prefix = String.format(Locale.ROOT, "%08x", copy * 0x9E3779B9);
        for (String line : lines) {
          // Ids of one copy share their start no more than real ones do: only eight digits differ.
          out.write(ID.matcher(line).replaceAll("$1" + Matcher.quoteReplacement(prefix)));
          out.newLine();
        }
      }
    }
  }

  /**
   * Imports in a new process; returns the seconds that it says, and those of user and system
   * together that its shell counts, the start of the JVM and its compilers included.
   */
  private static Took importFile(Path file, Path database)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                "bash",
                "-c",
                "TIMEFORMAT='cpu %U %S'; time \"$0\" \"$@\"",
                "./tracekeep",
                "import",
                file.toString(),
                "--store",
                "jdbc:duckdb:" + database)
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Matcher seconds = SECONDS.matcher(output);
    Matcher cpu = CPU_SECONDS.matcher(output);
    if (process.waitFor() != 0 || !seconds.find() || !cpu.find()) {
      throw new IllegalStateException("The import failed: " + output);
    }
    double value = Double.parseDouble(seconds.group(1));
    return new Took(
        seconds.group(2).equals("s") ? value : value / 1000,
        Double.parseDouble(cpu.group(1)) + Double.parseDouble(cpu.group(2)));
  }

  private static double appendRaw(int count) throws Exception {
    try (BenchmarkStore database = BenchmarkStore.open("duckdb")) {
      try (ObservabilityStorage storage = Storages.open(database.url())) {
        storage.init();
      }
      List<Span> spans = SampleSpans.make(count, 14);
      List<Object[]> rows = database.rawRows(spans);
      long start = System.nanoTime();
      database.writeRaw(rows, BATCH);
      return (System.nanoTime() - start) / 1e9;
    }
  }
}
