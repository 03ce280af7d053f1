package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoException;
import com.mongodb.client.MongoDatabase;
import java.util.IntSummaryStatistics;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;
import org.bson.BsonValue;
import org.bson.RawBsonDocument;

/** How much of a collection is read, and held in memory, at once. */
final class Streams {
  /** Bytes of whole documents in one message. */
  static final int BYTES_AT_ONCE = 2 << 20;

  private static final int MOST_AT_ONCE = 1000;

  /** Where the server does not say how large documents are. */
  private static final int UNKNOWN = 50;

  private static final int LOOKED_AT = 10;

  private Streams() {}

  /** How many whole documents of a collection make about {@link #BYTES_AT_ONCE}. */
  static int documentsAtOnce(MongoDatabase database, String collection) {
    double bytes = averageBytes(database, collection);
    return bytes < 1 ? UNKNOWN : (int) Math.max(1, Math.min(MOST_AT_ONCE, BYTES_AT_ONCE / bytes));
  }

  /** How large a document of a collection is, about. */
  static double averageBytes(MongoDatabase database, String collection) {
    return Math.max(averageSaid(database, collection), averageSeen(database, collection));
  }

  private static double averageSaid(MongoDatabase database, String collection) {
    try {
      BsonValue average =
          database
              .runCommand(
                  new BsonDocument("collStats", new BsonString(collection)), BsonDocument.class)
              .get("avgObjSize", new BsonInt32(0));
      return average.isNumber() ? average.asNumber().doubleValue() : 0;
    } catch (MongoException e) {
      // Not allowed, or not known: a hint is not worth a failure.
      return 0;
    }
  }

  /** The average of a few documents, since DocumentDB tells their size on the disk, compressed. */
  private static double averageSeen(MongoDatabase database, String collection) {
    IntSummaryStatistics sizes = new IntSummaryStatistics();
    database
        .getCollection(collection, RawBsonDocument.class)
        .find()
        .limit(LOOKED_AT)
        .forEach(document -> sizes.accept(document.getByteBuffer().remaining()));
    return sizes.getAverage();
  }
}
