/** Spans in MongoDB, found by the service loader. */
module dev.tracekeep.adapter.mongo {
  requires dev.tracekeep.core;
  requires org.mongodb.bson;
  requires org.mongodb.driver.core;
  requires org.mongodb.driver.sync.client;
  requires org.slf4j;
  requires static org.jspecify;

  provides dev.tracekeep.storage.StorageProvider with
      dev.tracekeep.adapter.mongo.MongoProvider;
}
