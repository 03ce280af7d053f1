package dev.tracekeep.adapter.mongo;

import com.mongodb.ConnectionString;
import com.mongodb.MongoClientSettings;
import com.mongodb.ReadConcern;
import com.mongodb.WriteConcern;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoDatabase;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageUri;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bson.codecs.configuration.CodecRegistries;
import org.bson.codecs.configuration.CodecRegistry;
import org.jspecify.annotations.Nullable;

/**
 * The address of a server, checked without asking the network. What it says about time-outs, the
 * pool and the write concern counts more than the properties of the configuration and the defaults.
 */
final class MongoAddress {
  private static final CodecRegistry CODECS =
      CodecRegistries.fromCodecs(new SpanCodec(), new SpanCodec.RowCodec());

  private static final String SRV = "mongodb+srv://";
  private static final String PLAIN = "mongodb://";

  /** The scheme and, where there are some, user and password. */
  private static final Pattern AUTHORITY = Pattern.compile("^(mongodb(?:\\+srv)?://)([^/?@]*@)?");

  /** An address that says no more than that MongoDB is meant. */
  private static final Pattern BARE = Pattern.compile("mongodb(?:\\+srv)?:(?://)?");

  private final StorageConfig config;
  private final @Nullable MongoClient given;
  private final String url;
  private final List<String> problems = new ArrayList<>();

  /**
   * The address as the driver reads it, but for what DNS would add; null if it is none, or says
   * nothing because there is a client already.
   */
  private final @Nullable ConnectionString parsed;

  MongoAddress(StorageConfig config) {
    this.config = config;
    this.given = config.resource(MongoClient.class).orElse(null);
    this.url = withUser(config);
    this.parsed = given != null && BARE.matcher(url).matches() ? null : parse();
    if (problems.isEmpty()) {
      check(parsed);
    }
  }

  private @Nullable ConnectionString parse() {
    try {
      // Reading a mongodb+srv address asks DNS, and no store may do that before it is used. The
      // options that only such an address may have concern no one here.
      return new ConnectionString(
          url.startsWith(SRV)
              ? PLAIN
                  + url.substring(SRV.length())
                      .replaceAll("(?i)(?<=[?&])srv(MaxHosts|ServiceName)=[^&]*&?", "")
              : url);
    } catch (IllegalArgumentException e) {
      problems.add(
          "The property url is '"
              + config.uri()
              + "': "
              + StorageUri.masked(String.valueOf(e.getMessage()))
              + ".");
      return null;
    }
  }

  private void check(@Nullable ConnectionString address) {
    if (config.schema() == null && (address == null || address.getDatabase() == null)) {
      problems.add(
          "The property url is '"
              + config.uri()
              + "': it names no database. Write mongodb://HOST/DATABASE, or set the property"
              + " schema.");
    }
    if (given != null) {
      if (!given.getWriteConcern().isAcknowledged()) {
        problems.add(
            "The client that was handed in has a write concern of w=0, with which nobody knows what"
                + " was stored. Give it another one.");
      }
      return;
    }
    WriteConcern writeConcern = address == null ? null : address.getWriteConcern();
    if (writeConcern != null && !writeConcern.isAcknowledged()) {
      problems.add(
          "The property url is '"
              + config.uri()
              + "': with w=0 nobody knows what was stored. Leave w out, for majority.");
    }
  }

  private static String withUser(StorageConfig config) {
    String raw = config.uri().raw();
    Matcher authority = AUTHORITY.matcher(raw);
    if (config.username() == null || !authority.find() || authority.group(2) != null) {
      return raw;
    }
    String password = config.password() == null ? "" : ":" + encoded(config.password());
    return authority.group(1)
        + encoded(config.username())
        + password
        + "@"
        + raw.substring(authority.end());
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** What is wrong with it; empty if nothing is. */
  List<String> problems() {
    return problems;
  }

  /** The database of the spans. */
  String database() {
    String schema = config.schema();
    return schema == null ? String.valueOf(known().getDatabase()) : schema;
  }

  /** The program's own client; null where the store is to make one. */
  @Nullable MongoClient given() {
    return given;
  }

  /** Whether what is acknowledged has reached most servers, or at least a disk. */
  boolean isDurable() {
    WriteConcern said = given == null ? known().getWriteConcern() : writeConcern(given);
    return said == null
        || Boolean.TRUE.equals(said.getJournal())
        || "majority".equals(said.getWObject());
  }

  private static WriteConcern writeConcern(MongoClient client) {
    WriteConcern said = client.getWriteConcern();
    return said.isServerDefault() ? WriteConcern.MAJORITY : said;
  }

  /** A database of the program's own client, with what this store needs beside its settings. */
  MongoDatabase asConfigured(MongoDatabase database) {
    MongoClient client = Objects.requireNonNull(given);
    MongoDatabase configured =
        database
            .withCodecRegistry(CodecRegistries.fromRegistries(CODECS, client.getCodecRegistry()))
            .withWriteConcern(writeConcern(client));
    return client.getTimeout(TimeUnit.MILLISECONDS) != null
        ? configured
        : configured.withTimeout(config.statementTimeout().toMillis(), TimeUnit.MILLISECONDS);
  }

  private ConnectionString known() {
    if (parsed == null) {
      throw new IllegalStateException("The address has problems: " + problems);
    }
    return parsed;
  }

  /** What the driver is to know. Of a mongodb+srv address, this asks DNS. */
  MongoClientSettings settings() {
    ConnectionString address = new ConnectionString(url);
    long connectMillis = config.connectTimeout().toMillis();
    MongoClientSettings.Builder settings =
        MongoClientSettings.builder()
            .applyToSocketSettings(
                socket -> socket.connectTimeout((int) connectMillis, TimeUnit.MILLISECONDS))
            .applyToClusterSettings(
                cluster -> cluster.serverSelectionTimeout(connectMillis, TimeUnit.MILLISECONDS))
            .applyToConnectionPoolSettings(
                pool ->
                    pool.maxSize(config.poolSize())
                        .maxWaitTime(connectMillis, TimeUnit.MILLISECONDS))
            .applicationName("tracekeep")
            .writeConcern(WriteConcern.MAJORITY)
            .readConcern(ReadConcern.DEFAULT)
            .codecRegistry(
                CodecRegistries.fromRegistries(
                    CODECS, MongoClientSettings.getDefaultCodecRegistry()));
    if (address.getSocketTimeout() == null) {
      settings.timeout(config.statementTimeout().toMillis(), TimeUnit.MILLISECONDS);
    }
    return settings.applyConnectionString(address).build();
  }
}
