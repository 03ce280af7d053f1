package dev.tracekeep.adapter.clickhouse;

import com.clickhouse.client.api.Client;
import com.clickhouse.client.api.ClientFaultCause;
import com.clickhouse.client.api.CompressionMethod;
import com.clickhouse.client.api.insert.InsertResponse;
import com.clickhouse.client.api.insert.InsertSettings;
import com.clickhouse.client.api.query.QueryResponse;
import com.clickhouse.client.api.query.QuerySettings;
import com.clickhouse.data.ClickHouseFormat;
import dev.tracekeep.storage.StorageConfig;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Statements and their answers over the official client. Every setting that a promise rests on goes
 * with the request: what a server's profile says differs between releases and installations.
 * Thread-safe.
 */
@SuppressWarnings("try") // an answer's close() declares Exception, and is never interrupted
final class ClickHouseClient implements AutoCloseable {
  /** The server parses no statement beyond this, unless the request says so. */
  private static final int DEFAULT_MAX_QUERY_BYTES = 262_144;

  /** How much longer than the server the client waits, so that the server's word comes first. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  /** For statements without a limit: the client needs some number. */
  private static final Duration LONGEST = Duration.ofDays(7);

  private final Client client;

  /** Whether the client is the program's, which has neither the database nor the settings. */
  private final boolean given;

  private final String database;
  private final Map<String, String> serverSettings = new HashMap<>();

  /** How long a statement may take, on the server and on its way. */
  private final Duration limit;

  private final ExecutorService workers =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "tracekeep-clickhouse");
            thread.setDaemon(true);
            return thread;
          });

  /** Takes the program's client, or makes one; does no I/O. */
  ClickHouseClient(StorageConfig config, ClickHouseAddress address) {
    this.limit = config.connectTimeout().plus(config.statementTimeout()).plus(GRACE);
    this.database = address.database();
    serverSettings.put("max_execution_time", seconds(config.statementTimeout()));
    if (config.engineProperty(ClusterTables.PROPERTY).isPresent()) {
      serverSettings.putAll(ClusterTables.SETTINGS);
    }
    serverSettings.putAll(address.serverSettings());
    Optional<Client> own = config.resource(Client.class);
    this.given = own.isPresent();
    this.client = own.orElseGet(() -> made(config, address));
  }

  private Client made(StorageConfig config, ClickHouseAddress address) {
    Client.Builder builder =
        new Client.Builder()
            .addEndpoint(address.endpoint())
            .setUsername(address.username())
            .setPassword(address.password())
            .setDefaultDatabase(address.database())
            .setClientName("tracekeep")
            .setConnectTimeout(config.connectTimeout().toMillis())
            .setConnectionRequestTimeout(config.connectTimeout().toMillis(), ChronoUnit.MILLIS)
            .setSocketTimeout(config.statementTimeout().plus(GRACE).toMillis())
            // Two more: a migration inserts while it reads, and renews its lease beside both.
            .setMaxConnections(config.poolSize() + 2)
            .useAsyncRequests(false)
            // Payloads shrink several times, at no loss of speed even on one machine. ZSTD, which
            // the client prefers, would need a native library.
            .compressionMethod(CompressionMethod.LZ4)
            .compressClientRequest(true)
            .compressServerResponse(true)
            // A pooled connection that the server closed meanwhile is worth one more try, and every
            // write is safe to repeat. All else is the caller's to repeat, who knows how long.
            .retryOnFailures(ClientFaultCause.NoHttpResponse)
            .setMaxRetries(1);
    serverSettings.forEach(builder::serverSetting);
    return builder.build();
  }

  private QuerySettings querySettings() {
    QuerySettings settings = new QuerySettings();
    if (given) {
      settings.setDatabase(database);
      serverSettings.forEach(settings::serverSetting);
    }
    return settings;
  }

  private InsertSettings insertSettings() {
    InsertSettings settings = new InsertSettings();
    if (given) {
      settings.setDatabase(database);
      serverSettings.forEach(settings::serverSetting);
    }
    return settings;
  }

  private static String seconds(Duration timeout) {
    return Double.toString(timeout.toMillis() / 1000.0);
  }

  /** Writes rows in RowBinary. */
  @FunctionalInterface
  interface Rows {
    void writeTo(RowBinaryWriter out) throws IOException;
  }

  /** Takes the rows of an answer one by one. */
  @FunctionalInterface
  interface RowConsumer {
    /** Must read each column of the row. */
    void accept(RowBinaryReader row) throws Exception;
  }

  /** Runs a statement that answers with rows, and makes a value of each. */
  <T> List<T> list(String sql, RowBinaryReader.Row<T> row) throws Exception {
    List<T> rows = new ArrayList<>();
    forEach(sql, reader -> rows.add(row.read(reader)));
    return rows;
  }

  /** Runs a statement that answers with one row of one integer of 64 bits. */
  long number(String sql) throws Exception {
    return list(sql, RowBinaryReader::number).get(0);
  }

  /**
   * Runs a statement that answers with rows. The answer is complete before the first one is given:
   * a failure half-way would otherwise look like a short answer.
   */
  void forEach(String sql, RowConsumer consumer) throws Exception {
    QuerySettings settings =
        querySettings().setFormat(ClickHouseFormat.RowBinary).waitEndOfQuery(true);
    settings.serverSetting("max_query_size", maxQuerySize(sql));
    // A deleted row stays in the projections of its part until the next merge, although they are
    // to be rebuilt (seen on 26.7 and 26.9): only a statement that can bear that asks for them.
    settings.serverSetting("optimize_use_projections", "0");
    // What is compiled after a few runs takes a time before 1970 for later than all others (26.7).
    settings.serverSetting("compile_expressions", "0");
    within(
        () -> {
          try (QueryResponse response = answered(client.query(sql, settings))) {
            RowBinaryReader reader = new RowBinaryReader(response.getInputStream());
            while (reader.hasNext()) {
              consumer.accept(reader);
            }
            return true;
          }
        });
  }

  /**
   * Runs a statement that answers with nothing. Deletes and changes of tables are done, on every
   * replica that is up, when it returns.
   */
  void execute(String sql) throws Exception {
    QuerySettings settings = querySettings().waitEndOfQuery(true);
    settings.serverSetting("max_query_size", maxQuerySize(sql));
    settings.serverSetting("optimize_use_projections", "0");
    settings.serverSetting("mutations_sync", "2");
    settings.serverSetting("alter_sync", "2");
    settings.serverSetting("lightweight_deletes_sync", "2");
    within(
        () -> {
          try (QueryResponse response = answered(client.query(sql, settings))) {
            response.getInputStream().readAllBytes();
            return true;
          }
        });
  }

  /**
   * Runs a statement that may take hours; the limit on a statement's time does not hold for it.
   *
   * @param more settings beside those that every statement has
   */
  void executeLong(String sql, Map<String, String> more) throws Exception {
    try (QueryResponse response = answered(client.query(sql, unlimited(sql, more)))) {
      response.getInputStream().readAllBytes();
    }
  }

  /**
   * The same with rows to answer with, which are given as they come: some may come and then a
   * failure.
   */
  void forEachLong(String sql, Map<String, String> more, RowConsumer consumer) throws Exception {
    QuerySettings settings = unlimited(sql, more).setFormat(ClickHouseFormat.RowBinary);
    settings.waitEndOfQuery(false);
    try (QueryResponse response = answered(client.query(sql, settings))) {
      RowBinaryReader reader = new RowBinaryReader(response.getInputStream());
      while (reader.hasNext()) {
        consumer.accept(reader);
      }
    }
  }

  private QuerySettings unlimited(String sql, Map<String, String> more) {
    QuerySettings settings = querySettings().waitEndOfQuery(true);
    settings.setNetworkTimeout(LONGEST.toMillis(), ChronoUnit.MILLIS);
    settings.serverSetting("max_execution_time", "0");
    settings.serverSetting("optimize_use_projections", "0");
    settings.serverSetting("max_query_size", maxQuerySize(sql));
    settings.serverSetting("mutations_sync", "2");
    settings.serverSetting("alter_sync", "2");
    settings.serverSetting("lightweight_deletes_sync", "2");
    more.forEach(settings::serverSetting);
    return settings;
  }

  /**
   * Inserts rows. They are in a part of the table when it returns.
   *
   * @param table the table, quoted
   * @param columns its columns, quoted, in the order of the values
   */
  void insert(String table, List<String> columns, Rows rows) throws Exception {
    InsertSettings settings = insertSettings();
    // The queue of asynchronous inserts batches small writes, as the writer above this store does
    // already; and with it a part belongs to several writers, who would share one failure.
    settings.serverSetting("async_insert", "0");
    // A batch that is written again after its traces were deleted must not be taken for a retry.
    settings.serverSetting("insert_deduplicate", "0");
    // A batch has each key once and in order: there is nothing to replace within it.
    settings.serverSetting("optimize_on_insert", "0");
    within(
        () -> {
          try (InsertResponse response =
              answered(
                  client.insert(
                      table,
                      columns,
                      stream -> {
                        RowBinaryWriter out = new RowBinaryWriter(stream);
                        rows.writeTo(out);
                        out.flush();
                      },
                      ClickHouseFormat.RowBinary,
                      settings))) {
            return response.getWrittenRows() >= 0;
          }
        });
  }

  /**
   * Does something on another thread, and gives up when the limit on a statement's time and some
   * more is over: the client's own time-outs begin anew with each byte that comes, and nothing
   * interrupts it or ends its connection from outside. What was given up holds its connection until
   * the server ends it.
   */
  private void within(Callable<Boolean> work) throws Exception {
    Future<Boolean> done = workers.submit(work);
    try {
      done.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw e.getCause() instanceof Exception cause ? cause : e;
    } catch (TimeoutException e) {
      throw new SocketTimeoutException("the answer was not complete after " + limit);
    } finally {
      done.cancel(true);
    }
  }

  private static String maxQuerySize(String sql) {
    // A character is at most three bytes of UTF-8.
    return Long.toString(Math.max(DEFAULT_MAX_QUERY_BYTES, 3L * sql.length() + 1));
  }

  private static <T> T answered(CompletableFuture<T> future) throws Exception {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  @Override
  public void close() {
    workers.shutdown();
    if (!given) {
      client.close();
    }
  }
}
