package dev.tracekeep.adapter.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Sorts;
import com.mongodb.client.model.Updates;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationRecord.State;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bson.BsonArray;
import org.bson.BsonDocument;
import org.bson.BsonInt64;
import org.bson.BsonNull;
import org.bson.BsonString;
import org.bson.BsonValue;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;

/**
 * The collection {@value #NAME}: what every migration set out to do and how far it came. What can
 * be counted in the archive is not written down here, so that the two cannot disagree after a kill.
 */
final class MigrationJournal {
  static final String NAME = "tracekeep_migrations";

  private final MongoDatabase database;
  private final String table;

  /** What is written down about one migration. */
  record Entry(
      String migrationId,
      State state,
      Instant startedAt,
      @Nullable Instant finishedAt,
      List<String> keyFields,
      List<String> addedFields,
      ConstraintState constraintBefore,
      long rowsBefore,
      String hashBefore,
      long rowsAfter,
      String hashAfter) {

    MigrationRecord toRecord(String table, long rowsArchived, long duplicateGroups) {
      return new MigrationRecord(
          migrationId,
          table,
          state,
          startedAt,
          finishedAt,
          rowsBefore,
          rowsArchived,
          duplicateGroups);
    }
  }

  MigrationJournal(MongoDatabase database, String table) {
    this.database = database;
    this.table = table;
  }

  private MongoCollection<BsonDocument> entries() {
    return database.getCollection(NAME, BsonDocument.class);
  }

  void insert(Entry entry) {
    entries()
        .insertOne(
            new BsonDocument("_id", new BsonString(entry.migrationId()))
                .append("table", new BsonString(table))
                .append("state", new BsonString(entry.state().name()))
                .append("started_at", new BsonString(entry.startedAt().toString()))
                .append("finished_at", BsonNull.VALUE)
                .append("key_fields", strings(entry.keyFields()))
                .append("added_fields", strings(entry.addedFields()))
                .append("constraint_before", new BsonString(entry.constraintBefore().name()))
                .append("rows_before", new BsonInt64(entry.rowsBefore()))
                .append("hash_before", new BsonString(entry.hashBefore()))
                .append("rows_after", new BsonInt64(0))
                .append("hash_after", new BsonString("")));
  }

  void finish(String migrationId, long rowsAfter, String hashAfter, Instant now) {
    update(
        migrationId,
        Updates.combine(
            Updates.set("state", State.FINISHED.name()),
            Updates.set("finished_at", now.toString()),
            Updates.set("rows_after", rowsAfter),
            Updates.set("hash_after", hashAfter)));
  }

  void setState(String migrationId, State state, Instant now) {
    update(
        migrationId,
        Updates.combine(
            Updates.set("state", state.name()), Updates.set("finished_at", now.toString())));
  }

  private void update(String migrationId, Bson change) {
    entries().updateOne(Filters.eq("_id", migrationId), change);
  }

  /** All migrations of the table, latest first. */
  List<Entry> all() {
    List<Entry> all = new ArrayList<>();
    entries()
        .find(Filters.eq("table", table))
        .sort(Sorts.descending("started_at", "_id"))
        .forEach(document -> all.add(read(document)));
    return all;
  }

  Optional<Entry> find(String migrationId) {
    return all().stream().filter(e -> e.migrationId().equals(migrationId)).findFirst();
  }

  Optional<Entry> unfinished() {
    return all().stream()
        .filter(e -> e.state() == State.UNFINISHED || e.state() == State.UNDOING)
        .findFirst();
  }

  private static Entry read(BsonDocument document) {
    BsonValue finishedAt = document.get("finished_at");
    return new Entry(
        document.getString("_id").getValue(),
        State.valueOf(document.getString("state").getValue()),
        Instant.parse(document.getString("started_at").getValue()),
        finishedAt.isString() ? Instant.parse(finishedAt.asString().getValue()) : null,
        strings(document.getArray("key_fields")),
        strings(document.getArray("added_fields")),
        ConstraintState.valueOf(document.getString("constraint_before").getValue()),
        document.getNumber("rows_before").longValue(),
        document.getString("hash_before").getValue(),
        document.getNumber("rows_after").longValue(),
        document.getString("hash_after").getValue());
  }

  private static BsonArray strings(List<String> texts) {
    return new BsonArray(texts.stream().map(BsonString::new).toList());
  }

  private static List<String> strings(BsonArray values) {
    return values.stream().map(value -> value.asString().getValue()).toList();
  }
}
