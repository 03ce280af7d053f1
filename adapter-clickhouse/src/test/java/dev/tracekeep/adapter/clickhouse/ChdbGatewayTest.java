package dev.tracekeep.adapter.clickhouse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.clickhouse.client.api.Client;
import com.clickhouse.client.api.CompressionMethod;
import com.clickhouse.client.api.ServerException;
import com.clickhouse.client.api.insert.InsertResponse;
import com.clickhouse.client.api.insert.InsertSettings;
import com.clickhouse.client.api.query.QueryResponse;
import com.clickhouse.client.api.query.QuerySettings;
import com.clickhouse.data.ClickHouseFormat;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The engine of the other tests, as the driver sees it. */
@SuppressWarnings("try") // the driver's answers may be interrupted while they close
@Tag("engine")
final class ChdbGatewayTest {
  @RegisterExtension static final ClickHouseDatabase DATABASE = ClickHouseDatabase.ofTheGateway();

  private Client client;

  @BeforeEach
  void connect() throws IOException {
    client = builder().build();
  }

  @AfterEach
  void disconnect() {
    client.close();
  }

  private static Client.Builder builder() {
    URI url = URI.create(DATABASE.url().substring("jdbc:clickhouse:".length()));
    return new Client.Builder()
        .addEndpoint("http://" + url.getAuthority())
        .setUsername("default")
        .setPassword("")
        .setDefaultDatabase(url.getPath().substring(1));
  }

  @ParameterizedTest
  @EnumSource(CompressionMethod.class)
  void rowBinary_withAnyBytes_comesBackAsItWentIn(CompressionMethod method) throws Exception {
    byte[] payload = new byte[100_000];
    for (int i = 0; i < payload.length; i++) {
      payload[i] = (byte) (i % 7 == 0 ? '\n' : i % 5 == 0 ? 0 : i % 3 == 0 ? 0xff : i);
    }
    DATABASE.execute("CREATE TABLE bytes (id UInt64, text String) ENGINE = MergeTree ORDER BY id");
    ByteArrayOutputStream rows = new ByteArrayOutputStream();
    for (int row = 0; row < 20; row++) {
      rows.write(new byte[] {(byte) row, 0, 0, 0, 0, 0, 0, 0});
      rows.write(new byte[] {(byte) 0xa0, (byte) 0x8d, 0x06});
      rows.write(payload);
    }
    try (Client compressing =
            builder().compressClientRequest(true).compressionMethod(method).build();
        InsertResponse inserted =
            compressing
                .insert(
                    "bytes",
                    List.of("id", "text"),
                    new ByteArrayInputStream(rows.toByteArray()),
                    ClickHouseFormat.RowBinary,
                    new InsertSettings())
                .get()) {
      assertThat(inserted.getWrittenRows()).isEqualTo(20);
    }

    try (QueryResponse found =
        client
            .query(
                "SELECT id, text FROM bytes ORDER BY id",
                new QuerySettings().setFormat(ClickHouseFormat.RowBinary))
            .get()) {
      assertThat(found.getInputStream().readAllBytes()).isEqualTo(rows.toByteArray());
    }
  }

  @Test
  void parameters_inTheAddressOrAsAForm_reachTheEngine() throws Exception {
    String text = "a'b\\c\n\u00e9\ud83d\ude00";
    for (boolean asForm : List.of(false, true)) {
      try (Client other = builder().useHttpFormDataForQuery(asForm).build();
          QueryResponse found =
              other
                  .query(
                      "SELECT hex({text:String}), length({ids:Array(String)})",
                      Map.of("text", text, "ids", "['x', 'y']"),
                      new QuerySettings().setFormat(ClickHouseFormat.TabSeparated))
                  .get()) {
        assertThat(new String(found.getInputStream().readAllBytes(), UTF_8))
            .isEqualTo(HexFormat.of().withUpperCase().formatHex(text.getBytes(UTF_8)) + "\t2\n");
      }
    }
  }

  @Test
  void settings_ofARequest_holdForThatRequestAlone() throws Exception {
    QuerySettings five = new QuerySettings().serverSetting("max_block_size", "5");

    assertThat(blockSize(five)).isEqualTo("5\n");
    assertThat(blockSize(new QuerySettings())).isNotEqualTo("5\n");
  }

  private String blockSize(QuerySettings settings) throws Exception {
    try (QueryResponse found =
        client
            .query(
                "SELECT getSetting('max_block_size')",
                settings.setFormat(ClickHouseFormat.TabSeparated))
            .get()) {
      return new String(found.getInputStream().readAllBytes(), UTF_8);
    }
  }

  @Test
  void session_keepsATemporaryTable() throws Exception {
    try (Client session = builder().setSessionId("one").build()) {
      session.execute("CREATE TEMPORARY TABLE t (id UInt8)").get().close();
      session.execute("INSERT INTO t VALUES (7)").get().close();

      assertThat(session.queryAll("SELECT id FROM t").get(0).getInteger("id")).isEqualTo(7);
    }
    assertCode("SELECT id FROM t", 60);
  }

  @Test
  void refusal_hasTheEnginesCode() {
    assertCode("SELEKT 1", 62);
    assertCode("SELECT * FROM no_such_table", 60);
    assertCode("SELECT no_such_column", 47);
    assertCode("SELECT throwIf(1)", 395);
    assertCode("SELECT 1 SETTINGS no_such_setting = 1", 115);
  }

  private void assertCode(String statement, int code) {
    assertThatThrownBy(() -> client.execute(statement).get())
        .satisfies(
            failure -> {
              Throwable cause = failure;
              while (!(cause instanceof ServerException) && cause.getCause() != null) {
                cause = cause.getCause();
              }
              assertThat(cause).isInstanceOf(ServerException.class);
              assertThat(((ServerException) cause).getCode()).isEqualTo(code);
            });
  }

  @Test
  void badRowBinary_isRefusedAndInsertsNothing() throws Exception {
    DATABASE.execute("CREATE TABLE whole (id UInt64) ENGINE = MergeTree ORDER BY id");

    assertThatThrownBy(
            () ->
                client
                    .insert(
                        "whole",
                        new ByteArrayInputStream(new byte[11]),
                        ClickHouseFormat.RowBinary,
                        new InsertSettings())
                    .get())
        .hasMessageContaining("Cannot read all data");
    assertThat(DATABASE.rows("SELECT count() FROM whole")).containsExactly("0");
  }

  @Test
  void statements_ofSeveralClients_runInParallel() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      DATABASE.execute("CREATE TABLE many (id UInt64) ENGINE = MergeTree ORDER BY id");
      List<Callable<Long>> work = new ArrayList<>();
      for (int writer = 0; writer < 8; writer++) {
        work.add(
            () -> {
              long written = 0;
              for (int i = 0; i < 10; i++) {
                try (InsertResponse inserted =
                    client
                        .insert(
                            "many",
                            new ByteArrayInputStream(new byte[8 * 100]),
                            ClickHouseFormat.RowBinary,
                            new InsertSettings())
                        .get()) {
                  written += inserted.getWrittenRows();
                }
              }
              return written;
            });
      }
      long written = 0;
      for (Future<Long> writer : threads.invokeAll(work)) {
        written += writer.get();
      }

      assertThat(written).isEqualTo(8000);
      assertThat(DATABASE.rows("SELECT count() FROM many")).containsExactly("8000");
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void gateway_whoseStarterIsGone_ends() throws Exception {
    Path library = ChdbInstallation.library();
    Process starter =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Starter.class.getName(),
                library.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    ProcessHandle gateway =
        ProcessHandle.of(Long.parseLong(starter.inputReader().readLine())).orElseThrow();

    starter.destroyForcibly().waitFor();

    gateway.onExit().get(30, TimeUnit.SECONDS);
  }

  /** Starts a gateway, says its number and waits to be killed. */
  static final class Starter {
    public static void main(String[] arguments) throws Exception {
      ChdbProcess gateway = ChdbProcess.start(Path.of(arguments[0]));
      System.out.println(gateway.handle().pid());
      gateway.handle().onExit().join();
    }
  }
}
