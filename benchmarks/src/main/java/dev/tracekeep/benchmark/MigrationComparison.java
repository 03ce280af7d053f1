package dev.tracekeep.benchmark;

import com.mongodb.ConnectionString;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.IndexOptions;
import com.mongodb.client.model.Indexes;
import dev.tracekeep.adapter.clickhouse.ClickHouseTestServer;
import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.bson.BsonDateTime;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;

/**
 * A dedupe migration of another system's table, {@code apply} alone, beside the engine's own way to
 * a table without duplicates: a second table of the best rows, and the unique index on it. That one
 * keeps no losers, compares nothing, and lets nobody write.
 *
 * <p>One row in ten is surplus, one key has a twentieth of all rows, and each row has some 400
 * bytes of text. Run it with {@code -Xmx256m}.
 */
public final class MigrationComparison {
  private static final String TABLE = "bench_spans";

  private MigrationComparison() {}

  /**
   * Runs the comparison.
   *
   * @param arguments the adapter, how many rows, and {@code writer} for a program that inserts 50
   *     rows a second meanwhile (on PostgreSQL)
   */
  public static void main(String[] arguments) throws Exception {
    String adapter = arguments.length > 0 ? arguments[0] : "duckdb";
    long rows = arguments.length > 1 ? Long.parseLong(arguments[1]) : 100_000;
    boolean writes = arguments.length > 2 && arguments[2].equals("writer");
    try (BenchmarkStore store = BenchmarkStore.open(adapter)) {
      Engine engine = Engine.of(adapter, store.url());
      engine.fill(rows);
      double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
      long start = System.nanoTime();
      engine.makeOwn();
      double own = seconds(start);
      engine.dropOwn();
      migrate(adapter, store.url(), rows, own, load, writes);
    }
  }

  private static void migrate(
      String adapter, String url, long rows, double own, double load, boolean writes)
      throws Exception {
    Map<MigrationStep, Double> steps = new EnumMap<>(MigrationStep.class);
    AtomicBoolean done = new AtomicBoolean();
    try (ObservabilityStorage storage = Storages.open(url)) {
      DedupeMigration migration = storage.migration(SpanTable.named(TABLE));
      CompletableFuture<List<Long>> waits =
          writes
              ? CompletableFuture.supplyAsync(
                  () -> insertUntil(done, url), task -> new Thread(task, "writer").start())
              : CompletableFuture.completedFuture(List.of());
      long[] last = {System.nanoTime()};
      long start = last[0];
      MigrationReport report;
      try {
        report =
            migration.apply(
                progress -> {
                  steps.merge(progress.step(), seconds(last[0]), Double::sum);
                  last[0] = System.nanoTime();
                });
      } finally {
        done.set(true);
      }
      double applied = seconds(start);
      if (report.rowsArchived() < rows / 10 || !migration.verify(report.migrationId()).isSound()) {
        throw new IllegalStateException("The migration went wrong: " + report);
      }
      System.out.printf(
          Locale.ROOT,
          "%s, %,d rows, %,d archived: the engine's own %.1f s, apply %.1f s, ratio %.2f; load"
              + " average %.1f of %d processors%n",
          adapter,
          rows,
          report.rowsArchived(),
          own,
          applied,
          applied / own,
          load,
          Runtime.getRuntime().availableProcessors());
      steps.forEach((step, took) -> System.out.printf(Locale.ROOT, "  %s %.1f s%n", step, took));
      List<Long> sorted = waits.get().stream().sorted().toList();
      if (!sorted.isEmpty()) {
        System.out.printf(
            Locale.ROOT,
            "  the writer's %d inserts: median %.1f ms, 99 %% %.1f ms, longest %.1f ms%n",
            sorted.size(),
            sorted.get(sorted.size() / 2) / 1e6,
            sorted.get(sorted.size() * 99 / 100) / 1e6,
            sorted.get(sorted.size() - 1) / 1e6);
      }
    }
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  /** Inserts new spans, 50 a second, and returns how long each insert took. */
  private static List<Long> insertUntil(AtomicBoolean done, String url) {
    List<Long> nanoseconds = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection(url);
        PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO "
                    + TABLE
                    + " (trace_id, span_id, name) VALUES ('written', ?, 'new')")) {
      long next = System.nanoTime();
      while (!done.get()) {
        next += Duration.ofMillis(20).toNanos();
        TimeUnit.NANOSECONDS.sleep(next - System.nanoTime());
        insert.setString(1, "s" + nanoseconds.size());
        long start = System.nanoTime();
        insert.executeUpdate();
        nanoseconds.add(System.nanoTime() - start);
      }
      return nanoseconds;
    } catch (SQLException e) {
      throw new IllegalStateException("The writer failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return nanoseconds;
    }
  }

  /** How an engine fills the table, and makes one without duplicates of it. */
  private interface Engine {
    void fill(long rows) throws Exception;

    void makeOwn() throws Exception;

    void dropOwn() throws Exception;

    static Engine of(String adapter, String url) {
      return switch (adapter) {
        case "clickhouse" ->
            new Sql(
                statement -> ClickHouseTestServer.execute(url, statement),
                """
                CREATE TABLE bench_spans (trace_id String, span_id String, name String,
                  started_at DateTime64(3), ended_at Nullable(DateTime64(3)),
                  updated_at DateTime64(3), created_at DateTime64(3), input String)
                ENGINE = MergeTree ORDER BY (trace_id, span_id)""",
                """
                INSERT INTO bench_spans SELECT concat('t', toString(intDiv(k, 10))),
                  concat('s', toString(k)), 'work', time, if(i % 2 = 0, NULL, time),
                  time + toIntervalSecond(i % 97), time, repeat(hex(MD5(toString(i))), 13)
                FROM (SELECT number AS i, <key> AS k, toDateTime64('2026-01-01', 3) AS time
                  FROM numbers(<rows>))""",
                "if(<condition>, <yes>, <no>)",
                """
                CREATE TABLE own ENGINE = ReplacingMergeTree ORDER BY (trace_id, span_id) AS
                SELECT * FROM bench_spans
                ORDER BY ended_at IS NULL, updated_at DESC, created_at DESC
                LIMIT 1 BY trace_id, span_id""");
        case "mongo" -> new Mongo(url);
        case "duckdb" ->
            new Sql(
                statement -> execute(url, statement),
                columns("TIMESTAMP"),
                """
                INSERT INTO bench_spans SELECT 't' || (k // 10), 's' || k, 'work', time,
                  CASE WHEN i % 2 = 0 THEN NULL ELSE time END,
                  time + to_seconds(i % 97), time, repeat(md5(CAST(i AS VARCHAR)), 13)
                FROM (SELECT i, <key> AS k, TIMESTAMP '2026-01-01' AS time
                  FROM range(<rows>) n(i))""",
                CASE,
                OWN,
                INDEX);
        case "libsql" ->
            new Sql(
                statement -> execute(url, statement),
                columns("TEXT"),
                """
                INSERT INTO bench_spans
                WITH RECURSIVE n(i) AS
                  (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < <rows>)
                SELECT 't' || (k / 10), 's' || k, 'work', time,
                  CASE WHEN i % 2 = 0 THEN NULL ELSE time END,
                  '2026-01-01T00:' || printf('%02d', i % 60) || ':00.000Z', time,
                  printf('%0416d', i)
                FROM (SELECT i, <key> AS k, '2026-01-01T00:00:00.000Z' AS time FROM n)""",
                CASE,
                OWN,
                INDEX);
        case "pg" ->
            new Sql(
                statement -> execute(url, statement),
                columns("timestamptz"),
                """
                INSERT INTO bench_spans SELECT 't' || (k / 10), 's' || k, 'work', time,
                  CASE WHEN i % 2 = 0 THEN NULL ELSE time END,
                  time + (i % 97) * interval '1 s', time, repeat(md5(i::text), 13)
                FROM (SELECT i, <key> AS k, timestamptz '2026-01-01' AS time
                  FROM generate_series(0, <rows> - 1) n(i)) k""",
                CASE,
                OWN,
                INDEX,
                "VACUUM ANALYZE bench_spans");
        default -> throw new IllegalArgumentException("There is no comparison for " + adapter);
      };
    }
  }

  private static final String CASE = "CASE WHEN <condition> THEN <yes> ELSE <no> END";

  private static final String OWN =
      """
      CREATE TABLE own AS
      SELECT trace_id, span_id, name, started_at, ended_at, updated_at, created_at, input FROM
        (SELECT b.*, row_number() OVER (PARTITION BY trace_id, span_id ORDER BY
          CASE WHEN ended_at IS NULL THEN 1 ELSE 0 END, updated_at DESC, created_at DESC) AS r
          FROM bench_spans b) ranked WHERE r = 1""";

  private static final String INDEX = "CREATE UNIQUE INDEX own_key ON own (trace_id, span_id)";

  private static String columns(String time) {
    return """
        CREATE TABLE bench_spans (trace_id text, span_id text, name text, started_at <time>,
          ended_at <time>, updated_at <time>, created_at <time>, input text)"""
        .replace("<time>", time);
  }

  /** Runs a statement. */
  @FunctionalInterface
  private interface Executor {
    void execute(String statement) throws Exception;
  }

  private static void execute(String url, String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /**
   * An engine with SQL.
   *
   * @param choice how it spells a choice of two values
   * @param own makes the second table; then come its index, and what is run after the table is
   *     filled
   */
  private record Sql(
      Executor executor, String create, String insert, String choice, String own, String... more)
      implements Engine {
    @Override
    public void fill(long rows) throws Exception {
      long keys = rows - rows / 10;
      String hot = choice("i < " + (keys + rows / 20), "0", "i - " + (keys + rows / 20) + " + 1");
      executor.execute(create);
      executor.execute(
          insert
              .replace("<key>", choice("i < " + keys, "i", hot))
              .replace("<rows>", Long.toString(rows)));
      if (more.length > 1) {
        executor.execute(more[1]);
      }
    }

    private String choice(String condition, String yes, String no) {
      return choice.replace("<condition>", condition).replace("<yes>", yes).replace("<no>", no);
    }

    @Override
    public void makeOwn() throws Exception {
      executor.execute(own);
      if (more.length > 0) {
        executor.execute(more[0]);
      }
    }

    @Override
    public void dropOwn() throws Exception {
      executor.execute("DROP TABLE own");
    }
  }

  /** MongoDB, or its stand-in: sorted, grouped, and inserted again. */
  private record Mongo(String url) implements Engine {
    private static final int BATCH = 1000;

    /** Work on the database. */
    @FunctionalInterface
    private interface Work {
      void on(MongoDatabase database);
    }

    private void in(Work work) {
      try (MongoClient client = MongoClients.create(url)) {
        work.on(client.getDatabase(String.valueOf(new ConnectionString(url).getDatabase())));
      }
    }

    @Override
    public void fill(long rows) {
      long keys = rows - rows / 10;
      long hot = keys + rows / 20;
      in(
          database -> {
            MongoCollection<BsonDocument> spans = database.getCollection(TABLE, BsonDocument.class);
            List<BsonDocument> batch = new ArrayList<>();
            for (long i = 0; i < rows; i++) {
              long key = i < keys ? i : i < hot ? 0 : i - hot + 1;
              BsonDateTime time = new BsonDateTime(1_767_225_600_000L + i % 97);
              BsonDocument span =
                  new BsonDocument("traceId", new BsonString("t" + key / 10))
                      .append("spanId", new BsonString("s" + key))
                      .append("name", new BsonString("work"))
                      .append("updatedAt", time)
                      .append("createdAt", time)
                      .append("input", new BsonString("%0416d".formatted(i)));
              batch.add(i % 2 == 0 ? span : span.append("endedAt", time));
              if (batch.size() == BATCH || i == rows - 1) {
                spans.insertMany(batch);
                batch.clear();
              }
            }
          });
    }

    @Override
    public void makeOwn() {
      BsonInt32 descending = new BsonInt32(-1);
      BsonDocument key =
          new BsonDocument("t", new BsonString("$traceId")).append("s", new BsonString("$spanId"));
      List<BsonDocument> pipeline =
          List.of(
              new BsonDocument(
                  "$sort",
                  new BsonDocument("endedAt", descending)
                      .append("updatedAt", descending)
                      .append("createdAt", descending)),
              new BsonDocument(
                  "$group",
                  new BsonDocument("_id", key)
                      .append("best", new BsonDocument("$first", new BsonString("$$ROOT")))));
      in(
          database -> {
            MongoCollection<BsonDocument> own = database.getCollection("own", BsonDocument.class);
            List<BsonDocument> batch = new ArrayList<>();
            database
                .getCollection(TABLE, BsonDocument.class)
                .aggregate(pipeline)
                .allowDiskUse(true)
                .forEach(
                    group -> {
                      batch.add(group.getDocument("best"));
                      if (batch.size() == BATCH) {
                        own.insertMany(batch);
                        batch.clear();
                      }
                    });
            if (!batch.isEmpty()) {
              own.insertMany(batch);
            }
            own.createIndex(
                Indexes.ascending("traceId", "spanId"), new IndexOptions().unique(true));
          });
    }

    @Override
    public void dropOwn() {
      in(database -> database.getCollection("own").drop());
    }
  }
}
