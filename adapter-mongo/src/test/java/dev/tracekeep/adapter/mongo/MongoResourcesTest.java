package dev.tracekeep.adapter.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.ConnectionString;
import com.mongodb.MongoClientSettings;
import com.mongodb.WriteConcern;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.storage.WriteResult.Counts;
import java.time.Instant;
import java.util.List;
import org.bson.BsonDocument;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A program's own client: used for everything, and left open. */
@Tag("engine")
class MongoResourcesTest {
  private static final Span SPAN =
      Span.builder(SpanKey.of("t", "s"))
          .name("work")
          .startedAt(Instant.parse("2026-03-01T10:00:00.123456789Z"))
          .build();

  private final MongoDatabases database = new MongoDatabases();

  @AfterEach
  void drop() {
    database.close();
  }

  private MongoClient client(WriteConcern writeConcern) {
    return MongoClients.create(
        MongoClientSettings.builder()
            .applyConnectionString(new ConnectionString(database.url))
            .writeConcern(writeConcern)
            .build());
  }

  private static Storages.Builder withClient(MongoClient client) {
    return Storages.builder().url("mongodb:").resource(MongoClient.class, client);
  }

  @Test
  void client_thatWasHandedInCarriesEverythingAndStaysOpen() {
    String name = database.raw().getName();
    try (MongoClient client = client(WriteConcern.ACKNOWLEDGED)) {
      try (ObservabilityStorage storage = withClient(client).property("schema", name).open()) {
        assertThat(storage.capabilities()).contains(Capability.DURABLE);
        storage.init();
        assertThat(storage.batchCreateSpans(List.of(SPAN, SPAN)).counts())
            .isEqualTo(new Counts(1, 0, 0));
        assertThat(storage.getTrace(TraceKey.of("t")).orElseThrow().spans()).containsExactly(SPAN);
        assertThat(storage.migration().plan().rows()).isEqualTo(1);
      }
      assertThat(
              client.getDatabase(name).runCommand(BsonDocument.parse("{ping: 1}")).getDouble("ok"))
          .isEqualTo(1);
    }
  }

  @Test
  void client_withAnAddressThatNamesTheDatabaseTakesItFromThere() {
    try (MongoClient client = client(WriteConcern.W1);
        ObservabilityStorage storage =
            Storages.builder()
                .url("mongodb://nobody.invalid/" + database.raw().getName())
                .resource(MongoClient.class, client)
                .open()) {
      assertThat(storage.capabilities()).doesNotContain(Capability.DURABLE);
      storage.init();
      storage.createSpan(SPAN);
    }
    assertThat(database.spans().countDocuments()).isEqualTo(1);
  }

  @Test
  void client_withoutADatabaseOrAcknowledgementsIsRefused() {
    try (MongoClient client = client(WriteConcern.UNACKNOWLEDGED)) {
      assertThatThrownBy(() -> withClient(client).open())
          .isInstanceOf(ConfigurationException.class)
          .hasMessageContaining("names no database")
          .hasMessageContaining("The client that was handed in has a write concern of w=0");
    }
    assertThatThrownBy(() -> Storages.open("mongodb:"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("The property url is 'mongodb:'");
  }
}
