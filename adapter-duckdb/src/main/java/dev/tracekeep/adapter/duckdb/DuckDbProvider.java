package dev.tracekeep.adapter.duckdb;

import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Makes stores in DuckDB. {@code jdbc:duckdb:} is a database in memory that no other store shares;
 * {@code jdbc:duckdb:FILE} is a file, which one process at a time may open.
 *
 * <p>One property is DuckDB's own: {@value #MEMORY_LIMIT}, how much memory it may take beside the
 * heap, for example {@code 2GB}. If nothing is said, here or in the address, it is four fifths of
 * what the heap at its largest leaves of the machine's memory.
 */
public final class DuckDbProvider implements StorageProvider {
  /** The property that says how much memory DuckDB may take, outside of the heap. */
  static final String MEMORY_LIMIT = "memory-limit";

  private static final Pattern SIZE =
      Pattern.compile("(?i)[0-9]{1,9}(?:\\.[0-9]{1,3})? ?(?:[KMGT]i?)?B");

  /** The options that run a file, load extensions, or say where those and secrets come from. */
  private static final Set<String> UNSAFE =
      Set.of(
          "allow_community_extensions",
          "allow_extensions_metadata_mismatch",
          "allow_unredacted_secrets",
          "allow_unsigned_extensions",
          "autoinstall_extension_repository",
          "autoinstall_known_extensions",
          "autoload_known_extensions",
          "custom_extension_repository",
          "extension_directory",
          "home_directory",
          "secret_directory",
          "session_init_sql_file",
          "temp_directory");

  /** For {@link java.util.ServiceLoader}. */
  public DuckDbProvider() {}

  @Override
  public String name() {
    return "duckdb";
  }

  @Override
  public List<String> uriPrefixes() {
    return List.of("jdbc:duckdb:");
  }

  @Override
  public ObservabilityStorage open(StorageConfig config) {
    List<String> problems = new ArrayList<>();
    String[] parts = config.uri().raw().substring("jdbc:duckdb:".length()).split(";");
    if (parts.length > 0 && parts[0].contains("?")) {
      problems.add(
          "The address "
              + config.uri()
              + " has a question mark: DuckDB's options follow the file behind semicolons, as in"
              + " jdbc:duckdb:FILE;threads=2.");
    }
    List<String> options =
        Arrays.stream(parts).skip(1).map(option -> option.split("=", 2)[0].strip()).toList();
    problems.addAll(config.problemsOfOptions(options, UNSAFE));
    String memory = config.engineProperty(MEMORY_LIMIT).orElse("");
    if (!memory.isEmpty() && !SIZE.matcher(memory).matches()) {
      problems.add(
          "The property "
              + MEMORY_LIMIT
              + " is '"
              + memory
              + "': it must be a size such as 512MB, 2GB or 1.5GiB.");
    }
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    return new DuckDbStorage(config, new DuckDbConnections(config));
  }

  @Override
  public Set<String> engineProperties() {
    return Set.of(MEMORY_LIMIT);
  }
}
