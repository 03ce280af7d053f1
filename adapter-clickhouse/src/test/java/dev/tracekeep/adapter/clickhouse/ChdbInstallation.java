package dev.tracekeep.adapter.clickhouse;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Where the library of the engine is: where {@value #GIVEN} says, else in a cache of the user's,
 * into which npm installs the one version that the tests were made with.
 */
final class ChdbInstallation {
  static final String GIVEN = "CHDB_LIBCHDB_PATH";

  private static final String VERSION = "26.7.3-stable.1";
  private static final String LIBRARY = "node_modules/@chdb/lib-linux-x64-gnu/libchdb.so";
  private static final List<String> MANIFESTS = List.of("package.json", "package-lock.json");
  private static final int MINUTES = 10;

  private ChdbInstallation() {}

  /** Why there is no library; the sentence is for the reader of a report. */
  static final class Missing extends Exception {
    private static final long serialVersionUID = 1L;

    Missing(String reason) {
      super(reason);
    }
  }

  /** The library's file; installed first if need be, which takes some seconds and 750 MB. */
  static Path library() throws Missing, IOException, InterruptedException {
    String given = System.getenv(GIVEN);
    if (given != null && !given.isBlank()) {
      Path path = Path.of(given).toAbsolutePath();
      if (!Files.isRegularFile(path)) {
        throw new Missing(GIVEN + " names no file");
      }
      return path;
    }
    Path cache = Files.createDirectories(userCache().resolve("tracekeep"));
    Path installed = cache.resolve("libchdb-" + VERSION);
    // Two builds at once would write over each other's files.
    try (RandomAccessFile file =
        new RandomAccessFile(cache.resolve("libchdb.lock").toFile(), "rw")) {
      file.getChannel().lock();
      if (!Files.isRegularFile(installed.resolve(LIBRARY))) {
        install(cache, installed);
      }
    }
    return installed.resolve(LIBRARY);
  }

  private static Path userCache() {
    String configured = System.getenv("XDG_CACHE_HOME");
    return configured == null || configured.isBlank()
        ? Path.of(System.getProperty("user.home"), ".cache")
        : Path.of(configured);
  }

  private static void install(Path cache, Path target)
      throws Missing, IOException, InterruptedException {
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    if (!system.equals("linux") || !System.getProperty("os.arch").equals("amd64")) {
      throw new Missing(
          "the pinned library is for Linux on x86-64; "
              + GIVEN
              + " can name another, TRACEKEEP_TEST_CLICKHOUSE_URL a server");
    }
    // Renamed at the end, so that an installation that is cut short leaves nothing that looks
    // whole.
    Path partial = cache.resolve("libchdb-" + VERSION + ".partial");
    delete(partial);
    Files.createDirectories(partial);
    for (String manifest : MANIFESTS) {
      try (InputStream in = ChdbInstallation.class.getResourceAsStream("libchdb/" + manifest)) {
        Files.copy(in, partial.resolve(manifest));
      }
    }
    npm(partial);
    delete(target);
    Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void npm(Path folder) throws Missing, IOException, InterruptedException {
    Process npm;
    try {
      npm =
          new ProcessBuilder("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("npm.log").toFile())
              .start();
    } catch (IOException e) {
      throw new Missing(
          "npm, which installs the engine's library, is not there; "
              + GIVEN
              + " can name the library, TRACEKEEP_TEST_CLICKHOUSE_URL a server");
    }
    if (!npm.waitFor(MINUTES, TimeUnit.MINUTES)) {
      npm.destroyForcibly();
      throw new Missing("npm ci did not install the engine's library in " + MINUTES + " minutes");
    }
    if (npm.exitValue() != 0) {
      System.err.print(Files.readString(folder.resolve("npm.log")));
      throw new Missing(
          "npm ci could not install the engine's library, exit code " + npm.exitValue());
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
