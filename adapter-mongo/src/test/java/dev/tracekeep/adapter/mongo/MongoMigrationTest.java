package dev.tracekeep.adapter.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.IndexOptions;
import com.mongodb.client.model.Updates;
import dev.tracekeep.dedupe.MigratorLease;
import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.dedupe.RemovedRows;
import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.UndoOptions;
import dev.tracekeep.migration.UndoOptions.DeletedKeys;
import dev.tracekeep.migration.UndoPlan;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.bson.BsonDateTime;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonInt64;
import org.bson.BsonNull;
import org.bson.BsonString;
import org.bson.BsonValue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The migration of a collection that another system made. */
@Tag("engine")
class MongoMigrationTest {
  private static final String MASTRA = "mastra_ai_spans";
  private static final Instant T0 = Instant.parse("2025-11-20T12:00:00Z");

  private final MongoDatabases database = new MongoDatabases();
  private final ObservabilityStorage store = database.store();

  @BeforeEach
  void init() {
    store.init();
  }

  @AfterEach
  void drop() {
    store.close();
    database.close();
  }

  private MongoCollection<BsonDocument> spans() {
    return database.collection(MASTRA);
  }

  private MongoCollection<BsonDocument> archive() {
    return database.collection(MASTRA + "_dedupe_archive");
  }

  private DedupeMigration migration() {
    return store.migration(SpanTable.named(MASTRA));
  }

  private static BsonValue text(int seconds) {
    return new BsonString(T0.plusSeconds(seconds).toString());
  }

  private static BsonValue date(int seconds) {
    return new BsonDateTime(T0.plusSeconds(seconds).toEpochMilli());
  }

  private static BsonDocument span(
      String id, BsonValue endedAt, BsonValue updatedAt, BsonValue createdAt, String note) {
    return new BsonDocument("traceId", new BsonString("trace"))
        .append("spanId", new BsonString(id))
        .append("startedAt", text(0))
        .append("endedAt", endedAt)
        .append("updatedAt", updatedAt)
        .append("createdAt", createdAt)
        .append("note", new BsonString(note))
        .append("input", new BsonDocument("a.b", new BsonDocument("$c", new BsonInt32(1))));
  }

  private Set<String> notes() {
    Set<String> notes = new HashSet<>();
    spans().find().forEach(span -> notes.add(span.getString("note").getValue()));
    return notes;
  }

  private Set<BsonDocument> all() {
    return spans().find().into(new HashSet<>());
  }

  // ---- the winner ------------------------------------------------------------------------------

  @Test
  void winner_isCompletedThenUpdatedThenCreated_howeverTimesAreWritten() {
    BsonValue none = BsonNull.VALUE;
    List<BsonDocument> rows = new ArrayList<>();
    // A completed text beside a running date: by type alone every date would come after every text.
    rows.add(span("1", text(5), text(5), text(0), "win 1"));
    rows.add(span("1", none, date(9), date(0), "lose"));
    // The end's value does not decide: this one ended earlier and was updated later.
    rows.add(span("2", date(2), text(9), text(0), "win 2"));
    rows.add(span("2", date(8), date(5), date(0), "lose"));
    // The same instant in two forms: so the creation decides.
    rows.add(span("3", text(5), text(5), date(1), "win 3"));
    rows.add(span("3", date(5), date(5), text(0), "lose"));
    // Another zone: 13:00:07 there is 12:00:07 here.
    rows.add(span("4", text(1), new BsonString("2025-11-20T13:00:07+01:00"), text(0), "win 4"));
    rows.add(span("4", text(1), date(6), text(0), "lose"));
    // Never updated is earliest.
    rows.add(span("5", text(1), date(-9), text(0), "win 5"));
    rows.add(span("5", text(1), none, text(3), "lose"));
    // Alone.
    rows.add(span("6", none, none, none, "win 6"));
    Collections.shuffle(rows, new Random(1));
    spans().insertMany(rows);
    MigrationPlan plan = migration().plan();
    assertThat(plan.refusals()).isEmpty();
    assertThat(List.of(plan.rows(), plan.keys(), plan.duplicateGroups(), plan.surplusRows()))
        .containsExactly(11L, 6L, 5L, 5L);

    MigrationReport report = migration().apply(MigrationListener.NONE);

    assertThat(notes())
        .containsExactlyInAnyOrder("win 1", "win 2", "win 3", "win 4", "win 5", "win 6");
    assertThat(report.rowsArchived()).isEqualTo(5);
    assertThat(migration().verify(String.valueOf(report.migrationId())).faults()).isEmpty();
  }

  @Test
  void fullTie_keepsTheSameDocumentInWhateverOrderTheyLie() {
    Set<String> kept = new HashSet<>();
    for (int seed = 0; seed < 5; seed++) {
      spans().drop();
      List<BsonDocument> rows = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        rows.add(span("s", text(1), text(1), text(1), "copy " + i));
      }
      Collections.shuffle(rows, new Random(seed));
      spans().insertMany(rows);
      // Once as an ordinary key, once as a hot one.
      migration().apply(MigrationOptions.DEFAULT.withBatchRows(seed % 2 == 0 ? 100 : 2), m -> {});
      kept.addAll(notes());
      assertThat(spans().countDocuments()).isEqualTo(1);
    }
    assertThat(kept).hasSize(1);
  }

  // ---- forth and back --------------------------------------------------------------------------

  @Test
  void undo_restoresEveryDocumentWithItsIdAndLeavesIndexesAlone() {
    spans().createIndex(new BsonDocument("traceId", new BsonInt32(1)));
    List<BsonDocument> rows = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      rows.add(span("s" + i % 7, text(i % 3), date(i), text(0), "note " + i));
    }
    spans().insertMany(rows);
    Set<BsonDocument> before = all();
    String id =
        String.valueOf(
            migration().apply(MigrationOptions.DEFAULT.withBatchRows(3), m -> {}).migrationId());
    assertThat(spans().countDocuments()).isEqualTo(7);
    BsonDocument entry = archive().find().first();
    assertThat(entry).isNotNull();
    assertThat(entry.getString("dedupe_migration_id").getValue()).isEqualTo(id);
    assertThat(entry.getString("dedupe_reason").getValue())
        .isEqualTo("older updatedAt than another copy");
    assertThat(entry).containsKeys("dedupe_archived_at", "dedupe_winner_id");
    assertThat(before).contains(entry.getDocument("dedupe_document"));
    assertThat(indexNames()).containsExactlyInAnyOrder("_id_", "traceId_1", "spanId_1_traceId_1");

    migration().undo(id, MigrationListener.NONE);

    assertThat(all()).isEqualTo(before);
    assertThat(archive().countDocuments()).isZero();
    assertThat(indexNames()).containsExactlyInAnyOrder("_id_", "traceId_1");
  }

  private List<String> indexNames() {
    return SpanIndexes.list(spans()).stream()
        .map(index -> index.getString("name").getValue())
        .toList();
  }

  @Test
  void uniqueIndexOfTheOtherSystem_isEnough() {
    spans()
        .createIndex(
            new BsonDocument("spanId", new BsonInt32(1)).append("traceId", new BsonInt32(1)),
            new IndexOptions().unique(true));
    spans().insertOne(span("s", text(1), text(1), text(1), "one"));
    MigrationPlan plan = migration().plan();
    assertThat(plan.constraint()).isEqualTo(MigrationPlan.ConstraintState.PRESENT);
    assertThat(plan.isNeeded()).isFalse();
  }

  @Test
  void hotKey_isOneBatchAndTwoPasses() {
    List<BsonDocument> rows = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      rows.add(span("hot", text(1), date(i * 7 % 5000), text(0), "copy " + i));
    }
    spans().insertMany(rows);
    List<String> batches = new ArrayList<>();
    MigrationReport report =
        migration()
            .apply(
                MigrationOptions.DEFAULT.withBatchRows(1000),
                progress -> {
                  if (progress.statement().startsWith("batch")) {
                    batches.add(progress.statement() + " " + progress.phase());
                  }
                });
    assertThat(batches).containsExactly("batch 1 BEFORE", "batch 1 AFTER");
    assertThat(report.duplicateGroups()).isEqualTo(1);
    assertThat(report.rowsArchived()).isEqualTo(4999);
    // 7 · 2857 = 19999 = 4999 modulo 5000: the latest.
    assertThat(notes()).containsExactly("copy 2857");
  }

  // ---- refusals --------------------------------------------------------------------------------

  @Test
  void documentsWithoutKey_areRefusedBeforeAnythingChanges() {
    BsonDocument broken = span("s", text(1), text(1), text(1), "broken");
    broken.put("spanId", BsonNull.VALUE);
    spans().insertMany(List.of(broken, span("s", text(1), text(1), text(1), "fine")));
    Set<BsonDocument> before = all();
    assertThatThrownBy(() -> migration().apply(MigrationListener.NONE))
        .isInstanceOfSatisfying(
            StorageException.class,
            refused -> assertThat(refused.kind()).isEqualTo(FailureKind.CONFIGURATION))
        .hasMessageContaining("1 rows of mastra_ai_spans have no trace id or span id");
    assertThat(all()).isEqualTo(before);
    assertThat(migration().history()).isEmpty();
  }

  @Test
  void indexOfTheSameName_isRefusedBeforeAnythingChanges() {
    spans()
        .createIndex(
            new BsonDocument("note", new BsonInt32(1)), new IndexOptions().name(MASTRA + "_key"));
    spans().insertOne(span("s", text(1), text(1), text(1), "one"));
    assertThatThrownBy(() -> migration().apply(MigrationListener.NONE))
        .hasMessageContaining("drop it");
  }

  @Test
  void collectionOfSomethingElse_isNoSpanTable() {
    database.collection("things").insertOne(new BsonDocument("a", new BsonInt32(1)));
    assertThatThrownBy(() -> store.migration(SpanTable.named("things")).plan())
        .isInstanceOfSatisfying(
            StorageException.class,
            refused -> assertThat(refused.kind()).isEqualTo(FailureKind.CONFIGURATION))
        .hasMessageContaining("no column is known to mean trace-id, span-id, ended-at");
    assertThatThrownBy(() -> store.migration(SpanTable.named("nothing")).plan())
        .hasMessageContaining("There is no table nothing");
  }

  // ---- what undo looks at before
  // -----------------------------------------------------------------

  private String migrated() {
    spans()
        .insertMany(
            List.of(
                span("s", text(1), text(1), text(1), "win"),
                span("s", text(1), text(0), text(0), "lose"),
                span("gone", text(1), text(1), text(1), "win"),
                span("gone", text(1), text(0), text(0), "lose")));
    return Objects.requireNonNull(migration().apply(MigrationListener.NONE).migrationId());
  }

  @Test
  void undo_isRefusedWhereAnotherUniqueIndexWasMadeSince() {
    String id = migrated();
    spans()
        .createIndex(new BsonDocument("spanId", new BsonInt32(1)), new IndexOptions().unique(true));
    Set<BsonDocument> before = all();
    assertThat(migration().planUndo(id).obstacles())
        .singleElement()
        .asString()
        .contains("spanId_1 ");
    assertThatThrownBy(() -> migration().undo(id, MigrationListener.NONE))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("nothing was changed")
        .hasMessageContaining("The unique index spanId_1 was made since");
    assertThat(all()).isEqualTo(before);
    assertThat(migration().verify(id).faults()).isEmpty();
    spans().dropIndex("spanId_1");
    assertThat(migration().undo(id, MigrationListener.NONE).rowsRestored()).isEqualTo(2);
  }

  @Test
  void undo_isRefusedWhereTheArchiveIsGone() {
    String id = migrated();
    archive().drop();
    assertThatThrownBy(() -> migration().undo(id, MigrationListener.NONE))
        .hasMessageContaining("has 0 of the 2 rows that were moved into it");
    assertThat(indexNames()).contains("spanId_1_traceId_1");
    assertThat(migration().verify(id).faults()).isNotEmpty();
  }

  @Test
  void undo_leavesDocumentsOfDeletedKeysInTheArchiveUnlessAskedFor() {
    String id = migrated();
    spans().deleteMany(Filters.eq("spanId", "gone"));
    spans().updateOne(Filters.eq("note", "win"), Updates.set("note", "redacted"));
    UndoPlan plan = migration().planUndo(id);
    assertThat(List.of(plan.rowsToRestore(), plan.rowsOfDeletedKeys(), plan.changedKeys()))
        .containsExactly(1L, 1L, 1L);
    assertThat(migration().undo(id, MigrationListener.NONE).rowsRestored()).isEqualTo(1);
    assertThat(notes()).containsExactlyInAnyOrder("redacted", "lose");
    assertThat(archive().countDocuments()).isEqualTo(1);
  }

  @Test
  void undo_bringsDocumentsOfDeletedKeysBackWhereItIsAskedFor() {
    String id = migrated();
    spans().deleteMany(Filters.eq("spanId", "gone"));
    assertThat(
            migration()
                .undo(id, new UndoOptions(DeletedKeys.COME_BACK), MigrationListener.NONE)
                .rowsRestored())
        .isEqualTo(2);
    assertThat(archive().countDocuments()).isZero();
  }

  @Test
  void verify_seesAnArchivedDocumentThatWasChanged() {
    String id = migrated();
    archive()
        .updateOne(
            Filters.eq("dedupe_document.spanId", "s"),
            Updates.set("dedupe_document.note", "changed"));
    assertThat(migration().verify(id).faults()).singleElement().asString().contains("not the same");
  }

  @Test
  void ownCollection_isOwnWhateverWayItIsNamed() {
    String own = "tracekeep_spans";
    store.createSpan(
        Span.builder(SpanKey.of("trace", "s")).name("work").startedAt(T0).createdAt(T0).build());
    database.collection(own).updateMany(new BsonDocument(), Updates.unset("version"));
    assertThat(store.check().schema()).isEqualTo(Health.SchemaState.MIGRATION_REQUIRED);
    for (String name : List.of(own, database.raw().getName() + "." + own)) {
      assertThat(store.migration(SpanTable.named(name)).plan().isNeeded()).isTrue();
    }
    store.migration(SpanTable.named(own)).apply(MigrationListener.NONE);
    assertThat(store.check().schema()).isEqualTo(Health.SchemaState.CURRENT);
    assertThat(store.getSpan(SpanKey.of("trace", "s"))).isPresent();
  }

  @Test
  void collectionsOfNamesThatDifferInCaseOrPrefix_haveHistoriesOfTheirOwn() {
    for (String name : List.of("Spans", "spans", "old.spans")) {
      database
          .collection(name)
          .insertMany(
              List.of(
                  span("s", text(1), text(1), text(1), "win"),
                  span("s", text(1), text(0), text(0), "lose")));
    }
    SpanTable dotted = new SpanTable(null, "old.spans", null);
    store.migration(SpanTable.named("Spans")).apply(MigrationListener.NONE);
    store.migration(dotted).apply(MigrationListener.NONE);
    assertThat(store.migration(SpanTable.named("spans")).history()).isEmpty();
    assertThat(store.migration(SpanTable.named("Spans")).history()).hasSize(1);
    assertThat(store.migration(dotted).history()).hasSize(1);
  }

  // ---- between the archive and the deletion ----------------------------------------------------

  private final SpanTable.Columns columns =
      new SpanTable.Columns(null, "traceId", "spanId", "endedAt", "updatedAt", "createdAt", null);

  private final RemovedRows untold = RemovedRows.untold(new TableIdentity(null, MASTRA));

  private DuplicateDocuments duplicates() {
    return new DuplicateDocuments(database.raw(), MASTRA, columns);
  }

  private DedupeArchive archive(String migrationId) {
    return new DedupeArchive(database.raw(), duplicates(), MASTRA + "_dedupe_archive", migrationId);
  }

  private List<DedupeArchive.Loser> losers() {
    List<DedupeArchive.Loser> losers = new ArrayList<>();
    new LoserSearch(duplicates())
        .ordinary(List.of(new DuplicateDocuments.Group(List.of("trace", "s"), 2)), losers::addAll);
    return losers;
  }

  @Test
  void documentChangedAfterItWasArchived_isNotDeleted() {
    spans()
        .insertMany(
            List.of(
                span("s", text(1), text(1), text(1), "win"),
                span("s", BsonNull.VALUE, text(9), text(9), "lose")));
    Runnable finishTheRunning =
        () ->
            spans()
                .updateOne(
                    Filters.eq("note", "lose"),
                    Updates.combine(
                        Updates.set("endedAt", date(12)), Updates.set("note", "now better")));
    assertThat(archive("m").move(losers(), T0, untold, finishTheRunning).documents()).isZero();
    assertThat(notes()).containsExactlyInAnyOrder("win", "now better");

    assertThat(archive("m").move(losers(), T0, untold, () -> {}).documents()).isEqualTo(1);
    archive("m").forgetKept();
    assertThat(notes()).containsExactly("now better");
    List<String> archived = new ArrayList<>();
    archive("m").forEachDocument(document -> archived.add(document.getString("note").getValue()));
    assertThat(archived).containsExactly("win");
  }

  @Test
  void killedBetweenArchiveAndDelete_isMovedByTheNextTryAndArchivedOnce() {
    spans()
        .insertMany(
            List.of(
                span("s", text(1), text(1), text(1), "win"),
                span("s", text(1), text(0), text(0), "lose")));
    assertThatThrownBy(
            () ->
                archive("m")
                    .move(
                        losers(),
                        T0,
                        untold,
                        () -> {
                          throw new IllegalStateException("killed");
                        }))
        .hasMessage("killed");
    assertThat(notes()).hasSize(2);
    assertThat(archive().countDocuments()).isEqualTo(1);
    assertThat(archive("m").move(losers(), T0, untold, () -> {}).documents()).isEqualTo(1);
    assertThat(notes()).containsExactly("win");
    assertThat(archive().countDocuments()).isEqualTo(1);
    assertThat(archive("m").groups()).isEqualTo(1);
  }

  @Test
  void killedBetweenRestoreAndForgetting_isRestoredOnce() {
    spans()
        .insertMany(
            List.of(
                span("s", text(1), text(1), text(1), "win"),
                span("s", text(1), text(0), text(0), "lose")));
    Set<BsonDocument> before = all();
    archive("m").move(losers(), T0, untold, () -> {});
    assertThatThrownBy(
            () ->
                archive("m")
                    .restore(
                        List.of(),
                        DeletedKeys.STAY_ARCHIVED,
                        () -> {
                          throw new IllegalStateException("killed");
                        }))
        .hasMessage("killed");
    archive("m").restore(List.of(), DeletedKeys.STAY_ARCHIVED, () -> {});
    assertThat(all()).isEqualTo(before);
    assertThat(archive().countDocuments()).isZero();
  }

  // ---- the lease -------------------------------------------------------------------------------

  @Test
  void claim_isHeldByOneAndTakenOverWhenItEnded() {
    MigratorClaims claims = new MigratorClaims(database.raw(), MASTRA);
    assertThat(claims.claim("first")).isTrue();
    assertThat(new MigratorClaims(database.raw(), "another").claim("second")).isTrue();
    assertThat(claims.claim("second")).isFalse();
    assertThat(claims.renew("first")).isTrue();
    database
        .collection(MigratorClaims.COLLECTION)
        .updateOne(
            new BsonDocument("_id", new BsonString(MASTRA)),
            Updates.set("ends_at", new BsonInt64(1)));
    assertThat(claims.claim("second")).isTrue();
    assertThat(claims.renew("first")).isFalse();
    claims.release("first");
    assertThat(claims.renew("second")).isTrue();
    claims.release("second");
    assertThat(claims.claim("third")).isTrue();
  }

  @Test
  void silentOwner_goesOnUnlessAnotherTookItsPlace() throws Exception {
    MigratorClaims claims = new MigratorClaims(database.raw(), MASTRA);
    MigratorLease lease = MigratorLease.take(MASTRA, claims, Duration.ZERO);
    try (MigratorLock lock = MongoMigration.asking(claims, lease)) {
      BsonDocument claim = new BsonDocument("_id", new BsonString(MASTRA));
      MongoCollection<BsonDocument> all = database.collection(MigratorClaims.COLLECTION);
      all.updateOne(claim, Updates.set("ends_at", new BsonInt64(1)));
      lock.keep();
      all.updateOne(claim, Updates.set("owner", "another"));
      assertThatThrownBy(lock::keep)
          .isInstanceOfSatisfying(
              StorageException.class,
              lost -> assertThat(lost.kind()).isEqualTo(FailureKind.TRANSIENT));
    }
    assertThat(claims.renew("another")).as("another's claim").isTrue();
  }
}
