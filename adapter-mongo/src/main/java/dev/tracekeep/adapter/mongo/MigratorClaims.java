package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoException;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Updates;
import dev.tracekeep.dedupe.MigratorLease;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.bson.BsonDocument;
import org.bson.BsonInt64;
import org.bson.BsonString;
import org.bson.conversions.Bson;

/**
 * Who may migrate a collection. MongoDB has no lock that lives as long as a client: so it is a
 * document with an end, by the server's clock. A killed owner's document ends by itself.
 */
final class MigratorClaims implements MigratorLease.Claims {
  static final String COLLECTION = "tracekeep_migrator";

  private static final Duration LENGTH = Duration.ofSeconds(10);
  private static final String OWNER = "owner";
  private static final String ENDS_AT = "ends_at";

  private final MongoDatabase database;
  private final String table;

  /** What must be added to this process's steady clock to get the server's milliseconds. */
  private final long clockOffset;

  MigratorClaims(MongoDatabase database, String table) {
    this.database = database;
    this.table = table;
    this.clockOffset = MongoServer.clock(database) - steadyMillis();
  }

  private static long steadyMillis() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
  }

  private long serverMillis() {
    return steadyMillis() + clockOffset;
  }

  private MongoCollection<BsonDocument> claims() {
    return database.getCollection(COLLECTION, BsonDocument.class);
  }

  private Bson ofOwner(String owner) {
    return Filters.and(Filters.eq("_id", table), Filters.eq(OWNER, owner));
  }

  private long end() {
    return serverMillis() + LENGTH.toMillis();
  }

  @Override
  public Duration length() {
    return LENGTH;
  }

  @Override
  public boolean claim(String owner) {
    try {
      claims()
          .insertOne(
              new BsonDocument("_id", new BsonString(table))
                  .append(OWNER, new BsonString(owner))
                  .append(ENDS_AT, new BsonInt64(end())));
      return true;
    } catch (MongoException e) {
      if (!MongoFailures.isDuplicateKey(e)) {
        throw e;
      }
    }
    return claims()
            .updateOne(
                Filters.and(Filters.eq("_id", table), Filters.lte(ENDS_AT, serverMillis())),
                Updates.combine(Updates.set(OWNER, owner), Updates.set(ENDS_AT, end())))
            .getMatchedCount()
        > 0;
  }

  @Override
  public boolean renew(String owner) {
    return claims().updateOne(ofOwner(owner), Updates.set(ENDS_AT, end())).getMatchedCount() > 0;
  }

  @Override
  public void release(String owner) {
    claims().deleteOne(ofOwner(owner));
  }
}
