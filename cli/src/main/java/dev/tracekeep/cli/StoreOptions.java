package dev.tracekeep.cli;

import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.text.Printable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which store a command works on, and how it is opened. */
final class StoreOptions {
  static final String DEFAULT_URL = "jdbc:duckdb:tracekeep.duckdb";

  @Option(
      names = "--store",
      paramLabel = "URL",
      order = 90,
      description = {
        "The store. If not given: TRACEKEEP_URL, else",
        DEFAULT_URL + " in this folder."
      })
  private @Nullable String url;

  @Option(
      names = "--tenant",
      paramLabel = "TENANT",
      order = 91,
      description = "Whose spans; '" + SpanKey.DEFAULT_TENANT + "' if not given.")
  private @Nullable String tenant;

  @Option(
      names = {"-P", "--property"},
      paramLabel = "KEY=VALUE",
      order = 92,
      description = {
        "A property of the store, such as table=my_spans or schema=audit. May be repeated.",
        "A password is better given as TRACEKEEP_PASSWORD."
      })
  private Map<String, String> properties = new LinkedHashMap<>();

  private final String passwordVariable;

  StoreOptions() {
    this.passwordVariable = "TRACEKEEP_PASSWORD";
  }

  /**
   * A store that a command names by options of its own.
   *
   * @param passwordVariable the environment variable with its password
   */
  StoreOptions(String url, Map<String, String> properties, String passwordVariable) {
    this.url = url;
    this.properties = properties;
    this.passwordVariable = passwordVariable;
  }

  /** The address, with its secrets in it. */
  String url(CommandContext context) {
    if (url != null) {
      return url;
    }
    String fromEnvironment = context.environment().getOrDefault("TRACEKEEP_URL", "");
    return fromEnvironment.isBlank() ? DEFAULT_URL : fromEnvironment;
  }

  /** The address without its secrets. */
  String displayedUrl(CommandContext context) {
    return StorageUri.of(url(context)).toString();
  }

  /** How much text and JSON one span may have, in UTF-8 bytes. */
  long maxSpanBytes(CommandContext context) {
    String key = "max-span-bytes";
    Map<String, String> relevant = new LinkedHashMap<>(Map.of("url", url(context)));
    if (properties.containsKey(key)) {
      relevant.put(key, properties.get(key));
    }
    return StorageConfig.fromProperties(relevant).maxSpanBytes();
  }

  /** Whose spans. */
  String tenant() {
    return tenant != null ? tenant : properties.getOrDefault("tenant", SpanKey.DEFAULT_TENANT);
  }

  /** Whether the command line says whose spans, rather than leaving it at the default. */
  boolean namesTenant() {
    return tenant != null || properties.containsKey("tenant");
  }

  /** A property of the store as it is given here; null if it is not. */
  @Nullable String property(String key) {
    return properties.get(key);
  }

  /** The options of this command line that another one needs to mean the same store. */
  String repeated() {
    StringBuilder out = new StringBuilder();
    if (url != null) {
      out.append(" --store '").append(StorageUri.of(url)).append('\'');
    }
    properties.forEach(
        (key, value) ->
            out.append(" -P ").append(key).append('=').append(isSecret(key) ? "***" : value));
    return Printable.line(out.toString());
  }

  private static boolean isSecret(String key) {
    return key.contains("password") || key.contains("token") || key.contains("secret");
  }

  /** Opens the store to write into it; makes file and table where they are not there. */
  ObservabilityStorage openForWriting(CommandContext context) {
    // A command that was asked to import must not rebuild the table on the way: it says what to do.
    return initialized(open(context, "check"));
  }

  /** Opens the store to read spans; what is not there is an error and stays not there. */
  ObservabilityStorage openForReading(CommandContext context) {
    requireFile(context);
    ObservabilityStorage storage = open(context, "off");
    try {
      Health health = storage.check();
      requireUp(health);
      if (health.schema() == Health.SchemaState.ABSENT) {
        throw new CommandFailure(
            ExitCode.NOT_FOUND,
            "There is no span table yet in "
                + displayedUrl(context)
                + (EmbeddedFile.isMemory(url(context))
                    ? ", which is in memory and begins empty with each command. Name a file."
                    : ". 'tracekeep import FILE' makes it and fills it."));
      }
    } catch (RuntimeException e) {
      storage.close();
      throw e;
    }
    return initialized(storage);
  }

  /** Opens the store without a look at its span table: for migrations. */
  ObservabilityStorage openUninitialized(CommandContext context) {
    requireFile(context);
    return openUnchecked(context);
  }

  /** Opens the store without any look at it, which does no I/O. */
  ObservabilityStorage openUnchecked(CommandContext context) {
    return open(context, "off");
  }

  /** The file of an embedded store that is not there; null if it is, or if there is no file. */
  @Nullable Path missingFile(CommandContext context) {
    Path file = EmbeddedFile.of(url(context));
    return file == null || Files.exists(file) ? null : file;
  }

  private void requireFile(CommandContext context) {
    Path missing = missingFile(context);
    if (missing != null) {
      throw new CommandFailure(
          ExitCode.NOT_FOUND,
          "There is no file "
              + missing
              + " (store "
              + displayedUrl(context)
              + "). 'tracekeep import FILE' makes it; --store names another store.");
    }
  }

  static void requireUp(Health health) {
    if (!health.up()) {
      throw new CommandFailure(ExitCode.FAILURE, health.message());
    }
  }

  private ObservabilityStorage open(CommandContext context, String policy) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("migration", policy);
    String password = context.environment().getOrDefault(passwordVariable, "");
    if (!password.isEmpty()) {
      all.put("password", password);
    }
    all.putAll(properties);
    if (properties.containsKey("url")) {
      throw new CommandFailure(ExitCode.USAGE, "Give the address with --store, not with -P url=.");
    }
    all.put("url", url(context));
    if (tenant != null) {
      all.put("tenant", tenant);
    }
    return Storages.open(all);
  }

  private static ObservabilityStorage initialized(ObservabilityStorage storage) {
    try {
      storage.init();
      return storage;
    } catch (StorageException e) {
      storage.close();
      throw e;
    }
  }
}
