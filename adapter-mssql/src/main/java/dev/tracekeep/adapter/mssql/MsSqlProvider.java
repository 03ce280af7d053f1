package dev.tracekeep.adapter.mssql;

import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import javax.sql.DataSource;

/**
 * Makes stores in SQL Server and Azure SQL. The address is one of Microsoft's JDBC driver: {@code
 * jdbc:sqlserver://host:1433;databaseName=spans}, with any of the driver's properties. The
 * connection is encrypted, and the server's certificate checked, unless the address says otherwise.
 */
public final class MsSqlProvider implements StorageProvider {
  /** What may be the name of an option; what stands in braces may look like one, too. */
  private static final Pattern OPTION = Pattern.compile(";\\s*([^=;{}]+?)\\s*=");

  /** The options that make the driver load a class, or take one from a login configuration. */
  private static final Set<String> UNSAFE =
      Set.of(
          "accesstokencallbackclass",
          "jaasconfigurationname",
          "socketfactoryclass",
          "socketfactoryconstructorarg",
          "trustmanagerclass",
          "trustmanagerconstructorarg",
          "usedefaultjaasconfig");

  /** For {@link java.util.ServiceLoader}. */
  public MsSqlProvider() {}

  @Override
  public String name() {
    return "mssql";
  }

  @Override
  public List<String> uriPrefixes() {
    return List.of("jdbc:sqlserver:");
  }

  /**
   * A pool of connections. The address then need say no more than {@code jdbc:sqlserver:}; who logs
   * in, how many connections there are, and how long they wait is the pool's to say.
   */
  @Override
  public Set<Class<?>> resources() {
    return Set.of(DataSource.class);
  }

  @Override
  public ObservabilityStorage open(StorageConfig config) {
    List<String> given =
        OPTION.matcher(config.uri().raw()).results().map(option -> option.group(1)).toList();
    List<String> problems = config.problemsOfOptions(given, UNSAFE);
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    return new MsSqlStorage(config, new MsSqlConnections(config));
  }
}
