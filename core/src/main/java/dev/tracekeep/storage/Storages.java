package dev.tracekeep.storage;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Finds the adapter for an address among the {@link StorageProvider}s on the class path.
 *
 * <pre>{@code
 * try (ObservabilityStorage storage = Storages.open("jdbc:duckdb:")) {
 *   storage.init();
 *   storage.createSpan(span);
 * }
 * }</pre>
 */
public final class Storages {
  /** The addresses of our own adapters and the artifacts that bring them. */
  private static final Map<String, String> ARTIFACTS = new LinkedHashMap<>();

  static {
    ARTIFACTS.put("jdbc:duckdb:", "tracekeep-adapter-duckdb");
    ARTIFACTS.put("jdbc:postgresql:", "tracekeep-adapter-pg");
    ARTIFACTS.put("jdbc:sqlite:", "tracekeep-adapter-libsql");
    ARTIFACTS.put("libsql:", "tracekeep-adapter-libsql");
    ARTIFACTS.put("jdbc:sqlserver:", "tracekeep-adapter-mssql");
    ARTIFACTS.put("mongodb:", "tracekeep-adapter-mongo");
    ARTIFACTS.put("mongodb+srv:", "tracekeep-adapter-mongo");
    ARTIFACTS.put("jdbc:clickhouse:", "tracekeep-adapter-clickhouse");
  }

  private static final Pattern SCHEME = Pattern.compile("(?i)(?:jdbc:)?[a-z0-9+.-]*:");

  private Storages() {}

  /**
   * Makes a store with the defaults for an address. Does no I/O.
   *
   * @throws ConfigurationException if no adapter, or more than one, accepts the address
   */
  public static ObservabilityStorage open(String url) {
    return open(Map.of("url", url));
  }

  /**
   * Makes a store from properties, as {@link StorageConfig} lists them. Does no I/O.
   *
   * @throws ConfigurationException with all faults at once
   */
  public static ObservabilityStorage open(Map<String, String> properties) {
    return open(properties, load(Thread.currentThread().getContextClassLoader()));
  }

  /** The adapters that are there, and those that are broken. */
  public static Adapters available() {
    return load(Thread.currentThread().getContextClassLoader());
  }

  /**
   * The adapters found on a class path.
   *
   * @param providers those that could be loaded, by name
   * @param broken why others could not, one sentence each; one broken adapter does not hide the
   *     rest
   */
  public record Adapters(List<StorageProvider> providers, List<String> broken) {
    /** Copies the lists. */
    public Adapters {
      providers = List.copyOf(providers);
      broken = List.copyOf(broken);
    }
  }

  static ObservabilityStorage open(Map<String, String> properties, Adapters adapters) {
    List<String> problems = new ArrayList<>();
    StorageUri uri = StorageUri.of(properties.getOrDefault("url", ""));
    List<StorageProvider> accepting =
        uri.raw().isEmpty()
            ? List.of()
            : adapters.providers().stream().filter(provider -> provider.accepts(uri)).toList();
    if (!uri.raw().isEmpty() && accepting.isEmpty()) {
      problems.add(noAdapter(uri, adapters));
    }
    if (accepting.size() > 1) {
      problems.add(
          "More than one adapter accepts "
              + uri
              + ": "
              + accepting.stream()
                  .map(provider -> provider.name() + " (" + provider.getClass().getName() + ")")
                  .collect(Collectors.joining(" and "))
              + ". Leave one of them on the class path.");
    }
    StorageConfig config = null;
    try {
      Set<String> engineKeys =
          accepting.stream()
              .flatMap(p -> p.engineProperties().stream())
              .collect(Collectors.toSet());
      config = StorageConfig.fromProperties(properties, engineKeys);
    } catch (ConfigurationException e) {
      problems.addAll(e.problems());
    }
    if (config == null || !problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    ObservabilityStorage storage = accepting.get(0).open(config);
    try {
      storage.tracingStrategy().resolve(config.strategy());
    } catch (UnsupportedCapabilityException e) {
      storage.close();
      throw e;
    }
    return storage;
  }

  private static String noAdapter(StorageUri uri, Adapters adapters) {
    List<String> prefixes =
        adapters.providers().stream().flatMap(p -> p.uriPrefixes().stream()).toList();
    StringBuilder message =
        new StringBuilder("No adapter on the class path accepts ").append(uri).append('.');
    String scheme = scheme(uri);
    if (ARTIFACTS.containsKey(scheme)) {
      message.append(" Add the artifact dev.tracekeep:").append(ARTIFACTS.get(scheme)).append('.');
    } else {
      Set<String> known = new TreeSet<>(ARTIFACTS.keySet());
      known.addAll(prefixes);
      Spelling.nearest(scheme, known)
          .or(() -> Spelling.nearest("jdbc:" + scheme, known)) // often left out
          .ifPresent(nearest -> message.append(" Did you mean ").append(nearest).append('?'));
    }
    message.append(
        prefixes.isEmpty()
            ? " There is no adapter on the class path at all."
            : " Accepted here: " + String.join(", ", prefixes) + ".");
    adapters.broken().forEach(reason -> message.append(' ').append(reason));
    return message.toString();
  }

  /** {@code jdbc:duckdb:} or {@code mongodb:}, in lower case; all of an address without a colon. */
  private static String scheme(StorageUri uri) {
    Matcher scheme = SCHEME.matcher(uri.raw());
    return (scheme.lookingAt() ? scheme.group() : uri.raw()).toLowerCase(Locale.ROOT);
  }

  private static Adapters load(ClassLoader classLoader) {
    List<StorageProvider> providers = new ArrayList<>();
    List<String> broken = new ArrayList<>();
    Iterator<StorageProvider> found =
        ServiceLoader.load(StorageProvider.class, classLoader).iterator();
    while (true) {
      try {
        if (!found.hasNext()) {
          break;
        }
        providers.add(found.next());
      } catch (ServiceConfigurationError e) {
        Throwable reason = e.getCause() == null ? e : e.getCause();
        broken.add(
            "An adapter could not be loaded: "
                + e.getMessage()
                + (reason == e ? "" : " (" + reason + ")")
                + ".");
      } catch (LinkageError e) {
        // Thrown past the ServiceLoader where a class that the adapter is built on is missing.
        broken.add("An adapter could not be loaded: " + e + ".");
      }
    }
    providers.sort(Comparator.comparing(StorageProvider::name));
    return new Adapters(providers, broken);
  }
}
