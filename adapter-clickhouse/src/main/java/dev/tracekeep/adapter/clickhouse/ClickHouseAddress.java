package dev.tracekeep.adapter.clickhouse;

import com.clickhouse.client.api.Client;
import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageUri;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Where ClickHouse is and who asks: {@code jdbc:clickhouse://host:8123/database?ssl=true}, the form
 * of the official JDBC driver.
 *
 * @param endpoint the address of its HTTP interface
 * @param database the database; {@code default} where nothing is said
 * @param username who logs in; {@code default} where nothing is said
 * @param password the password; empty where nothing is said
 * @param serverSettings settings of the server that each request carries
 */
record ClickHouseAddress(
    String endpoint,
    String database,
    String username,
    String password,
    Map<String, String> serverSettings) {
  static final String PREFIX = "jdbc:clickhouse:";

  /** What the parameters of server settings start with, as in the official JDBC driver. */
  private static final String SETTING = "clickhouse_setting_";

  private static final int HTTP_PORT = 8123;
  private static final int HTTPS_PORT = 8443;

  /**
   * Reads the address of a configuration.
   *
   * @throws ConfigurationException with all faults
   */
  static ClickHouseAddress of(StorageConfig config) {
    Optional<Client> client = config.resource(Client.class);
    if (client.isPresent() && config.uri().raw().length() == PREFIX.length()) {
      // The client knows where the server is and who asks.
      String database = first(config.schema(), client.get().getDefaultDatabase(), "default");
      return new ClickHouseAddress("", database, "", "", Map.of());
    }
    List<String> problems = new ArrayList<>();
    URI uri = parse(config.uri(), problems);
    Map<String, String> parameters = parameters(uri, problems);
    Map<String, String> settings = new TreeMap<>();
    String user = parameters.remove("user");
    String password = parameters.remove("password");
    boolean ssl = flag(parameters.remove("ssl"), problems);
    parameters.forEach(
        (name, value) -> {
          if (name.startsWith(SETTING)) {
            settings.put(name.substring(SETTING.length()), value);
          } else {
            problems.add(
                "The address has the parameter "
                    + name
                    + ", which is unknown: there are user, password, ssl and "
                    + SETTING
                    + "<name>.");
          }
        });
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    String path = uri.getPath() == null ? "" : uri.getPath().replaceFirst("^/", "");
    int port = uri.getPort() >= 0 ? uri.getPort() : ssl ? HTTPS_PORT : HTTP_PORT;
    return new ClickHouseAddress(
        (ssl ? "https://" : "http://") + uri.getHost() + ":" + port,
        first(config.schema(), path, "default"),
        first(config.username(), user, "default"),
        first(config.password(), password, ""),
        settings);
  }

  private static String first(@Nullable String given, @Nullable String inAddress, String fallback) {
    return given != null ? given : inAddress == null || inAddress.isEmpty() ? fallback : inAddress;
  }

  private static URI parse(StorageUri given, List<String> problems) {
    String raw = given.raw().substring(PREFIX.length());
    // The official driver allows the protocol to be named: jdbc:clickhouse:https://host
    boolean https = raw.startsWith("https:");
    String plain = raw.replaceFirst("^https?:", "");
    try {
      URI uri = new URI("clickhouse:" + plain + (https ? sslParameter(plain) : ""));
      if (uri.getHost() != null && uri.getRawUserInfo() == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // Its message would quote the address, and a password with it.
    }
    problems.add(
        "The address "
            + given
            + " is not one of ClickHouse: write "
            + PREFIX
            + "//host:8123/database, with username and password as properties or as parameters"
            + " (?user=…&password=…), special characters percent-encoded.");
    return URI.create("clickhouse://unknown");
  }

  private static String sslParameter(String plain) {
    return (plain.indexOf('?') < 0 ? "?" : "&") + "ssl=true";
  }

  private static Map<String, String> parameters(URI uri, List<String> problems) {
    Map<String, String> parameters = new LinkedHashMap<>();
    String query = uri.getRawQuery();
    if (query != null && !query.isEmpty()) {
      for (String part : query.split("&")) {
        int equals = part.indexOf('=');
        if (equals <= 0) {
          problems.add("The address has a parameter without a name or a value.");
        } else {
          parameters.put(decoded(part.substring(0, equals)), decoded(part.substring(equals + 1)));
        }
      }
    }
    return parameters;
  }

  private static String decoded(String text) {
    // In an address a plus is a plus, and passwords have them.
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static boolean flag(@Nullable String value, List<String> problems) {
    if (value != null && !value.equals("true") && !value.equals("false")) {
      problems.add(
          "The parameter ssl of the address is '" + value + "': it must be true or false.");
    }
    return "true".equals(value);
  }

  /** Endpoint and database, without secrets. */
  @Override
  public String toString() {
    return endpoint + "/" + database;
  }
}
