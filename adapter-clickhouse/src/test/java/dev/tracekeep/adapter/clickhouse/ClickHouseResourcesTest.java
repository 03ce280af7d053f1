package dev.tracekeep.adapter.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;

import com.clickhouse.client.api.Client;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.Storages;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A program's own client: used for everything, and left open. */
@Tag("engine")
class ClickHouseResourcesTest {
  @RegisterExtension static final ClickHouseDatabase DATABASE = new ClickHouseDatabase();

  private static final Span SPAN =
      Span.builder(SpanKey.of("t", "s"))
          .name("work")
          .startedAt(Instant.parse("2026-01-02T03:04:05.123456789Z"))
          .build();

  /** The client's own database, and another than that. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void client_thatWasHandedInCarriesEverythingAndStaysOpen(boolean isItsDatabase) {
    ClickHouseAddress address = ClickHouseAddress.of(StorageConfig.of(DATABASE.url()));
    try (Client client =
        new Client.Builder()
            .addEndpoint(address.endpoint())
            .setUsername(address.username())
            .setPassword(address.password())
            .setDefaultDatabase(isItsDatabase ? address.database() : "default")
            .build()) {
      Storages.Builder builder =
          Storages.builder().url("jdbc:clickhouse:").resource(Client.class, client);
      if (!isItsDatabase) {
        builder.property("schema", address.database());
      }
      try (ObservabilityStorage storage = builder.open()) {
        storage.init();
        storage.batchCreateSpans(List.of(SPAN, SPAN));
        assertThat(storage.getTrace(TraceKey.of("t")).orElseThrow().spans()).containsExactly(SPAN);
        assertThat(storage.migration().plan().rows()).isEqualTo(1);
      }
      assertThat(
              client.queryAll(
                  "SELECT count() AS n FROM "
                      + address.database()
                      + "."
                      + StorageConfig.DEFAULT_TABLE))
          .singleElement()
          .extracting(row -> row.getLong("n"))
          .isEqualTo(1L);
    }
  }
}
