package dev.tracekeep.adapter.mongo;

import com.mongodb.ConnectionString;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.mongodb.MongoDBContainer;

/**
 * A server for tests, one for each JVM: the one that TRACEKEEP_TEST_MONGO_URL names, whose user
 * must be allowed to make databases; else a container, where Docker is there; else a stand-in in
 * this process.
 */
public final class MongoTestServer {
  private static final String IMAGE = "mongo:8.0";

  private static final AtomicInteger DATABASES = new AtomicInteger();

  private final String way;
  private final String url;

  private MongoTestServer(String way, String url) {
    this.way = way;
    this.url = url;
  }

  /**
   * The stand-in changes a document field by field while its answers are still being sent, so that
   * others see it half changed. No real server does.
   */
  private static final class WholeDocuments extends MemoryBackend {
    @Override
    public synchronized Document handleMessage(MongoMessage message) {
      return super.handleMessage(message).cloneDeeply();
    }
  }

  private static final class Holder {
    static final MongoTestServer SERVER = start();
  }

  /** The server of this JVM; started when first asked for, stopped when the JVM ends. */
  public static MongoTestServer get() {
    return Holder.SERVER;
  }

  private static MongoTestServer start() {
    String given = System.getenv("TRACEKEEP_TEST_MONGO_URL");
    if (given != null && !given.isBlank()) {
      return new MongoTestServer("url", given);
    }
    if (DockerClientFactory.instance().isDockerAvailable()) {
      return startContainer();
    }
    MongoServer standIn = new MongoServer(new WholeDocuments());
    InetSocketAddress address = standIn.bind();
    Runtime.getRuntime().addShutdownHook(new Thread(standIn::shutdownNow));
    return new MongoTestServer(
        "stand-in", "mongodb://" + address.getHostString() + ":" + address.getPort());
  }

  @SuppressWarnings("resource") // Testcontainers removes the container when the JVM ends
  private static MongoTestServer startContainer() {
    MongoDBContainer container = new MongoDBContainer(IMAGE);
    container.start();
    return new MongoTestServer("docker " + IMAGE, container.getConnectionString());
  }

  /** How the server is reached: {@code url}, {@code docker …} or {@code stand-in}. */
  public String way() {
    return way;
  }

  /** What the server says that it is. */
  public String product() {
    try (MongoClient client = MongoClients.create(url)) {
      return dev.tracekeep.adapter.mongo.MongoServer.of(client.getDatabase("admin")).product();
    }
  }

  /** Whether it is the stand-in, which lacks much that every other server has. */
  boolean isStandIn() {
    return way.equals("stand-in");
  }

  /** The address of a database that is not there yet, with user and password. */
  public String newDatabase() {
    String name =
        "tracekeep_test_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
    ConnectionString parts = new ConnectionString(url);
    int query = url.indexOf('?');
    String options = query < 0 ? "" : url.substring(query);
    String base = query < 0 ? url : url.substring(0, query);
    int path = base.indexOf('/', base.indexOf("//") + 2);
    String host = path < 0 ? base : base.substring(0, path);
    String given = parts.getDatabase();
    boolean loginIsElsewhere =
        parts.getCredential() != null && !options.contains("authSource") && given != null;
    String authSource = (options.isEmpty() ? "?" : "&") + "authSource=" + given;
    return host + "/" + name + options + (loginIsElsewhere ? authSource : "");
  }

  /** Drops a database that {@link #newDatabase()} named. */
  public void drop(String databaseUrl) {
    String name = new ConnectionString(databaseUrl).getDatabase();
    try (MongoClient client = MongoClients.create(databaseUrl)) {
      client.getDatabase(String.valueOf(name)).drop();
    }
  }
}
