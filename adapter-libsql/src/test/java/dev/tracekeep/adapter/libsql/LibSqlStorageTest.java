package dev.tracekeep.adapter.libsql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.WriteResult.Counts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LibSqlStorageTest {
  private static final Instant START = Instant.parse("2026-01-02T03:04:05.123456789Z");

  @TempDir Path folder;

  private static Span span(String trace, String id) {
    return Span.builder(SpanKey.of(trace, id))
        .name("work " + id)
        .startedAt(START)
        .createdAt(START)
        .updatedAt(START.plusNanos(1))
        .tags(List.of("a", "b"))
        .payload(Payload.builder().input(Json.parse("{\"b\":1.0,\"a\":[]}")).build())
        .build();
  }

  private static Span withMetadata(String trace, String metadata) {
    return span(trace, "root").toBuilder()
        .payload(Payload.builder().metadata(Json.parse(metadata)).build())
        .build();
  }

  private ObservabilityStorage open(String url) {
    ObservabilityStorage storage =
        Storages.open(url.replace("FILE", folder.resolve("spans.db").toString()));
    storage.init();
    return storage;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:sqlite:",
        "jdbc:sqlite::memory:",
        "libsql::memory:",
        "jdbc:sqlite:FILE",
        "libsql:file:FILE",
        "libsql:file://FILE",
        "jdbc:sqlite:file:FILE?cache=private"
      })
  void batch_ofNewThenMixedKeys_countsExactly(String url) {
    try (ObservabilityStorage storage = open(url)) {
      List<Span> spans = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        spans.add(span("t" + i / 50, "s" + i));
      }
      assertThat(storage.batchCreateSpans(spans).counts()).isEqualTo(new Counts(1000, 0, 0));
      assertThat(storage.batchCreateSpans(spans).counts()).isEqualTo(new Counts(0, 0, 1000));
      spans.add(span("new", "new"));
      spans.set(0, spans.get(0).toBuilder().endedAt(START.plusSeconds(1)).build());
      assertThat(storage.batchCreateSpans(spans).counts()).isEqualTo(new Counts(1, 1, 999));
      assertThat(storage.getSpan(spans.get(0).key())).contains(spans.get(0));
      assertThat(storage.batchDeleteTraces(List.of(TraceKey.of("t1"), TraceKey.of("nobody"))))
          .isEqualTo(1);
      assertThat(storage.statistics()).isEqualTo(new StorageStatistics(951, 20, 950, 0, 1));
      SpanUpdate end =
          SpanUpdate.builder(spans.get(1).key(), START.plusSeconds(5)).endedAt(START).build();
      assertThat(storage.updateSpan(end).counts()).isEqualTo(new Counts(0, 1, 0));
      assertThat(storage.updateSpan(end).counts()).isEqualTo(new Counts(0, 0, 1));
    }
  }

  @Test
  void memory_isOfOneStoreAlone() {
    try (ObservabilityStorage one = open("jdbc:sqlite::memory:");
        ObservabilityStorage other = open("jdbc:sqlite::memory:")) {
      one.createSpan(span("t", "s"));
      assertThat(other.statistics().spans()).isZero();
      assertThat(one.capabilities()).doesNotContain(Capability.DURABLE, Capability.SHARED);
    }
  }

  @Test
  void closedFile_leavesNothingBesideIt() throws Exception {
    try (ObservabilityStorage storage = open("jdbc:sqlite:FILE")) {
      storage.createSpan(span("t", "s"));
      assertThat(storage.getSpan(SpanKey.of("t", "s"))).isPresent();
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString())).containsExactly("spans.db");
    }
  }

  @Test
  void jsonThatSqliteCannotRead_doesNotHideOtherRows() {
    String deep = "[".repeat(999) + "]".repeat(999);
    try (ObservabilityStorage storage = open("jdbc:sqlite:")) {
      List<Span> spans =
          List.of(
              withMetadata("lone-surrogate", "{\"k\":\"\\ud800\",\"k2\":1}"),
              withMetadata("nul", "{\"k\":\"a\\u0000b\",\"\\u0000\":1}"),
              withMetadata("deep", "{\"k\":" + deep + "}"),
              withMetadata("scalar", "\"k\""),
              withMetadata("odd-keys", "{\"a.b\":1,\"$\":2,\"\":3,\"\\\"\":4,\"\\u0061\":\"v\"}"),
              withMetadata("number", "{\"k\":1.0}"),
              withMetadata("plain", "{\"k\":\"v\"}"));
      storage.batchCreateSpans(spans);
      spans.forEach(span -> assertThat(storage.getSpan(span.key())).contains(span));
      assertFound(storage, "k", "\"v\"", "plain");
      assertFound(storage, "k", "1e0", "number");
      assertFound(storage, "k", "\"a\\u0000b\"", "nul");
      assertFound(storage, "k", "\"\\ud800\"", "lone-surrogate");
      assertFound(storage, "k", deep, "deep");
      for (String key : List.of("a.b", "$", "", "\"")) {
        assertThat(keysWith(storage, key, Json.parse("7"))).isEmpty();
      }
      assertFound(storage, "a.b", "1", "odd-keys");
      assertFound(storage, "$", "2", "odd-keys");
      assertFound(storage, "", "3", "odd-keys");
      assertFound(storage, "\"", "4", "odd-keys");
      assertFound(storage, "a", "\"v\"", "odd-keys");
      assertFound(storage, "\0", "1", "nul");
    }
  }

  private static void assertFound(
      ObservabilityStorage storage, String key, String value, String trace) {
    assertThat(keysWith(storage, key, Json.parse(value))).containsExactly(trace);
  }

  private static List<String> keysWith(ObservabilityStorage storage, String key, Json value) {
    return storage
        .listTraces(TraceQuery.builder("default").metadata(key, value).build())
        .items()
        .stream()
        .map(TraceSummary::head)
        .map(root -> root.key().traceId())
        .toList();
  }

  @Test
  void manyWriters_loseNothing() throws Exception {
    try (ObservabilityStorage one = open("jdbc:sqlite:FILE");
        ObservabilityStorage other = open("jdbc:sqlite:FILE")) {
      ExecutorService threads = Executors.newFixedThreadPool(8);
      try {
        List<Future<?>> writes = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
          ObservabilityStorage storage = i % 2 == 0 ? one : other;
          int number = i;
          writes.add(
              threads.submit(() -> storage.createSpan(span("t" + number / 4, "s" + number))));
        }
        for (Future<?> write : writes) {
          write.get();
        }
      } finally {
        threads.shutdownNow();
      }
      assertThat(one.statistics().spans()).isEqualTo(40);
    }
  }

  @Test
  void twoProcesses_writeOneFile() throws Exception {
    try (ObservabilityStorage storage = open("jdbc:sqlite:FILE")) {
      Process child = ChildJvm.start(Writer.class, folder.resolve("spans.db").toString());
      try {
        assertThat(child.inputReader().readLine()).isEqualTo("open");
        for (int i = 0; i < 200; i++) {
          // Half of the keys are the other process's too.
          storage.createSpan(span("t", "s" + (i + 100)));
        }
        assertThat(child.waitFor()).isZero();
      } finally {
        child.destroyForcibly();
      }
      assertThat(storage.statistics().spans()).isEqualTo(300);
    }
  }

  /** Writes 200 spans, one by one. */
  static final class Writer {
    private Writer() {}

    public static void main(String[] arguments) {
      try (ObservabilityStorage storage = Storages.open("jdbc:sqlite:" + arguments[0])) {
        storage.init();
        System.out.println("open");
        for (int i = 0; i < 200; i++) {
          storage.createSpan(span("t", "s" + i));
        }
      }
    }
  }

  @Test
  void check_namesEngineAndSchema() {
    try (ObservabilityStorage storage = open("jdbc:sqlite:")) {
      Health health = storage.check();
      assertThat(health.schema()).isEqualTo(Health.SchemaState.CURRENT);
      assertThat(health.toString()).contains("SQLite 3.");
    }
  }

  @Test
  void wrongAddress_isRefusedWithTheRightOne() {
    assertThatThrownBy(() -> Storages.open("libsql:spans.db"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("libsql:file:PATH");
    assertThatThrownBy(() -> Storages.open(Map.of("url", "jdbc:sqlite:", "schema", "other")))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("SQLite has no schemas");
    assertThatThrownBy(() -> Storages.open("libsql://host?authToken=secret&password=secret&x=1"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("unknown parameters")
        .hasMessageNotContaining("secret");
  }
}
