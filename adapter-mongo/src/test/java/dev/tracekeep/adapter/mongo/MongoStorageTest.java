package dev.tracekeep.adapter.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.client.model.IndexOptions;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.WriteResult;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bson.BsonArray;
import org.bson.BsonBinary;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonInt64;
import org.bson.BsonString;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("engine")
class MongoStorageTest {
  private static final Instant T0 = Instant.parse("2026-03-01T10:00:00.123456789Z");

  private final MongoDatabases database = new MongoDatabases();

  @AfterEach
  void drop() {
    database.close();
  }

  private static Span.Builder span(String trace, String span) {
    return Span.builder(SpanKey.of(trace, span)).name("work").startedAt(T0).createdAt(T0);
  }

  private static Payload metadata(String json) {
    return Payload.builder().metadata(Json.parse(json)).build();
  }

  private static Instant at(int seconds) {
    return T0.plusSeconds(seconds);
  }

  // ---- documents -------------------------------------------------------------------------------

  @Test
  void document_hasColumnsByNameAndNothingOfThePayloadAsAName() {
    Span root =
        span("t", "s")
            .endedAt(at(1))
            .tags(List.of("a", "b"))
            .payload(metadata("{\"a.b\": 1.0, \"$set\": {\"$gt\": \"\"}, \"\": [1e400]}"))
            .build();
    try (ObservabilityStorage store = database.open()) {
      store.createSpan(root);
      BsonDocument document = database.spans().find().first();
      assertThat(document).isNotNull();
      assertThat(document.keySet())
          .containsExactlyInAnyOrder(
              "_id",
              "tenant_id",
              "trace_id",
              "span_id",
              "name",
              "span_type",
              "is_event",
              "started_at",
              "ended_at",
              "created_at",
              "tags",
              "metadata",
              "version",
              "derived");
      assertThat(document.get("started_at")).isEqualTo(new BsonInt64(1772359200123456789L));
      assertThat(document.get("version")).isEqualTo(new BsonBinary(root.version().toBytes()));
      assertThat(document.get("metadata"))
          .isEqualTo(new BsonString("{\"a.b\": 1.0, \"$set\": {\"$gt\": \"\"}, \"\": [1e400]}"));
      assertThat(document.getDocument("derived").keySet())
          .containsExactly("root", "ended_at", "metadata");
      assertThat(store.getSpan(root.key())).contains(root);
    }
  }

  @Test
  void child_hasNoDerivedFields() {
    try (ObservabilityStorage store = database.open()) {
      store.createSpan(span("t", "s").parentSpanId("p").payload(metadata("{\"a\":1}")).build());
      assertThat(database.spans().find().first()).doesNotContainKey("derived");
    }
  }

  @Test
  void fieldsOfOtherPrograms_areNotRead() {
    try (ObservabilityStorage store = database.open()) {
      Span root = span("t", "s").build();
      store.createSpan(root);
      database
          .spans()
          .updateOne(
              new BsonDocument(),
              new BsonDocument(
                  "$set", new BsonDocument("theirs", new BsonArray(List.of(new BsonInt32(1))))));
      assertThat(store.getSpan(root.key())).contains(root);
    }
  }

  // ---- writes ----------------------------------------------------------------------------------

  @Test
  void counts_areRightForEachMixOfNewOldAndBetter() {
    try (ObservabilityStorage store = database.open()) {
      List<Span> spans = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        spans.add(span("t" + i % 3, "s" + i).build());
      }
      assertThat(store.batchCreateSpans(spans.subList(0, 6)).counts())
          .isEqualTo(new WriteResult.Counts(6, 0, 0));
      // Straight into the collection, and in the next two batches by a look at the versions first.
      assertThat(store.batchCreateSpans(spans.subList(0, 8)).counts())
          .isEqualTo(new WriteResult.Counts(2, 0, 6));
      List<Span> better = new ArrayList<>(spans);
      better.set(0, spans.get(0).toBuilder().endedAt(at(1)).build());
      better.set(9, spans.get(9).toBuilder().endedAt(at(1)).build());
      assertThat(store.batchCreateSpans(better).counts())
          .isEqualTo(new WriteResult.Counts(2, 1, 7));
      assertThat(store.batchCreateSpans(spans).counts())
          .isEqualTo(new WriteResult.Counts(0, 0, 10));
      assertThat(store.getSpan(better.get(0).key())).contains(better.get(0));
      assertThat(store.getSpan(better.get(9).key())).contains(better.get(9));
    }
  }

  @Test
  void optimisticInsertThatConflicts_stillReplacesOlderOnes() {
    Span running = span("t", "s").build();
    Span done = running.toBuilder().endedAt(at(1)).build();
    try (ObservabilityStorage first = database.open();
        ObservabilityStorage second = database.open()) {
      first.createSpan(running);
      assertThat(second.batchCreateSpans(List.of(done, span("t", "new").build())).counts())
          .isEqualTo(new WriteResult.Counts(1, 1, 0));
      assertThat(first.createSpan(running).counts()).isEqualTo(new WriteResult.Counts(0, 0, 1));
      assertThat(first.getSpan(running.key())).contains(done);
    }
  }

  @Test
  void documentWithoutVersion_givesWayToAnyVersion() {
    try (ObservabilityStorage store = database.open()) {
      Span running = span("t", "s").build();
      Span completed = span("t", "s").endedAt(at(1)).build();
      store.createSpan(running);
      database
          .spans()
          .updateOne(
              new BsonDocument(),
              new BsonDocument("$unset", new BsonDocument("version", new BsonInt32(1))));
      store.createSpan(completed);
      assertThat(store.getSpan(running.key())).contains(completed);
      store.createSpan(running);
      assertThat(store.getSpan(running.key())).contains(completed);
    }
  }

  @Test
  void otherUniqueIndex_refusesItsSpanByNameAndNoOther() {
    try (ObservabilityStorage store = database.open()) {
      database
          .spans()
          .createIndex(
              new BsonDocument("name", new BsonInt32(1)),
              new IndexOptions().unique(true).name("one_of_each_name"));
      Span first = span("t", "s1").name("a").build();
      Span same = span("t", "s2").name("a").build();
      Span other = span("t", "s3").name("b").build();
      store.createSpan(first);
      assertThatThrownBy(() -> store.batchCreateSpans(List.of(same, other)))
          .isInstanceOfSatisfying(
              StorageException.class,
              failure -> {
                assertThat(failure.kind()).isEqualTo(FailureKind.INVALID);
                assertThat(failure.keys()).containsExactly(same.key());
                assertThat(failure).hasMessageContaining("one_of_each_name");
              });
      assertThat(store.getSpan(other.key())).contains(other);
      assertThat(store.getSpan(same.key())).isEmpty();
    }
  }

  @Test
  void documentOver16Megabytes_isRefusedByNameAndTheRestIsStored() {
    Span good = span("t", "good").build();
    Span manyTags = span("t", "tags").tags(Collections.nCopies(1_500_000, "x")).build();
    Span longText =
        span("t", "text")
            .payload(Payload.builder().input(Json.of("x".repeat(17 << 20))).build())
            .build();
    try (ObservabilityStorage store = database.open("max-span-bytes", "1000000000")) {
      WriteResult result = store.batchCreateSpans(List.of(longText, good, manyTags));
      assertThat(result.processed()).isEqualTo(1);
      assertThat(result.rejected())
          .extracting(WriteResult.Rejection::key)
          .containsExactlyInAnyOrder(longText.key(), manyTags.key());
      assertThat(result.rejected())
          .allSatisfy(rejection -> assertThat(rejection.reason()).contains("16 MB"));
      assertThat(store.getSpan(good.key())).contains(good);
      assertThat(store.statistics().spans()).isEqualTo(1);
    }
  }

  @Test
  void spanOfNearly16Megabytes_isStored() {
    Span large =
        span("t", "s")
            .payload(Payload.builder().input(Json.of("x".repeat((16 << 20) - 20_000))).build())
            .build();
    try (ObservabilityStorage store = database.open("max-span-bytes", "1000000000")) {
      store.createSpan(large);
      assertThat(store.getSpan(large.key())).contains(large);
    }
  }

  @Test
  void updateThatMakesADocumentTooLarge_isRefusedByNameAndTheRestIsApplied() {
    Json half = Json.of("x".repeat(9 << 20));
    Span large = span("t", "large").payload(Payload.builder().input(half).build()).build();
    Span small = span("t", "small").build();
    try (ObservabilityStorage store = database.open("max-span-bytes", "1000000000")) {
      store.batchCreateSpans(List.of(large, small));
      SpanUpdate tooMuch = SpanUpdate.builder(large.key(), at(1)).output(half).build();
      SpanUpdate fine = SpanUpdate.builder(small.key(), at(1)).name("renamed").build();
      assertThatThrownBy(() -> store.batchUpdateSpans(List.of(tooMuch, fine)))
          .isInstanceOfSatisfying(
              StorageException.class,
              failure -> {
                assertThat(failure.kind()).isEqualTo(FailureKind.INVALID);
                assertThat(failure.keys()).containsExactly(large.key());
              });
      assertThat(store.getSpan(large.key())).contains(large);
      assertThat(store.getSpan(small.key()).map(Span::name)).contains("renamed");
    }
  }

  @Test
  void update_ofADocumentWithoutVersion_isApplied() {
    try (ObservabilityStorage store = database.open()) {
      Span root = span("t", "s").build();
      store.createSpan(root);
      database
          .spans()
          .updateOne(
              new BsonDocument(),
              new BsonDocument("$unset", new BsonDocument("version", new BsonInt32(1))));
      store.updateSpan(SpanUpdate.builder(root.key(), at(1)).name("renamed").build());
      assertThat(store.getSpan(root.key()).map(Span::name)).contains("renamed");
      assertThat(database.spans().find().first()).containsKey("version");
    }
  }

  // ---- reads -----------------------------------------------------------------------------------

  @Test
  void membersWithOneToken_areToldApart() {
    assertThat(SpanCodec.token("Aa", Json.of(1))).isEqualTo(SpanCodec.token("BB", Json.of(1)));
    try (ObservabilityStorage store = database.open()) {
      store.batchCreateSpans(
          List.of(
              span("t1", "s").payload(metadata("{\"Aa\":1}")).build(),
              span("t2", "s").payload(metadata("{\"BB\":1.0}")).build()));
      assertThat(traces(store, TraceQuery.builder("default").metadata("BB", Json.of(1))))
          .containsExactly("t2");
    }
  }

  private static List<String> traces(ObservabilityStorage store, TraceQuery.Builder query) {
    return store.listTraces(query.build()).items().stream()
        .map(TraceSummary::head)
        .map(root -> root.key().traceId())
        .toList();
  }

  @Test
  void failedChildBehindManyTraces_isFound() {
    try (ObservabilityStorage store = database.open()) {
      List<Span> spans = new ArrayList<>();
      for (int i = 0; i < 3000; i++) {
        spans.add(span("t" + i, "root").startedAt(at(-i)).build());
      }
      spans.add(
          span("t2999", "child")
              .parentSpanId("root")
              .payload(Payload.builder().error(Json.of("boom")).build())
              .build());
      store.batchCreateSpans(spans);
      assertThat(traces(store, TraceQuery.builder("default").hasChildError(true)))
          .containsExactly("t2999");
    }
  }

  @Test
  void traceWithSeveralRoots_isListedOnceByItsFirst() {
    try (ObservabilityStorage store = database.open()) {
      store.batchCreateSpans(
          List.of(
              span("t", "b").startedAt(at(1)).name("first").build(),
              span("t", "c").startedAt(at(1)).build(),
              span("t", "a").startedAt(at(2)).name("wanted").build()));
      assertThat(traces(store, TraceQuery.builder("default"))).containsExactly("t");
      assertThat(traces(store, TraceQuery.builder("default").where(SpanColumn.NAME, "wanted")))
          .isEmpty();
      assertThat(traces(store, TraceQuery.builder("default").where(SpanColumn.NAME, "first")))
          .containsExactly("t");
    }
  }

  @Test
  void pagesByEnd_haveRunningRootsFirstWhenDescending() {
    try (ObservabilityStorage store = database.open()) {
      store.batchCreateSpans(
          List.of(
              span("t1", "s").endedAt(at(1)).build(),
              span("t2", "s").build(),
              span("t3", "s").endedAt(at(3)).build(),
              span("t4", "s").build()));
      for (TraceOrder order :
          List.of(TraceOrder.ENDED_AT_DESCENDING, TraceOrder.ENDED_AT_ASCENDING)) {
        List<String> walked = new ArrayList<>();
        String cursor = null;
        do {
          var page =
              store.listTraces(
                  TraceQuery.builder("default").order(order).limit(1).cursor(cursor).build());
          page.items().forEach(trace -> walked.add(trace.head().key().traceId()));
          cursor = page.cursor();
        } while (cursor != null);
        assertThat(walked)
            .isEqualTo(
                order.isDescending()
                    ? List.of("t2", "t4", "t3", "t1")
                    : List.of("t1", "t3", "t2", "t4"));
      }
    }
  }

  // ---- deletion --------------------------------------------------------------------------------

  @Test
  void oldTraces_areTheSameFoundByServerAndByClient() {
    try (ObservabilityStorage store = database.open()) {
      List<Span> spans = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        spans.add(
            span("t" + i % 13, "s" + i)
                .startedAt(at(i * 37 % 50))
                .endedAt(i % 3 == 0 ? null : at(i * 17 % 70))
                .build());
      }
      store.batchCreateSpans(spans);
      TraceRemover remover = new TraceRemover(database.connection(), "tracekeep_spans");
      for (int limit : List.of(1, 3, 100)) {
        PruneRequest request = new PruneRequest("default", at(55), limit);
        assertThat(remover.oldTracesByClient(request, limit))
            .isEqualTo(remover.oldTracesByServer(request, limit))
            .isNotEmpty();
      }
    }
  }

  // ---- the life of the collection --------------------------------------------------------------

  private Set<String> indexes() {
    Set<String> names = new TreeSet<>();
    SpanIndexes.list(database.spans())
        .forEach(index -> names.add(index.getString("name").getValue()));
    return names;
  }

  @Test
  void indexes_areMadeOnceAndMendedAtTheNextStart() {
    try (ObservabilityStorage store = database.open()) {
      assertThat(indexes()).contains("_id_", "tracekeep_spans_key");
      Set<String> made = indexes();
      store.init();
      assertThat(indexes()).isEqualTo(made);
      made.stream()
          .filter(name -> name.endsWith("_errors"))
          .forEach(name -> database.spans().dropIndex(name));
      store.init();
      assertThat(indexes()).isEqualTo(made);
    }
  }

  @Test
  void emptyCollectionWithoutIndex_isNoMigration() {
    database.raw().createCollection("tracekeep_spans");
    try (ObservabilityStorage store = database.open("migration", "check")) {
      assertThat(store.migration().history()).isEmpty();
      assertThat(indexes()).contains("tracekeep_spans_key");
    }
  }

  @Test
  void clear_keepsIndexes() {
    try (ObservabilityStorage store = database.open()) {
      store.createSpan(span("t", "s").build());
      Set<String> before = indexes();
      store.dangerouslyClearAll();
      assertThat(store.statistics().spans()).isZero();
      assertThat(indexes()).isEqualTo(before);
    }
  }

  @Test
  void durability_isDeclaredOnlyWithASettledWriteConcern() {
    String separator = database.url.contains("?") ? "&" : "?";
    try (ObservabilityStorage settled = database.store();
        ObservabilityStorage hasty = database.store("url", database.url + separator + "w=1")) {
      assertThat(settled.capabilities()).contains(Capability.DURABLE);
      assertThat(hasty.capabilities()).doesNotContain(Capability.DURABLE);
    }
  }
}
