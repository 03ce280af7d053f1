package dev.tracekeep.adapter.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.migration.SpanTable;
import java.util.List;
import org.bson.BsonDocument;
import org.junit.jupiter.api.Test;

/** What real servers say about collections, and the stand-in does not. */
class SpanCollectionTest {
  private static List<String> obstacles(String description, String... indexes) {
    return SpanCollection.obstacles(
        SpanTable.named("spans"),
        BsonDocument.parse(description),
        () -> List.of(indexes).stream().map(BsonDocument::parse).toList());
  }

  @Test
  void plainCollection_hasNone() {
    assertThat(
            obstacles(
                "{name: 'spans', type: 'collection', options: {}}",
                "{name: '_id_', key: {_id: 1}}",
                "{name: 'spans_key', key: {a: 1}, unique: true}"))
        .isEmpty();
  }

  @Test
  void collation_isOneUnlessItIsBinary() {
    String described = "{name: 'spans', type: 'collection', options: {collation: {locale: '%s'}}}";
    assertThat(obstacles(String.format(described, "simple"))).isEmpty();
    assertThat(obstacles(String.format(described, "en")))
        .singleElement()
        .asString()
        .contains("by the collation en", "copy it into a collection without one");
  }

  @Test
  void view_isOneAndIsNotAskedForIndexes() {
    List<String> obstacles =
        SpanCollection.obstacles(
            SpanTable.named("spans"),
            BsonDocument.parse("{name: 'spans', type: 'view', options: {viewOn: 'x'}}"),
            () -> {
              throw new IllegalStateException("views have no indexes");
            });
    assertThat(obstacles).singleElement().asString().contains("is a view");
  }

  @Test
  void indexOfThatNameWhichEnforcesNothing_isOne() {
    assertThat(
            obstacles(
                "{name: 'spans', type: 'collection'}", "{name: 'spans_key', key: {tenant_id: 1}}"))
        .singleElement()
        .asString()
        .contains("The index spans_key of spans", "drop it");
  }
}
