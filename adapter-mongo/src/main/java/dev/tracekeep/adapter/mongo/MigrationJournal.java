package dev.tracekeep.adapter.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.ReplaceOptions;
import dev.tracekeep.dedupe.JournalEntry;
import dev.tracekeep.dedupe.JournalEntry.Field;
import dev.tracekeep.span.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bson.BsonDocument;
import org.bson.BsonInt64;
import org.bson.BsonString;
import org.bson.BsonValue;
import org.jspecify.annotations.Nullable;

/** The collection {@value JournalEntry#JOURNAL}: what every migration set out to do, and did. */
final class MigrationJournal {
  /** What the fields of a release before 0.1.0 are called now. */
  private static final Map<String, Field> OLD =
      Map.of(
          "_id", Field.MIGRATION_ID,
          "table", Field.TABLE_NAME,
          "key_fields", Field.KEY_COLUMNS,
          "added_fields", Field.ADDED_COLUMNS);

  private final MongoDatabase database;

  MigrationJournal(MongoDatabase database) {
    this.database = database;
  }

  private MongoCollection<BsonDocument> entries() {
    return database.getCollection(JournalEntry.JOURNAL, BsonDocument.class);
  }

  void write(JournalEntry entry) {
    BsonString id = new BsonString(entry.migrationId());
    BsonDocument document = new BsonDocument("_id", id);
    for (Field field : Field.values()) {
      entry
          .text(field)
          .ifPresent(
              value ->
                  document.append(
                      field.columnName(),
                      field.isNumber()
                          ? new BsonInt64(Long.parseLong(value))
                          : new BsonString(value)));
    }
    entries().replaceOne(Filters.eq("_id", id), document, new ReplaceOptions().upsert(true));
  }

  /** The entries of all collections of the database. */
  List<JournalEntry> all() {
    return entries().find().map(MigrationJournal::read).into(new ArrayList<>());
  }

  private static JournalEntry read(BsonDocument document) {
    Map<String, @Nullable String> columns = new HashMap<>();
    document.forEach(
        (name, value) -> {
          Field old = OLD.get(name);
          columns.put(old == null ? name : old.columnName(), text(value));
        });
    return JournalEntry.of(columns);
  }

  private static @Nullable String text(BsonValue value) {
    if (value.isNumber()) {
      return Long.toString(value.asNumber().longValue());
    }
    if (value.isArray()) {
      return Json.array(
              value.asArray().stream().map(name -> Json.of(name.asString().getValue())).toList())
          .text();
    }
    return value.isString() ? value.asString().getValue() : null;
  }
}
