package dev.tracekeep.storage;

import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import java.time.Clock;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How to reach a store and how it behaves. Immutable and thread-safe. Its {@link #toString()} hides
 * secrets.
 *
 * <p>{@link StorageProperty} lists the properties, their defaults and what they mean.
 *
 * <p>Durations are ISO-8601 ({@code PT30S}) or a number with {@code ms}, {@code s}, {@code m} or
 * {@code h}, from 1 ms to 24 days.
 */
public final class StorageConfig {
  /** The table's name if none is given. */
  public static final String DEFAULT_TABLE = "tracekeep_spans";

  /** The property that allows options of a driver which load code or files. */
  public static final String UNSAFE_OPTIONS = "unsafe-options";

  /** How much text and JSON one span may have if nothing is said: 8 MiB. */
  public static final long DEFAULT_MAX_SPAN_BYTES = 8L << 20;

  /** The longest table name: with {@code _dedupe_archive} it fits PostgreSQL's 63 bytes. */
  private static final int MAX_TABLE_LENGTH = 48;

  /** Drivers take milliseconds: fewer than one would mean no limit, more than an int overflow. */
  private static final Duration MIN_DURATION = Duration.ofMillis(1);

  private static final Duration MAX_DURATION = Duration.ofDays(24);

  private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final Set<String> KNOWN = new TreeSet<>(StorageProperty.names());

  private final StorageUri uri;
  private final @Nullable String username;
  private final @Nullable String password;
  private final @Nullable String schema;
  private final String table;
  private final String tenant;
  private final String strategy;
  private final MigrationPolicy migration;
  private final long maxSpanBytes;
  private final int poolSize;
  private final Duration connectTimeout;
  private final Duration statementTimeout;
  private final Duration lockTimeout;
  private final boolean unsafeOptions;
  private final Map<String, String> engineProperties;
  private final Map<Class<?>, Object> resources;

  private StorageConfig(Reader reader, Set<String> engineKeys) {
    this.uri = StorageUri.of(reader.required("url"));
    this.username = reader.text("username");
    this.password = reader.text("password");
    this.schema = reader.identifier("schema", 63);
    String givenTable = reader.identifier("table", MAX_TABLE_LENGTH);
    this.table = givenTable == null ? DEFAULT_TABLE : givenTable;
    this.tenant = reader.parsed("tenant", SpanKey.DEFAULT_TENANT, StorageConfig::tenant);
    this.strategy =
        reader.parsed("strategy", TracingStrategySupport.AUTO, StorageConfig::strategyName);
    this.migration = reader.parsed("migration", MigrationPolicy.AUTO, StorageConfig::policy);
    this.maxSpanBytes =
        reader.parsed("max-span-bytes", DEFAULT_MAX_SPAN_BYTES, value -> positive(value));
    this.poolSize =
        reader.parsed("pool-size", 8, value -> (int) Math.min(positive(value), Integer.MAX_VALUE));
    this.connectTimeout =
        reader.parsed("connect-timeout", Duration.ofSeconds(10), StorageConfig::duration);
    this.statementTimeout =
        reader.parsed("statement-timeout", Duration.ofSeconds(60), StorageConfig::duration);
    this.lockTimeout =
        reader.parsed("lock-timeout", Duration.ofSeconds(30), StorageConfig::duration);
    this.unsafeOptions = reader.parsed(UNSAFE_OPTIONS, false, StorageConfig::flag);
    this.engineProperties = reader.others(engineKeys);
    this.resources = Map.of();
  }

  private StorageConfig(StorageConfig other, Map<Class<?>, Object> resources) {
    this.uri = other.uri;
    this.username = other.username;
    this.password = other.password;
    this.schema = other.schema;
    this.table = other.table;
    this.tenant = other.tenant;
    this.strategy = other.strategy;
    this.migration = other.migration;
    this.maxSpanBytes = other.maxSpanBytes;
    this.poolSize = other.poolSize;
    this.connectTimeout = other.connectTimeout;
    this.statementTimeout = other.statementTimeout;
    this.lockTimeout = other.lockTimeout;
    this.unsafeOptions = other.unsafeOptions;
    this.engineProperties = other.engineProperties;
    this.resources = resources;
  }

  /**
   * The defaults for an address.
   *
   * @throws ConfigurationException if the address is blank
   */
  public static StorageConfig of(String url) {
    return fromProperties(Map.of("url", url));
  }

  /**
   * Reads properties that every engine knows.
   *
   * @throws ConfigurationException with all faults at once
   */
  public static StorageConfig fromProperties(Map<String, String> properties) {
    return fromProperties(properties, Set.of());
  }

  /**
   * Reads properties, among them some that only one engine knows.
   *
   * @param engineKeys the names of those
   * @throws ConfigurationException with all faults at once: missing, blank, misspelt, out of range
   */
  public static StorageConfig fromProperties(
      Map<String, String> properties, Set<String> engineKeys) {
    Reader reader = new Reader(properties);
    StorageConfig config = new StorageConfig(reader, engineKeys);
    if (!reader.problems.isEmpty()) {
      throw new ConfigurationException(reader.problems);
    }
    return config;
  }

  /**
   * The same configuration with something that the program has already; see {@link
   * Storages.Builder#resource}.
   */
  public <T> StorageConfig with(Class<T> type, T resource) {
    return with(
        Map.of(
            Objects.requireNonNull(type, "type"),
            type.cast(Objects.requireNonNull(resource, "resource"))));
  }

  StorageConfig with(Map<Class<?>, Object> more) {
    Map<Class<?>, Object> all = new HashMap<>(resources);
    all.putAll(more);
    return new StorageConfig(this, Map.copyOf(all));
  }

  /** The address. */
  public StorageUri uri() {
    return uri;
  }

  /** Who logs in; null where the URL says it or nobody needs to. */
  public @Nullable String username() {
    return username;
  }

  /** The password or token, in clear; null where the URL has it or none is needed. */
  public @Nullable String password() {
    return password;
  }

  /** The schema or database; null for the engine's default. */
  public @Nullable String schema() {
    return schema;
  }

  /** The table or collection: letters, digits and underscores. */
  public String table() {
    return table;
  }

  /** Whose spans a program writes that knows no tenants. */
  public String tenant() {
    return tenant;
  }

  /** {@code auto} or a {@link TracingStrategy#configName()}. */
  public String strategy() {
    return strategy;
  }

  /** What to do with a table that needs a migration. */
  public MigrationPolicy migration() {
    return migration;
  }

  /** How much text and JSON one span may have, in UTF-8 bytes. */
  public long maxSpanBytes() {
    return maxSpanBytes;
  }

  /** How many connections at most. */
  public int poolSize() {
    return poolSize;
  }

  /** How long to wait for a connection. */
  public Duration connectTimeout() {
    return connectTimeout;
  }

  /** How long one statement may take. */
  public Duration statementTimeout() {
    return statementTimeout;
  }

  /** How long to wait for a lock. */
  public Duration lockTimeout() {
    return lockTimeout;
  }

  /** Whether the address may have options that make the driver load classes or files. */
  public boolean allowsUnsafeOptions() {
    return unsafeOptions;
  }

  /**
   * What is wrong with the options of the address: whoever may write an address must not thereby
   * run code. For adapters.
   *
   * @param given the names of the options, in any case
   * @param unsafe the names of those of this driver that load classes or files, in lower case
   * @return a sentence for each that is unsafe; empty if {@link #allowsUnsafeOptions()}
   */
  public List<String> problemsOfOptions(Collection<String> given, Set<String> unsafe) {
    return unsafeOptions
        ? List.of()
        : given.stream()
            .filter(name -> unsafe.contains(name.toLowerCase(Locale.ROOT)))
            .map(
                name ->
                    "The address has the option "
                        + name
                        + ", which makes the driver load code or files: leave it out, or set the"
                        + " property "
                        + UNSAFE_OPTIONS
                        + " to true if you trust whoever wrote the address.")
            .toList();
  }

  /** A property that only this engine knows. */
  public Optional<String> engineProperty(String name) {
    return Optional.ofNullable(engineProperties.get(name));
  }

  /**
   * What the program has handed in; empty where the store is to make its own. Whoever gets it must
   * not close it.
   */
  public <T> Optional<T> resource(Class<T> type) {
    return Optional.ofNullable(type.cast(resources.get(type)));
  }

  /** What dates that which a store itself writes down; the system's, in UTC, if none was given. */
  public Clock clock() {
    return resource(Clock.class).orElseGet(Clock::systemUTC);
  }

  /** Address and table, without secrets. */
  @Override
  public String toString() {
    return "StorageConfig[" + uri + ", table " + (schema == null ? "" : schema + ".") + table + "]";
  }

  private static String tenant(String value) {
    try {
      return new TraceKey(value, "any").tenantId();
    } catch (InvalidSpanException e) {
      throw new IllegalArgumentException("must have 1 to 128 printable ASCII characters", e);
    }
  }

  private static String strategyName(String value) {
    if (value.equals(TracingStrategySupport.AUTO) || TracingStrategy.named(value).isPresent()) {
      return value;
    }
    throw new IllegalArgumentException(
        "must be auto, "
            + String.join(
                ", ",
                Arrays.stream(TracingStrategy.values()).map(TracingStrategy::configName).toList()));
  }

  private static MigrationPolicy policy(String value) {
    return Arrays.stream(MigrationPolicy.values())
        .filter(policy -> policy.configName().equals(value))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("must be auto, check or off"));
  }

  private static boolean flag(String value) {
    if (value.equals("true") || value.equals("false")) {
      return value.equals("true");
    }
    throw new IllegalArgumentException("must be true or false");
  }

  private static long positive(String value) {
    try {
      long number = Long.parseLong(value);
      if (number > 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Falls through to the one message that says what is right.
    }
    throw new IllegalArgumentException("must be a whole number above 0");
  }

  private static Duration duration(String value) {
    try {
      Duration duration =
          value.matches("[0-9]{1,9}ms")
              ? Duration.ofMillis(Long.parseLong(value.substring(0, value.length() - 2)))
              : Duration.parse(value.matches("[0-9]{1,9}[smhSMH]") ? "PT" + value : value);
      if (duration.compareTo(MIN_DURATION) >= 0 && duration.compareTo(MAX_DURATION) <= 0) {
        return duration;
      }
    } catch (DateTimeParseException e) {
      // Falls through to the one message that says what is right.
    }
    throw new IllegalArgumentException(
        "must be a duration from 1ms to 24 days, such as 30s, 500ms or PT30S");
  }

  /** Reads each property once and remembers every problem. */
  private static final class Reader {
    final List<String> problems = new ArrayList<>();
    private final Map<String, String> rest;

    Reader(Map<String, String> properties) {
      this.rest = new TreeMap<>(properties);
    }

    @Nullable String text(String key) {
      return text(key, "give it a value or leave it out");
    }

    private @Nullable String text(String key, String advice) {
      String value = rest.remove(key);
      if (value != null && value.isBlank()) {
        problems.add("The property " + key + " is blank: " + advice + ".");
        return null;
      }
      return value;
    }

    String required(String key) {
      if (rest.get(key) == null) {
        problems.add("The property " + key + " is missing.");
      }
      String value = text(key, "give it a value");
      return value == null ? "" : value;
    }

    @Nullable String identifier(String key, int maxLength) {
      String value = text(key);
      if (value != null && (value.length() > maxLength || !IDENTIFIER.matcher(value).matches())) {
        problems.add(
            "The property "
                + key
                + " is '"
                + value
                + "': it must have letters, digits and underscores"
                + " only, not start with a digit, and be at most "
                + maxLength
                + " long.");
      }
      return value;
    }

    <T> T parsed(String key, T fallback, Function<String, T> parser) {
      String value = text(key);
      if (value == null) {
        return fallback;
      }
      try {
        return parser.apply(value.strip());
      } catch (IllegalArgumentException e) {
        problems.add("The property " + key + " is '" + value + "': it " + e.getMessage() + ".");
        return fallback;
      }
    }

    Map<String, String> others(Set<String> engineKeys) {
      Map<String, String> others = new TreeMap<>();
      for (String key : List.copyOf(rest.keySet())) {
        if (engineKeys.contains(key)) {
          String value = text(key);
          if (value != null) {
            others.put(key, value);
          }
        } else {
          Set<String> known = new TreeSet<>(KNOWN);
          known.addAll(engineKeys);
          problems.add(
              "The property "
                  + key
                  + " is unknown"
                  + Spelling.nearest(key, known)
                      .map(nearest -> ": did you mean " + nearest + "?")
                      .orElse(": there are " + String.join(", ", known) + "."));
        }
      }
      return Collections.unmodifiableMap(others);
    }
  }
}
