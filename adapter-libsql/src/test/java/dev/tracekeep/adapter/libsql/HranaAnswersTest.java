package dev.tracekeep.adapter.libsql;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.Storages;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What answers may look like that no libSQL server gives. */
class HranaAnswersTest {
  private final HttpServer server;
  private String answer = "";

  HranaAnswersTest() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            byte[] body = answer.getBytes(StandardCharsets.UTF_8);
            exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private StorageException failure(String text) {
    answer = text;
    try (ObservabilityStorage storage =
        Storages.open("http://127.0.0.1:" + server.getAddress().getPort())) {
      StorageException failure = null;
      try {
        storage.init();
      } catch (StorageException e) {
        failure = e;
      }
      assertThat(failure).as(text).isNotNull();
      assertThat(storage.check().up()).isFalse();
      return failure;
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "17",
        "[]",
        "\"a text\"",
        "{}",
        "<!DOCTYPE html><html><body>Welcome to nginx!</body></html>",
        "Ok.\n",
        "{\"results\":null}",
        "{\"results\":{}}",
        "{\"results\":[]}",
        "{\"results\":[null]}",
        "{\"results\":[{}]}",
        "{\"results\":[{\"type\":\"error\"}]}",
        "{\"results\":[{\"type\":\"ok\",\"response\":[]}]}",
        "{\"results\":[{\"type\":\"ok\",\"response\":{\"result\":5}}]}",
        "{\"results\":[{\"type\":\"ok\",\"response\":{\"result\":{}}}]}",
        "{\"results\":[{\"type\":\"ok\",\"response\":{\"result\":{\"step_errors\":[],\"step_results\":[]}}}]}",
        "{\"results\":[{\"type\":\"ok\",\"response\":{\"result\":{\"step_errors\":[],\"step_results\":[null]}}}]}",
        "{\"results\":[{\"type\":\"ok\",\"response\":{\"result\":{\"step_errors\":[],"
            + "\"step_results\":[{\"affected_row_count\":99999999999999999999}]}}}]}",
        "{\"baton\":7,\"results\":[]}\n",
        "{\"baton\":null,\"base_url\":\"file:///etc/passwd\",\"results\":[]}",
        "{\"baton\":null,\"base_url\":\"no url\",\"results\":[]}",
        "{\"baton\":null}\n{\"type\":\"row\"}\n",
        "{\"baton\":null}\n{\"type\":\"row\",\"row\":[7]}\n",
        "{\"baton\":null}\n{\"type\":\"row\",\"row\":[{\"type\":\"integer\",\"value\":\"x\"}]}\n",
        "{\"baton\":null}\n{\"type\":\"row\",\"row\":[{\"type\":\"blob\",\"base64\":\"*\"}]}\n",
        "{\"baton\":null}\n{\"type\":\"row\",\"row\":[{\"value\":\"1\"}]}\n",
        "{\"baton\":null}\n{\"type\":\"step_error\"}\n",
      })
  void answer_ofSomethingElse_isAConfigurationFault(String text) {
    StorageException failure = failure(text);
    assertThat(failure.kind()).as(failure.getMessage()).isEqualTo(FailureKind.CONFIGURATION);
    assertThat(failure)
        .hasMessageContaining("this is no answer of a libSQL server")
        .hasMessageContaining("Something else answers at this address")
        .hasMessageNotContaining("nginx");
  }

  @Test
  void answer_thatBreaksOff_isTransient() {
    for (String text : new String[] {"{\"baton\":", "{\"results\":[{\"type\":\"ok\""}) {
      StorageException failure = failure(text);
      assertThat(failure.kind()).as(failure.getMessage()).isEqualTo(FailureKind.TRANSIENT);
      assertThat(failure).hasMessageContaining("broke off");
    }
  }
}
