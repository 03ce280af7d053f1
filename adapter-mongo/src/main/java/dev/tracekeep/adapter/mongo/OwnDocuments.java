package dev.tracekeep.adapter.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.BulkWriteOptions;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.UpdateOneModel;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.util.ArrayList;
import java.util.List;
import org.bson.BsonBinary;
import org.bson.BsonDocument;
import org.bson.BsonDocumentWriter;
import org.bson.BsonInt32;
import org.bson.BsonInvalidOperationException;
import org.bson.BsonNull;
import org.bson.RawBsonDocument;
import org.bson.codecs.DecoderContext;
import org.bson.codecs.EncoderContext;
import org.bson.conversions.Bson;

/** What only our own collection needs in a migration: the fields that no span brings with it. */
final class OwnDocuments {
  /** The fields that an older release did not have. */
  static final List<String> FIELDS = List.of(SpanColumn.VERSION_NAME, SpanCodec.DERIVED);

  private static final Bson WITHOUT_VERSION = Filters.exists(SpanColumn.VERSION_NAME, false);
  private static final SpanCodec CODEC = new SpanCodec();

  private final MongoDatabase database;
  private final String table;

  OwnDocuments(MongoDatabase database, String table) {
    this.database = database;
    this.table = table;
  }

  private MongoCollection<RawBsonDocument> documents() {
    return database.getCollection(table, RawBsonDocument.class);
  }

  /**
   * Whether one of some documents has no version.
   *
   * @param direction 1 for the first documents by {@code _id}, which is when they were made where a
   *     driver gave it, -1 for the last; FerretDB 1 has no order of {@code $natural}
   */
  boolean lackVersion(int direction, int documents) {
    for (RawBsonDocument document :
        documents()
            .find()
            .projection(Projections.include(SpanColumn.VERSION_NAME))
            .sort(new BsonDocument("_id", new BsonInt32(direction)))
            .limit(documents)) {
      if (!document.containsKey(SpanColumn.VERSION_NAME)) {
        return true;
      }
    }
    return false;
  }

  long withoutVersion() {
    return documents().countDocuments(WITHOUT_VERSION);
  }

  boolean anyHasVersion() {
    return documents().find(Filters.exists(SpanColumn.VERSION_NAME)).first() != null;
  }

  /** Takes the fields off again. */
  void removeFields() {
    BsonDocument unset = new BsonDocument();
    FIELDS.forEach(field -> unset.append(field, BsonNull.VALUE));
    documents().updateMany(Filters.empty(), new BsonDocument("$unset", unset));
  }

  /**
   * Fills the fields of some documents that lack them; returns of how many, 0 when none does.
   *
   * @throws StorageException of kind {@code TRANSIENT} if others change them faster than that
   */
  int fill(int limit) {
    List<UpdateOneModel<RawBsonDocument>> updates = new ArrayList<>();
    documents()
        .find(WITHOUT_VERSION)
        .limit(limit)
        .batchSize(Streams.documentsAtOnce(database, table))
        .forEach(document -> updates.add(new UpdateOneModel<>(asRead(document), filled(document))));
    if (updates.isEmpty()) {
      return 0;
    }
    int filled =
        documents().bulkWrite(updates, new BulkWriteOptions().ordered(false)).getMatchedCount();
    if (filled == 0) {
      throw new StorageException(
          FailureKind.TRANSIENT,
          "Writers change the documents of "
              + table
              + " faster than they can be given versions. Stop them, then run the migration again.",
          null);
    }
    return filled;
  }

  /**
   * The document, if nobody changed it since it was read: it would get the version of another
   * content. Every change of a span shows in one of these fields.
   */
  private static Bson asRead(RawBsonDocument document) {
    List<Bson> same = new ArrayList<>(List.of(WITHOUT_VERSION));
    List<String> compared = new ArrayList<>(SpanIndexes.KEY);
    compared.addAll(List.of("_id", SpanColumn.ENDED_AT.columnName()));
    compared.addAll(List.of(SpanColumn.UPDATED_AT.columnName(), SpanColumn.NAME.columnName()));
    compared.forEach(
        field -> same.add(new BsonDocument(field, document.get(field, BsonNull.VALUE))));
    return Filters.and(same);
  }

  private Bson filled(RawBsonDocument document) {
    Span span = span(document);
    BsonDocument fields =
        new BsonDocument(SpanColumn.VERSION_NAME, new BsonBinary(span.version().toBytes()));
    BsonDocument whole = new BsonDocument();
    CODEC.encode(new BsonDocumentWriter(whole), span, EncoderContext.builder().build());
    if (whole.containsKey(SpanCodec.DERIVED)) {
      fields.append(SpanCodec.DERIVED, whole.get(SpanCodec.DERIVED));
    }
    return new BsonDocument("$set", fields);
  }

  private Span span(RawBsonDocument document) {
    try {
      return CODEC.decode(document.asBsonReader(), DecoderContext.builder().build());
    } catch (InvalidSpanException | BsonInvalidOperationException | ClassCastException e) {
      throw new StorageException(
          FailureKind.INVALID,
          "A document of "
              + table
              + " ("
              + new BsonDocument("_id", document.get("_id")).toJson()
              + ") is no span: "
              + e.getMessage()
              + ". Mend or delete it, then run the migration again.",
          e);
    }
  }
}
