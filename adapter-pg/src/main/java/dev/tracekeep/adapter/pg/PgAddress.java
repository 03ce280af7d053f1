package dev.tracekeep.adapter.pg;

import dev.tracekeep.storage.StorageConfig;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Looks at an address before the driver does: that one logs an address that it does not understand,
 * password included.
 */
final class PgAddress {
  private static final String PREFIX = "jdbc:postgresql:";

  /** The options that make the driver load a class, or a file that is no certificate or key. */
  private static final Set<String> UNSAFE =
      Set.of(
          "authenticationpluginclassname",
          "classloaderstrategy",
          "jaasapplicationname",
          "loggerfile",
          "service",
          "socketfactory",
          "socketfactoryarg",
          "sslfactory",
          "sslfactoryarg",
          "sslhostnameverifier",
          "sslpasswordcallback",
          "sspiserviceclass",
          "xmlfactoryfactory");

  /** The factories of the driver itself. */
  private static final String OWN_FACTORY = "org.postgresql.ssl.";

  /** A host, in brackets if it is an IPv6 address, and a port. */
  private static final Pattern HOST =
      Pattern.compile("(?:\\[[0-9A-Fa-f:.%]*\\]|[^:@\\[\\]]*)(?::([0-9]{1,5}))?");

  private PgAddress() {}

  /** What is wrong with the address of a configuration, a sentence each. */
  static List<String> problems(StorageConfig config) {
    String rest = config.uri().raw().substring(PREFIX.length());
    String place = rest.split("\\?", 2)[0];
    List<String> problems = new ArrayList<>();
    boolean isUnderstood =
        place.startsWith("//")
            ? List.of(place.substring(2).split("/", 2)[0].split(",", -1)).stream()
                .allMatch(PgAddress::isHost)
            : !place.contains("@");
    if (!isUnderstood) {
      problems.add(
          "The address "
              + config.uri()
              + " is not one of PostgreSQL: write "
              + PREFIX
              + "//HOST:5432/DATABASE, with username and password as properties.");
    }
    List<String> names = new ArrayList<>();
    if (rest.length() > place.length()) {
      for (String option : rest.substring(place.length() + 1).split("&")) {
        String[] parts = option.split("=", 2);
        try {
          String name = decoded(parts[0]);
          String value = parts.length < 2 ? "" : decoded(parts[1]);
          if (!name.toLowerCase(Locale.ROOT).equals("sslfactory")
              || !value.startsWith(OWN_FACTORY)) {
            names.add(name);
          }
        } catch (IllegalArgumentException e) {
          problems.add(
              "The address "
                  + config.uri()
                  + " has a % that begins no escape: write %25 for one, and escapes as %2F.");
        }
      }
    }
    problems.addAll(config.problemsOfOptions(names, UNSAFE));
    return problems;
  }

  private static boolean isHost(String host) {
    var parts = HOST.matcher(host);
    return parts.matches()
        && (parts.group(1) == null
            || Integer.parseInt(parts.group(1)) >= 1 && Integer.parseInt(parts.group(1)) <= 65_535);
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }
}
