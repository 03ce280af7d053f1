package dev.tracekeep.benchmark;

import dev.tracekeep.span.Span;
import java.io.IOException;
import java.util.List;

/**
 * A store to measure, and its driver's fastest way into the same table. Each one has its own
 * database.
 */
interface BenchmarkStore extends AutoCloseable {
  /** The address of a database of this store's own, empty at first. */
  String url();

  /** Called when the adapter has made the span table, before anything is measured. */
  default void beforeWrites() throws Exception {}

  /**
   * Turns spans into what the driver takes, outside of the measured time.
   *
   * @return the rows, for {@link #writeRaw}
   */
  List<Object[]> rawRows(List<Span> spans);

  /**
   * Writes rows into the span table, which the adapter has made, by the driver's own bulk path.
   *
   * @param batch how many rows a transaction has
   */
  void writeRaw(List<Object[]> rows, int batch) throws Exception;

  /** Does what the engine would do by itself in the hour after a bulk load. */
  default void settle() throws Exception {}

  @Override
  void close() throws IOException;

  /** The store of that adapter name. */
  static BenchmarkStore open(String adapter) throws Exception {
    return switch (adapter) {
      case "clickhouse" -> new ClickHouseBenchmarkStore(false);
      case "clickhouse-plain" -> new ClickHouseBenchmarkStore(true);
      case "duckdb" -> new DuckDbBenchmarkStore();
      case "mssql" -> new MsSqlBenchmarkStore();
      case "pg" -> new PgBenchmarkStore();
      case "libsql" -> new LibSqlBenchmarkStore();
      case "mongo" -> new MongoBenchmarkStore();
      default -> throw new IllegalArgumentException("There is no benchmark for " + adapter);
    };
  }
}
