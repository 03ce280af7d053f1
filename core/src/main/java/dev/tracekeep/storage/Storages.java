package dev.tracekeep.storage;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
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
          "Two adapters accept "
              + uri
              + ": "
              + accepting.stream()
                  .map(provider -> provider.name() + " (" + provider.getClass().getName() + ")")
                  .collect(Collectors.joining(" and "))
              + ". Take one of them off the class path.");
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
    storage.tracingStrategy().resolve(config.strategy());
    return storage;
  }

  private static String noAdapter(StorageUri uri, Adapters adapters) {
    List<String> prefixes =
        adapters.providers().stream().flatMap(p -> p.uriPrefixes().stream()).toList();
    StringBuilder message =
        new StringBuilder("No adapter on the class path accepts ").append(uri).append('.');
    ARTIFACTS.forEach(
        (prefix, artifact) -> {
          if (uri.startsWith(prefix)) {
            message.append(" Add the artifact dev.tracekeep:").append(artifact).append('.');
          }
        });
    if (prefixes.isEmpty()) {
      message.append(
          " There is no adapter on the class path at all: add one, for example dev.tracekeep:tracekeep-adapter-duckdb.");
    } else {
      message.append(" Accepted here: ").append(String.join(", ", prefixes));
      String start = uri.raw().substring(0, Math.min(uri.raw().length(), 24));
      String scheme = start.contains(":") ? start.substring(0, start.lastIndexOf(':') + 1) : start;
      String guess = Spelling.suggestion(scheme, prefixes);
      message.append(guess.contains("did you mean") ? guess : "");
      message.append(guess.endsWith("?") && guess.contains("did you mean") ? "" : ".");
    }
    adapters.broken().forEach(reason -> message.append(' ').append(reason));
    return message.toString();
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
        broken.add("An adapter could not be loaded: " + e.getMessage() + ".");
      }
    }
    providers.sort(Comparator.comparing(StorageProvider::name));
    return new Adapters(providers, broken);
  }
}
