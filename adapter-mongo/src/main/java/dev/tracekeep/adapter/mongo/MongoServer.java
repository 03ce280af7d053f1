package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoCommandException;
import com.mongodb.client.MongoDatabase;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;

/**
 * What a server says that it is.
 *
 * @param product its name and version, for people
 */
record MongoServer(String product) {
  static MongoServer of(MongoDatabase database) {
    BsonDocument build =
        database.runCommand(new BsonDocument("buildInfo", new BsonInt32(1)), BsonDocument.class);
    String version = text(build, "version");
    String ferret =
        build.containsKey("ferretdb")
            ? text(build.getDocument("ferretdb"), "version")
            : text(build, "ferretdbVersion");
    if (!ferret.isEmpty()) {
      return new MongoServer("FerretDB " + ferret + " (as MongoDB " + version + ")");
    }
    return build.containsKey("gitVersion") || build.containsKey("storageEngines")
        ? new MongoServer("MongoDB " + version)
        : new MongoServer("a server that says it is MongoDB " + version);
  }

  private static String text(BsonDocument document, String name) {
    return document.getString(name, new BsonString("")).getValue();
  }

  /** The server's clock in milliseconds since the epoch. */
  static long clock(MongoDatabase database) {
    BsonDocument answer;
    try {
      answer = hello(database, "hello");
    } catch (MongoCommandException e) {
      if (e.getErrorCode() != MongoFailures.COMMAND_NOT_FOUND) {
        throw e;
      }
      answer = hello(database, "isMaster");
    }
    return answer.getDateTime("localTime").getValue();
  }

  private static BsonDocument hello(MongoDatabase database, String command) {
    return database.runCommand(new BsonDocument(command, new BsonInt32(1)), BsonDocument.class);
  }
}
