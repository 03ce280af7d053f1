package dev.tracekeep.adapter.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@Tag("engine")
final class MigratorLeaseTest {
  @RegisterExtension static final ClickHouseDatabase DATABASE = new ClickHouseDatabase();

  private static final Duration LONG = Duration.ofMinutes(5);

  private ClickHouseClient client;

  @BeforeEach
  void open() {
    StorageConfig config =
        StorageConfig.fromProperties(
            Map.of("url", DATABASE.url()), new ClickHouseProvider().engineProperties());
    client = new ClickHouseClient(config, ClickHouseAddress.of(config));
  }

  @AfterEach
  void close() {
    client.close();
  }

  private MigratorLock take(String table, Duration patience) throws Exception {
    return MigratorSession.lock(
        MigratedTable.look(client, SpanTable.named(table), "another"), patience);
  }

  @Test
  void secondMigrator_isRefusedWhileTheFirstIsAlive() throws Exception {
    try (MigratorLock first = take("spans", LONG);
        MigratorLock other = take("another_table", LONG)) {
      first.keep();
      other.keep();
      assertThatThrownBy(() -> take("spans", Duration.ofMillis(400)))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("spans is being migrated by another process")
          .satisfies(
              failure ->
                  assertThat(((StorageException) failure).kind()).isEqualTo(FailureKind.TRANSIENT));
    }
    take("spans", Duration.ofMillis(400)).close();
  }

  @Test
  void deadMigrator_isWaitedFor() throws Exception {
    take("spans", LONG).close();
    DATABASE.execute(
        "INSERT INTO tracekeep_migrator SELECT 'spans', 'dead', 0, now64(3, 'UTC') + INTERVAL 2"
            + " SECOND");

    try (MigratorLock lease = take("spans", LONG)) {
      lease.keep();
      assertThat(
              DATABASE.rows(
                  "SELECT ends_at < now64(3, 'UTC') FROM tracekeep_migrator WHERE owner = 'dead'"))
          .containsExactly("1");
    }
  }

  @Test
  void lapsedClaim_isNeitherRenewedNorKept() throws Exception {
    // Half of the patience: the claim lasts for a second.
    try (MigratorLock lease = take("spans", Duration.ofSeconds(2))) {
      int rounds = 0;
      do { // a renewal that was on its way may come after the first
        DATABASE.execute("TRUNCATE TABLE tracekeep_migrator");
        later(Duration.ofMillis(1500));
      } while (++rounds < 5
          && !DATABASE.rows("SELECT count() FROM tracekeep_migrator").contains("0"));

      assertThatThrownBy(lease::keep)
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("was silent for 1000 ms");
      assertThat(DATABASE.rows("SELECT count() FROM tracekeep_migrator")).containsExactly("0");
    }
  }

  private static void later(Duration delay) {
    CompletableFuture.runAsync(
            () -> {}, CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS))
        .join();
  }

  @Test
  void manyMigratorsAtOnce_goOneByOne() throws Exception {
    int count = 5;
    ExecutorService threads = Executors.newFixedThreadPool(count);
    AtomicInteger holders = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch start = new CountDownLatch(1);
    try {
      List<Future<Boolean>> migrators = new ArrayList<>();
      Callable<Boolean> migrator =
          () -> {
            start.await();
            try (MigratorLock lease = take("spans", LONG)) {
              most.accumulateAndGet(holders.incrementAndGet(), Math::max);
              later(Duration.ofMillis(50));
              lease.keep();
              holders.decrementAndGet();
            }
            return true;
          };
      for (int i = 0; i < count; i++) {
        migrators.add(threads.submit(migrator));
      }
      start.countDown();
      for (Future<Boolean> future : migrators) {
        assertThat(future.get()).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(most).hasValue(1);
  }

  @Test
  void statementOfAKilledMigrator_isWaitedFor() throws Exception {
    CompletableFuture<String> orphan =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                client.executeLong(
                    "SELECT sleepEachRow(0.1) FROM numbers(6000) FORMAT Null",
                    Map.of(
                        "log_comment",
                        "tracekeep migration of " + DATABASE.name() + ".spans",
                        "max_block_size",
                        "1"));
                return "ended";
              } catch (Exception e) {
                return "killed";
              }
            });
    while (!orphanRuns()) {
      later(Duration.ofMillis(20));
    }

    assertThatThrownBy(() -> take("spans", Duration.ofMillis(300)))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("statement of an interrupted migration");
    CompletableFuture<Boolean> next =
        CompletableFuture.supplyAsync(
            () -> {
              try (MigratorLock lease = take("spans", LONG)) {
                lease.keep();
                return orphanRuns();
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    DATABASE.execute("KILL QUERY WHERE query LIKE 'SELECT sleepEach%' SYNC FORMAT Null");

    assertThat(next.get()).as("the statement runs on under the next migrator").isFalse();
    assertThat(orphan.get()).isEqualTo("killed");
  }

  private static boolean orphanRuns() throws IOException {
    return !DATABASE
        .rows("SELECT 1 FROM system.processes WHERE query LIKE 'SELECT sleepEach%'")
        .isEmpty();
  }
}
