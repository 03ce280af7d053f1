package dev.tracekeep.benchmark;

import dev.tracekeep.span.Span;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs to store spans: new ones, and ones that are all there already. */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xmx6g", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 1)
@Measurement(iterations = 4)
@State(Scope.Benchmark)
public class IngestBenchmark {
  /** The adapter. */
  @Param({"duckdb"})
  public String store;

  /** How many spans one shot stores. */
  @Param({"200000"})
  public int spans;

  /** How many spans a batch, and so a transaction, has. */
  @Param({"10000"})
  public int batch;

  private BenchmarkStore database;
  private ObservabilityStorage storage;
  private List<Span> fresh;
  private List<Object[]> rows;

  /** For JMH. */
  public IngestBenchmark() {}

  /** Makes an empty table and spans that nobody has looked at. */
  @Setup(Level.Invocation)
  public void prepare() throws Exception {
    database = BenchmarkStore.open(store);
    storage = Storages.open(database.url());
    storage.init();
    database.beforeWrites();
    fresh = SampleSpans.make(spans, 50);
  }

  /** Drops the database. */
  @TearDown(Level.Invocation)
  public void close() throws Exception {
    storage.close();
    database.close();
  }

  /** What only some shots need, outside of the measured time. */
  @State(Scope.Thread)
  public static class RawRows {
    /** For JMH. */
    public RawRows() {}

    /** Turns the spans into rows. */
    @Setup(Level.Invocation)
    public void prepare(IngestBenchmark benchmark) {
      benchmark.rows = benchmark.database.rawRows(benchmark.fresh);
      benchmark.storage.close();
    }
  }

  /** A table that has all spans already. */
  @State(Scope.Thread)
  public static class Filled {
    /** For JMH. */
    public Filled() {}

    /** Stores all spans, then makes them anew. */
    @Setup(Level.Invocation)
    public void prepare(IngestBenchmark benchmark) {
      benchmark.write();
      benchmark.fresh = SampleSpans.make(benchmark.spans, 50);
    }
  }

  private void write() {
    for (int from = 0; from < fresh.size(); from += batch) {
      storage.batchCreateSpans(fresh.subList(from, Math.min(fresh.size(), from + batch)));
    }
  }

  /** The driver's own bulk path. */
  @Benchmark
  public void raw(RawRows prepared) throws Exception {
    database.writeRaw(rows, batch);
  }

  /** New spans through the store. */
  @Benchmark
  public void newSpans() {
    write();
  }

  /** The same spans again through the store. */
  @Benchmark
  public void replays(Filled filled) {
    write();
  }
}
