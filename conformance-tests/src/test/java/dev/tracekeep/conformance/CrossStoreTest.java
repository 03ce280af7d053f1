package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The same random work on every engine that can be had: every answer is the same, and every span
 * reads back the same, field by field and JSON letter by letter.
 */
@Tag("slow")
class CrossStoreTest {
  /** A store of some engine, on a database of its own. */
  private record Opened(StorageFixture fixture, TestDatabase database, ObservabilityStorage storage)
      implements AutoCloseable {
    static Opened on(StorageFixture fixture) throws Exception {
      TestDatabase database = fixture.newDatabase();
      ObservabilityStorage storage =
          fixture
              .provider()
              .open(
                  StorageConfig.fromProperties(
                      database.properties(), fixture.provider().engineProperties()));
      storage.init();
      return new Opened(fixture, database, storage);
    }

    @Override
    public void close() throws IOException {
      storage.close();
      try {
        database.close();
        fixture.close();
      } catch (Exception e) {
        throw new IOException(e);
      }
    }
  }

  @Test
  void sameOperations_readTheSameOnEveryEngine() throws Exception {
    List<StorageFixture> fixtures = new ArrayList<>();
    for (StorageFixture fixture :
        List.of(
            DuckDbFixture.inMemory(),
            new ClickHouseFixture(),
            new MongoFixture(),
            new MsSqlFixture(),
            new PgFixture(),
            LibSqlFixture.inMemory())) {
      if (fixture.access().way() == EngineAccess.Way.NOT_RUN) {
        System.out.println(
            "cross-store: " + fixture.name() + " NOT RUN: " + fixture.access().note());
        fixture.close();
      } else {
        fixtures.add(fixture);
      }
    }
    assertThat(fixtures).hasSizeGreaterThanOrEqualTo(4);
    List<Opened> opened = new ArrayList<>();
    try {
      for (StorageFixture fixture : fixtures) {
        opened.add(Opened.on(fixture));
      }
      List<ObservabilityStorage> stores = opened.stream().map(Opened::storage).toList();
      PropertyCheck.check(
          15,
          Operations.sequences(),
          operations ->
              operations.stream().map(Operation::toString).collect(Collectors.joining("\n")),
          operations -> {
            stores.forEach(ObservabilityStorage::dangerouslyClearAll);
            Set<SpanKey> keys = new TreeSet<>();
            for (Operation operation : operations) {
              if (operation instanceof Operation.Create create) {
                create.spans().forEach(span -> keys.add(span.key()));
              }
              // A store that lists no traces without a root is asked about the others alone.
              boolean all = stores.stream().allMatch(CrossStoreTest::listsAllTraces);
              Operation asked =
                  !all && operation instanceof Operation.Walk walk
                      ? walk.withStoredRoots()
                      : operation;
              assertAgree(fixtures, stores.stream().map(asked::on).toList(), asked.toString());
              if (asked != operation) {
                assertAgree(
                    fixtures,
                    stores.stream()
                        .map(
                            store ->
                                listsAllTraces(store)
                                    ? operation.on(store)
                                    : new Operation.Refused(Capability.SPAN_FILTERS))
                        .toList(),
                    operation.toString());
              }
            }
            for (SpanKey key : keys) {
              assertAgree(
                  fixtures,
                  stores.stream()
                      .map(store -> store.getSpan(key).map(CrossStoreTest::letters))
                      .toList(),
                  key.toString());
            }
            assertAgree(
                fixtures,
                stores.stream().map(ObservabilityStorage::statistics).toList(),
                "statistics");
          });
    } finally {
      for (Opened one : opened) {
        one.close();
      }
    }
  }

  private static boolean listsAllTraces(ObservabilityStorage store) {
    return store.capabilities().contains(Capability.SPAN_FILTERS);
  }

  /**
   * The first store counts what it writes and has every read; one that has not agrees all the same.
   * That it refuses what it does not declare, and nothing else, is the kit's to check.
   */
  private static void assertAgree(List<StorageFixture> fixtures, List<?> answers, String question) {
    Object first = answers.get(0);
    assertThat(first).isNotInstanceOf(Operation.Refused.class);
    for (int i = 1; i < answers.size(); i++) {
      Object answer = answers.get(i);
      if (answer instanceof Operation.Refused) {
        continue;
      }
      boolean countless = answer instanceof Operation.Written written && written.counts() == null;
      assertThat(answer)
          .as("%s and %s: %s", fixtures.get(i).name(), fixtures.get(0).name(), question)
          .isEqualTo(
              countless && first instanceof Operation.Written counted
                  ? counted.withoutCounts()
                  : first);
    }
  }

  /** All fields, JSON as its text: spans compare it by structure. */
  private static Map<SpanColumn, String> letters(Span span) {
    Map<SpanColumn, String> fields = new LinkedHashMap<>();
    for (SpanColumn column : SpanColumn.all()) {
      Object value = column.read(span);
      fields.put(column, value instanceof Json json ? json.text() : String.valueOf(value));
    }
    return fields;
  }
}
