package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.MigrationRequiredException;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.WriteResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The five scenarios that the project exists for. */
@CheckGroup("The five scenarios")
abstract class ScenarioChecks extends ConformanceSession {
  /**
   * A table of an older release with duplicates: a start that must not change anything says so,
   * with the counts and the command, and changes nothing; one that may migrates it.
   */
  @Test
  public final void migrationFailsOnDuplicates() throws Exception {
    Span done = Spans.root("a").endedAt(Spans.at(5)).build();
    Span running = Spans.root("a").build();
    Span alone = Spans.root("b").build();
    raw().createLegacyTable(List.of(running, done, running, alone));
    List<Map<String, @Nullable String>> before = raw().rows();
    Set<String> tables = raw().tableNames();

    ObservabilityStorage checking = open(Map.of("migration", "check"));
    MigrationRequiredException refused = thrown(MigrationRequiredException.class, checking::init);
    checking.close();

    assertThat(refused.kind()).isEqualTo(FailureKind.MIGRATION_REQUIRED);
    MigrationPlan plan = refused.plan();
    assertThat(List.of(plan.rows(), plan.keys(), plan.duplicateGroups(), plan.surplusRows()))
        .as("rows, keys, duplicate groups, surplus rows")
        .containsExactly(4L, 2L, 1L, 2L);
    assertThat(refused)
        .hasMessageContaining(tableName())
        .hasMessageContaining("migrate")
        .hasMessageMatching("(?s).*\\b2\\b.*");
    assertThat(raw().tableNames()).isEqualTo(tables);
    assertThat(raw().rows()).containsExactlyInAnyOrderElementsOf(before);

    ObservabilityStorage migrating = open(Map.of("migration", "auto"));
    InitReport report = migrating.init();
    assertThat(report.outcome()).isEqualTo(InitReport.Outcome.MIGRATED);
    MigrationReport migration = report.migration();
    assertThat(migration).isNotNull();
    assertThat(List.of(migration.rowsBefore(), migration.rowsAfter(), migration.rowsArchived()))
        .containsExactly(4L, 2L, 2L);
    assertThat(migration.duplicateGroups()).isEqualTo(1);
    assertThat(migrating.getSpan(done.key())).contains(done);
    assertThat(migrating.getSpan(alone.key())).contains(alone);
  }

  /** An ended description beats a running one, whatever their times say. */
  @Test
  public final void completedSpanIsPreferred() throws Exception {
    Span done = Spans.root("t").endedAt(Spans.at(5)).updatedAt(Spans.at(5)).build();
    Span late = Spans.root("t").updatedAt(Spans.at(900)).createdAt(Spans.at(900)).build();
    Span failed =
        late.toBuilder()
            .updatedAt(Spans.at(950))
            .payload(Payload.builder().error(Json.of("broken")).build())
            .build();
    assertBeats(done, late, failed);
  }

  /** Of two ended (or two running) ones the later {@code updatedAt} wins; absent is earliest. */
  @Test
  public final void latestUpdatedAtIsPreferred() throws Exception {
    Span late =
        Spans.root("t").endedAt(Spans.at(5)).updatedAt(Spans.at(8)).createdAt(Spans.at(-1)).build();
    Span early =
        late.toBuilder()
            .endedAt(Spans.at(99))
            .updatedAt(Spans.at(8).minusNanos(1))
            .createdAt(Spans.at(9))
            .build();
    assertBeats(late, early, late.toBuilder().updatedAt(null).build());
    Span running = late.toBuilder().endedAt(null).build();
    assertBeats(running, early.toBuilder().endedAt(null).build());
  }

  /** With the same {@code updatedAt} (or none) the later {@code createdAt} wins. */
  @Test
  public final void latestCreatedAtIsPreferred() throws Exception {
    Span late = Spans.root("t").endedAt(Spans.at(5)).createdAt(Spans.at(8)).updatedAt(null).build();
    assertBeats(
        late,
        late.toBuilder().createdAt(Spans.at(8).minusNanos(1)).build(),
        late.toBuilder().createdAt(null).build());
    Span updated = late.toBuilder().updatedAt(Spans.at(9)).build();
    assertBeats(updated, updated.toBuilder().createdAt(Spans.at(7)).build());
  }

  /** The same insert again, alone, in a batch and within one batch: no error, one row. */
  @Test
  public final void duplicateInsertIsHandled() throws Exception {
    Span span = Spans.full(SpanKey.of(Spans.TRACE, Spans.SPAN));
    ObservabilityStorage storage = storage();
    WriteResult first = storage.createSpan(span);
    WriteResult again = storage.createSpan(span);
    WriteResult batch = storage.batchCreateSpans(List.of(span, span, span));

    assertThat(List.of(first.processed(), again.processed(), batch.processed()))
        .containsExactly(1, 1, 1);
    assertThat(List.of(first.duplicates(), again.duplicates(), batch.duplicates()))
        .containsExactly(0, 0, 2);
    if (has(Capability.EXACT_WRITE_COUNTS)) {
      assertThat(first.counts()).isEqualTo(new WriteResult.Counts(1, 0, 0));
      assertThat(again.counts()).isEqualTo(new WriteResult.Counts(0, 0, 1));
      assertThat(batch.counts()).isEqualTo(new WriteResult.Counts(0, 0, 1));
    } else {
      assertThat(first.counts()).isNull();
    }
    assertThat(storage.getSpan(span.key())).contains(span);
    assertThat(storage.getTrace(span.key().trace()).orElseThrow().spans()).containsExactly(span);
    assertThat(storage.statistics().spans()).isEqualTo(1);
    Optional<RawAccess> raw = database().raw();
    if (raw.isPresent() && has(Capability.ENFORCED_UNIQUENESS)) {
      assertThat(raw.get().rows()).hasSize(1);
    }
  }

  /** The table's name as it is configured. */
  final String tableName() {
    return database().properties().getOrDefault("table", StorageConfig.DEFAULT_TABLE);
  }

  /**
   * The same, with losers whose digest is greater than the winner's: a store that skips a part of
   * the rule and goes by the digest alone must not be right by chance.
   */
  final void assertBeats(Span winner, Span... losers) throws Exception {
    assertWinner(
        winner,
        Arrays.stream(losers).map(loser -> withGreaterDigest(loser, winner)).toArray(Span[]::new));
  }

  private static Span withGreaterDigest(Span loser, Span winner) {
    for (int i = 0; ; i++) {
      Span candidate = loser.toBuilder().name("loser " + i).build();
      if (Arrays.compareUnsigned(digest(candidate), digest(winner)) > 0) {
        return candidate;
      }
    }
  }

  private static byte[] digest(Span span) {
    byte[] version = span.version().toBytes();
    return Arrays.copyOfRange(version, version.length - 8, version.length);
  }

  /**
   * The winner stands at the end whatever the order, one by one and in one batch, and as the
   * survivor of a migration where the fixture can lay down a legacy table.
   */
  final void assertWinner(Span winner, Span... losers) throws Exception {
    List<Span> all = new ArrayList<>(List.of(losers));
    all.add(winner);
    List<List<Span>> orders = new ArrayList<>();
    permute(all, 0, orders);
    ObservabilityStorage storage = storage();
    for (List<Span> order : orders) {
      storage.dangerouslyClearAll();
      order.forEach(storage::createSpan);
      assertOnly(storage, winner, order);
      storage.dangerouslyClearAll();
      storage.batchCreateSpans(order);
      assertOnly(storage, winner, order);
    }
    assertWinnerOfMigration(winner, orders);
  }

  private void assertOnly(ObservabilityStorage storage, Span winner, List<Span> order) {
    assertThat(storage.getSpan(winner.key())).as("after %s", versions(order)).contains(winner);
    assertThat(storage.getTrace(winner.key().trace()).orElseThrow().spans())
        .containsExactly(winner);
  }

  private void assertWinnerOfMigration(Span winner, List<List<Span>> orders) throws Exception {
    TestDatabase database = anotherDatabase();
    Optional<RawAccess> raw = database.raw();
    if (raw.isEmpty()) {
      return;
    }
    List<Span> rows = new ArrayList<>();
    for (int i = 0; i < orders.size(); i++) {
      String traceId = "order-" + i;
      orders.get(i).forEach(span -> rows.add(Spans.inTrace(span, traceId)));
    }
    raw.get().createLegacyTable(rows);
    ObservabilityStorage storage = open(database, Map.of());
    storage.init();
    for (int i = 0; i < orders.size(); i++) {
      Span expected = Spans.inTrace(winner, "order-" + i);
      assertThat(storage.getSpan(expected.key()))
          .as("after a migration of %s", versions(orders.get(i)))
          .contains(expected);
    }
    assertThat(storage.statistics().spans()).isEqualTo(orders.size());
  }

  private static List<String> versions(List<Span> spans) {
    return spans.stream().map(span -> span.times() + " " + span.name()).toList();
  }

  private static void permute(List<Span> spans, int from, List<List<Span>> into) {
    if (from == spans.size()) {
      into.add(List.copyOf(spans));
    }
    for (int i = from; i < spans.size(); i++) {
      Collections.swap(spans, from, i);
      permute(spans, from + 1, into);
      Collections.swap(spans, from, i);
    }
  }
}
