package dev.tracekeep.adapter.pg;

import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;

/**
 * Makes stores in PostgreSQL. The address is one of its JDBC driver: {@code
 * jdbc:postgresql://host:5432/database}, with any of the driver's parameters.
 *
 * <p>Two properties are PostgreSQL's own. {@value #DISTRIBUTION} is {@code trace} or {@code tenant}
 * on Citus, whose workers {@code init()} then spreads a new table over; a table that is distributed
 * already is known without being told. {@value #TRANSACTION_POOLING} is {@code true} behind a proxy
 * that gives a client another server connection for each transaction. Where the proxy shows by
 * refusing or ignoring the driver's start-up options, it is found without being told.
 */
public final class PgProvider implements StorageProvider {
  /** The property that says that no session state outlives a transaction. */
  static final String TRANSACTION_POOLING = "transaction-pooling";

  /** The property that says what decides on which worker of Citus a new table's rows lie. */
  static final String DISTRIBUTION = "distribution";

  /** For {@link java.util.ServiceLoader}. */
  public PgProvider() {}

  @Override
  public String name() {
    return "pg";
  }

  @Override
  public List<String> uriPrefixes() {
    return List.of("jdbc:postgresql:");
  }

  @Override
  public Set<String> engineProperties() {
    return Set.of(TRANSACTION_POOLING, DISTRIBUTION);
  }

  /**
   * A pool of connections. The address then need say no more than {@code jdbc:postgresql:}; who
   * logs in, how long connecting takes and how many connections there are is the pool's to say.
   */
  @Override
  public Set<Class<?>> resources() {
    return Set.of(DataSource.class);
  }

  @Override
  public ObservabilityStorage open(StorageConfig config) {
    List<String> problems = new ArrayList<>(PgAddress.problems(config));
    String pooling = config.engineProperty(TRANSACTION_POOLING).orElse("false");
    if (!pooling.equals("true") && !pooling.equals("false")) {
      problems.add(
          "The property "
              + TRANSACTION_POOLING
              + " is '"
              + pooling
              + "': it must be true or false.");
    }
    String distribution = config.engineProperty(DISTRIBUTION).orElse("none");
    if (!Set.of("none", "trace", "tenant").contains(distribution)) {
      problems.add(
          "The property "
              + DISTRIBUTION
              + " is '"
              + distribution
              + "': it must be none, trace or tenant.");
    }
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    return new PgStorage(config, new PgConnections(config));
  }
}
