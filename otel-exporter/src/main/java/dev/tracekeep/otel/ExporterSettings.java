package dev.tracekeep.otel;

import dev.tracekeep.conventions.Conventions;
import dev.tracekeep.ingest.DeadLetterLog;
import dev.tracekeep.ingest.PipelineOptions;
import dev.tracekeep.ingest.SpanPipeline;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes a pipeline of the settings of an SDK, whichever form they have. Nothing is asked of the
 * database here: a program starts while it is away.
 */
final class ExporterSettings {
  /** What a store is made of and stands by itself; the rest is in the map of properties. */
  private static final String[] STORE_NAMES = {
    "url", "username", "password", "schema", "table", "tenant", "strategy", "migration"
  };

  private ExporterSettings() {}

  /**
   * @param setting the setting of a name, in words divided by underscores; null where it is not set
   * @param properties the store's further properties
   * @param where how a user writes the name of a setting
   * @throws ConfigurationException with all faults of the store's settings at once
   */
  static SpanWriter open(
      Function<String, @Nullable String> setting,
      Map<String, String> properties,
      Function<String, String> where) {
    Map<String, String> store = new HashMap<>(properties);
    for (String name : STORE_NAMES) {
      String value = setting.apply(name);
      if (value != null) {
        store.put(name, value);
      }
    }
    if (!store.containsKey("url")) {
      throw new ConfigurationException(
          where.apply("url") + " is not set: the address of the store, such as jdbc:duckdb:FILE");
    }
    String strategy = store.getOrDefault("strategy", "auto");
    ObservabilityStorage storage;
    try {
      storage = Storages.open(store);
    } catch (dev.tracekeep.storage.ConfigurationException e) {
      throw new ConfigurationException(e.getMessage(), e);
    }
    try {
      return new SpanWriter(
          pipeline(storage, strategy, setting.apply("dead_letters"), where),
          storage,
          store.getOrDefault("tenant", "default"),
          Conventions.standard());
    } catch (RuntimeException e) {
      storage.close();
      throw e;
    }
  }

  private static SpanPipeline pipeline(
      ObservabilityStorage storage,
      String strategy,
      @Nullable String deadLetters,
      Function<String, String> where) {
    PipelineOptions options =
        PipelineOptions.builder().strategy(strategy).initializesStore(true).build();
    if (deadLetters == null) {
      return SpanPipeline.open(storage, options);
    }
    try {
      return SpanPipeline.open(storage, options, DeadLetterLog.open(Path.of(deadLetters)));
    } catch (IOException e) {
      throw new ConfigurationException(
          where.apply("dead_letters")
              + ": the folder "
              + deadLetters
              + " cannot be used: "
              + e.getMessage(),
          e);
    }
  }
}
