package dev.tracekeep.storage;

import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds the adapter for an address among the {@link StorageProvider}s that are there.
 *
 * <pre>{@code
 * try (ObservabilityStorage storage = Storages.open("jdbc:duckdb:")) {
 *   storage.init();
 *   storage.createSpan(span);
 * }
 * }</pre>
 *
 * A program that has a pool of connections already, or wants another clock, hands them in:
 *
 * <pre>{@code
 * Storages.builder()
 *     .url("jdbc:postgresql:")
 *     .property("table", "spans")
 *     .resource(DataSource.class, pool)
 *     .open();
 * }</pre>
 *
 * Adapters are looked for with the thread's context class loader and then with the one that loaded
 * Tracekeep, unless {@link Builder#classLoader} names one.
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
    return builder().url(url).open();
  }

  /**
   * Makes a store from properties, as {@link StorageConfig} lists them. Does no I/O.
   *
   * @throws ConfigurationException with all faults at once
   */
  public static ObservabilityStorage open(Map<String, String> properties) {
    return builder().properties(properties).open();
  }

  /** Makes a store from an address, properties, and what the program has already. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects what a store is made of. Not thread-safe. */
  public static final class Builder {
    private final Map<String, String> properties = new TreeMap<>();
    private final Map<Class<?>, Object> resources = new LinkedHashMap<>();
    private @Nullable ClassLoader classLoader;

    private Builder() {}

    /** The address: the property {@code url}. */
    public Builder url(String url) {
      return property("url", Objects.requireNonNull(url, "url"));
    }

    /** One of the properties that {@link StorageConfig} lists, or one of the engine's own. */
    public Builder property(String name, String value) {
      properties.put(
          Objects.requireNonNull(name, "name"),
          Objects.requireNonNull(value, () -> "the value of " + name));
      return this;
    }

    /** Several of them; those given before stay unless they are named again. */
    public Builder properties(Map<String, String> more) {
      Objects.requireNonNull(more, "properties").forEach(this::property);
      return this;
    }

    /**
     * Something that the program has already and the store is to use. It stays the program's: the
     * store never closes it, and it must outlive the store. Every store takes a {@link
     * java.time.Clock}, which dates what the store itself writes down, such as the journal of a
     * migration; what else one takes is its adapter's to say ({@link StorageProvider#resources()}).
     *
     * @param type what it is taken as, for example {@code DataSource.class}
     */
    public <T> Builder resource(Class<T> type, T resource) {
      resources.put(
          Objects.requireNonNull(type, "type"),
          type.cast(Objects.requireNonNull(resource, () -> "the " + type.getName())));
      return this;
    }

    /** Where adapters are looked for, and nowhere else. */
    public Builder classLoader(ClassLoader loader) {
      classLoader = Objects.requireNonNull(loader, "loader");
      return this;
    }

    /**
     * Makes the store. Does no I/O.
     *
     * @throws ConfigurationException with all faults at once
     */
    public ObservabilityStorage open() {
      ClassLoader given = classLoader;
      return Storages.open(properties, resources, given == null ? found() : load(List.of(given)));
    }
  }

  /** The adapters that are there, and those that are broken. */
  public static Adapters available() {
    return found();
  }

  /**
   * The adapters that were found.
   *
   * @param providers those that could be loaded, by name
   * @param broken why others could not, one sentence each; one broken adapter does not hide the
   *     rest
   * @param searched the class loaders that were asked, for people
   */
  public record Adapters(
      List<StorageProvider> providers, List<String> broken, List<String> searched) {
    /** Copies the lists. */
    public Adapters {
      providers = List.copyOf(providers);
      broken = List.copyOf(broken);
      searched = List.copyOf(searched);
    }
  }

  static ObservabilityStorage open(
      Map<String, String> properties, Map<Class<?>, Object> resources, Adapters adapters) {
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
    if (accepting.size() == 1) {
      problems.addAll(untaken(accepting.get(0), resources.keySet()));
    }
    if (config == null || !problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    ObservabilityStorage storage = accepting.get(0).open(config.with(resources));
    try {
      storage.tracingStrategy().resolve(config.strategy());
    } catch (UnsupportedCapabilityException e) {
      storage.close();
      throw e;
    }
    return storage;
  }

  /** What the adapter cannot use: handed in for nothing, it would be missed without a word. */
  private static List<String> untaken(StorageProvider provider, Set<Class<?>> given) {
    Set<Class<?>> taken = new LinkedHashSet<>(provider.resources());
    taken.add(Clock.class);
    return given.stream()
        .filter(type -> !taken.contains(type))
        .map(
            type ->
                "The adapter "
                    + provider.name()
                    + " cannot use a "
                    + type.getName()
                    + ": it takes "
                    + taken.stream().map(Class::getName).collect(Collectors.joining(" and "))
                    + ". Give it under the type that it is taken as, or leave it out.")
        .toList();
  }

  private static String noAdapter(StorageUri uri, Adapters adapters) {
    List<String> prefixes =
        adapters.providers().stream().flatMap(p -> p.uriPrefixes().stream()).toList();
    StringBuilder message = new StringBuilder("No adapter accepts ").append(uri).append('.');
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
            ? " No adapter was found at all."
            : " Accepted here: " + String.join(", ", prefixes) + ".");
    if (prefixes.isEmpty() || ARTIFACTS.containsKey(scheme)) {
      message
          .append(" Looked with the class loader ")
          .append(String.join(" and with ", adapters.searched()))
          .append('.');
    }
    adapters.broken().forEach(reason -> message.append(' ').append(reason));
    return message.toString();
  }

  /** {@code jdbc:duckdb:} or {@code mongodb:}, in lower case; all of an address without a colon. */
  private static String scheme(StorageUri uri) {
    Matcher scheme = SCHEME.matcher(uri.raw());
    return (scheme.lookingAt() ? scheme.group() : uri.raw()).toLowerCase(Locale.ROOT);
  }

  /**
   * In a container the thread's loader may be a foreign one, or one that sees no adapter; the
   * adapters beside Tracekeep are there all the same.
   */
  private static Adapters found() {
    List<ClassLoader> loaders = new ArrayList<>();
    ClassLoader ofThread = Thread.currentThread().getContextClassLoader();
    if (ofThread != null) {
      loaders.add(ofThread);
    }
    ClassLoader own = Storages.class.getClassLoader();
    if (own != ofThread) {
      loaders.add(own);
    }
    return load(loaders);
  }

  private static Adapters load(List<ClassLoader> loaders) {
    Map<String, StorageProvider> providers = new LinkedHashMap<>();
    Set<String> broken = new LinkedHashSet<>();
    for (ClassLoader loader : loaders) {
      // An adapter that two loaders have is one adapter: the first one counts.
      load(
          loader,
          provider -> providers.putIfAbsent(provider.getClass().getName(), provider),
          broken);
    }
    return new Adapters(
        providers.values().stream().sorted(Comparator.comparing(StorageProvider::name)).toList(),
        List.copyOf(broken),
        loaders.stream().map(Storages::name).toList());
  }

  private static String name(ClassLoader loader) {
    String name = loader.getName();
    return loader.getClass().getName() + (name == null ? "" : " '" + name + "'");
  }

  private static void load(
      ClassLoader loader, Consumer<StorageProvider> providers, Set<String> broken) {
    Iterator<StorageProvider> found = ServiceLoader.load(StorageProvider.class, loader).iterator();
    while (true) {
      try {
        if (!found.hasNext()) {
          return;
        }
        providers.accept(found.next());
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
  }
}
