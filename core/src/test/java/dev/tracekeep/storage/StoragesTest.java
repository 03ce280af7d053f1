package dev.tracekeep.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tracekeep.storage.Storages.Adapters;
import dev.tracekeep.storage.spi.FakeStorage;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StoragesTest {
  /** An adapter of made-up stores. */
  public static class FakeProvider implements StorageProvider {
    static final List<FakeStorage> OPENED = new ArrayList<>();

    @Override
    public String name() {
      return "fake";
    }

    @Override
    public List<String> uriPrefixes() {
      return List.of("jdbc:fake:");
    }

    @Override
    public Set<Class<?>> resources() {
      return Set.of(CharSequence.class);
    }

    @Override
    public Set<String> engineProperties() {
      return Set.of("memory-limit");
    }

    @Override
    public ObservabilityStorage open(StorageConfig config) {
      FakeStorage storage = new FakeStorage(config);
      storage.strategies =
          new TracingStrategySupport(
              TracingStrategy.INSERT_ONLY,
              Set.of(TracingStrategy.INSERT_ONLY, TracingStrategy.REALTIME));
      OPENED.add(storage);
      return storage;
    }
  }

  /** Another one for the same addresses. */
  public static final class RivalProvider extends FakeProvider {
    @Override
    public String name() {
      return "rival";
    }
  }

  /** One that cannot be made. */
  public static final class BrokenProvider extends FakeProvider {
    public BrokenProvider() {
      throw new IllegalStateException("the driver is too old");
    }
  }

  private static final Adapters NONE = new Adapters(List.of(), List.of(), List.of("a loader"));
  private static final Adapters FAKE =
      new Adapters(List.of(new FakeProvider()), List.of(), List.of("a loader"));

  private static ObservabilityStorage open(Map<String, String> properties, Adapters adapters) {
    return Storages.open(properties, Map.of(), adapters);
  }

  @Test
  void open_makesTheStoreOfTheOneAdapter() {
    ObservabilityStorage storage = open(Map.of("url", "JDBC:fake:x", "memory-limit", "1GB"), FAKE);

    assertThat(storage).isInstanceOf(FakeStorage.class);
    assertThat(((FakeStorage) storage).calls).isEmpty();
    assertThat(((FakeStorage) storage).given().engineProperty("memory-limit")).contains("1GB");
  }

  @ParameterizedTest
  @CsvSource({
    "jdbc:duckdb:x.db, tracekeep-adapter-duckdb",
    "jdbc:postgresql://h/db, tracekeep-adapter-pg",
    "jdbc:sqlite:x.db, tracekeep-adapter-libsql",
    "libsql://h, tracekeep-adapter-libsql",
    "jdbc:sqlserver://h, tracekeep-adapter-mssql",
    "mongodb://h, tracekeep-adapter-mongo",
    "mongodb+srv://h, tracekeep-adapter-mongo",
    "JDBC:ClickHouse://h, tracekeep-adapter-clickhouse"
  })
  void open_withoutTheAdapterNamesItsArtifact(String url, String artifact) {
    assertThatThrownBy(() -> open(Map.of("url", url), FAKE))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "No adapter accepts "
                + url
                + ". Add the artifact dev.tracekeep:"
                + artifact
                + ". Accepted here: jdbc:fake:. Looked with the class loader a loader.");
  }

  @Test
  void open_withoutAnyAdapterSaysSo() {
    assertThatThrownBy(() -> open(Map.of("url", "jdbc:duckdb:"), NONE))
        .hasMessage(
            "No adapter accepts jdbc:duckdb:. Add the artifact"
                + " dev.tracekeep:tracekeep-adapter-duckdb. No adapter was found at all. Looked with the"
                + " class loader a loader.");
  }

  @ParameterizedTest
  @CsvSource({
    "jdbc:fak:x, jdbc:fake:",
    "jdbc:postgres://u:s3cret@h/db, jdbc:postgresql:",
    "jdbc:ducdb:, jdbc:duckdb:",
    "duckdb, jdbc:duckdb:",
    "postgresql://h/db, jdbc:postgresql:",
    "mongo://h, mongodb:"
  })
  void open_ofAMisspeltAddressSuggestsOne(String url, String nearest) {
    assertThatThrownBy(() -> open(Map.of("url", url), FAKE))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(" Did you mean " + nearest + "? Accepted here: jdbc:fake:.")
        .hasMessageNotContaining("s3cret");
  }

  @Test
  void open_ofSomethingElseSuggestsNothing() {
    assertThatThrownBy(() -> open(Map.of("url", "redis://h"), FAKE))
        .hasMessage("No adapter accepts redis://h. Accepted here: jdbc:fake:.");
  }

  @Test
  void open_withTwoAdaptersIsRefused() {
    Adapters two =
        new Adapters(List.of(new FakeProvider(), new RivalProvider()), List.of(), List.of());

    assertThatThrownBy(() -> open(Map.of("url", "jdbc:fake:"), two))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "More than one adapter accepts jdbc:fake:: fake ("
                + FakeProvider.class.getName()
                + ") and rival ("
                + RivalProvider.class.getName()
                + "). Leave one of them on the class path.");
  }

  @Test
  void open_reportsTheAddressAndAllOtherFaultsTogether() {
    ConfigurationException e =
        catchThrowableOfType(
            ConfigurationException.class,
            () -> open(Map.of("url", "redis://h", "pool-size", "0", "memory-limt", "1"), FAKE));

    assertThat(e.problems()).hasSize(3);
    assertThat(e.problems().get(0)).startsWith("No adapter");
    assertThatThrownBy(() -> open(Map.of("pool-size", "1"), FAKE))
        .hasMessage("The property url is missing.");
    assertThatThrownBy(() -> open(Map.of("url", " "), FAKE))
        .hasMessage("The property url is blank: give it a value.");
  }

  @Test
  void open_withAnUnsupportedStrategyListsTheOthersAndClosesTheStore() {
    FakeProvider.OPENED.clear();

    assertThatThrownBy(() -> open(Map.of("url", "jdbc:fake:", "strategy", "event-sourced"), FAKE))
        .isInstanceOf(UnsupportedCapabilityException.class)
        .hasMessage(
            "The tracing strategy 'event-sourced' is not supported by this store. Supported:"
                + " realtime, insert-only, or auto for insert-only.");
    assertThat(FakeProvider.OPENED).hasSize(1);
    assertThat(FakeProvider.OPENED.get(0).calls).containsExactly("release");
  }

  @Test
  void classPath_withABrokenAdapterStillHasTheOthers(@TempDir Path folder) throws Exception {
    withProviders(
        folder,
        List.of(BrokenProvider.class.getName(), "no.such.Provider", FakeProvider.class.getName()),
        () -> {
          Adapters adapters = Storages.available();
          assertThat(adapters.providers())
              .extracting(StorageProvider::name)
              .containsExactly("fake");
          assertThat(adapters.broken()).hasSize(2);
          assertThat(adapters.broken().get(0))
              .startsWith("An adapter could not be loaded: ")
              .contains(BrokenProvider.class.getName())
              .contains("the driver is too old");
          assertThat(adapters.broken().get(1)).contains("no.such.Provider");
          assertThat(Storages.open("jdbc:fake:")).isInstanceOf(FakeStorage.class);
          assertThatThrownBy(() -> Storages.open("jdbc:duckdb:"))
              .hasMessageContaining("the driver is too old");
        });
  }

  @Test
  void classPath_withAnAdapterThatLacksAClassStillHasTheOthers(@TempDir Path folder)
      throws Exception {
    // A class file under another name than its own: what loading it throws is a LinkageError.
    Path wrong = Files.createDirectories(folder.resolve("wrong")).resolve("Provider.class");
    try (var bytes = StoragesTest.class.getResourceAsStream("StoragesTest$RivalProvider.class")) {
      Files.write(wrong, bytes.readAllBytes());
    }
    withProviders(
        folder,
        List.of("wrong.Provider", FakeProvider.class.getName()),
        () -> {
          Adapters adapters = Storages.available();
          assertThat(adapters.providers())
              .extracting(StorageProvider::name)
              .containsExactly("fake");
          assertThat(adapters.broken())
              .singleElement()
              .asString()
              .contains("NoClassDefFoundError")
              .contains("wrong/Provider");
        });
  }

  @Test
  void open_inAThreadWithAForeignClassLoaderFindsTheAdaptersBesideTracekeep() throws Exception {
    ClassLoader foreign = new ClassLoader("foreign", ClassLoader.getPlatformClassLoader()) {};
    withContext(
        foreign,
        () -> {
          assertThatThrownBy(() -> Storages.open("jdbc:fake:x"))
              .hasMessageContaining("No adapter was found at all.")
              .hasMessageContaining(" 'foreign' and with ")
              .hasMessageContaining(" 'app'.");
          assertThat(Storages.available().searched()).hasSize(2);
        });
    withContext(null, () -> assertThat(Storages.available().searched()).hasSize(1));
  }

  @Test
  void builder_withAClassLoaderLooksThereAndNowhereElse(@TempDir Path folder) throws Exception {
    try (URLClassLoader loader = withServices(folder, List.of(FakeProvider.class.getName()))) {
      ObservabilityStorage storage =
          Storages.builder()
              .url("jdbc:fake:x")
              .property("table", "first")
              .properties(Map.of("table", "second", "memory-limit", "1GB"))
              .classLoader(loader)
              .open();

      assertThat(((FakeStorage) storage).given().table()).isEqualTo("second");
      assertThat(((FakeStorage) storage).given().engineProperty("memory-limit")).contains("1GB");
    }
    withProviders(
        folder,
        List.of(FakeProvider.class.getName()),
        () ->
            assertThatThrownBy(
                    () ->
                        Storages.builder()
                            .url("jdbc:fake:x")
                            .classLoader(ClassLoader.getPlatformClassLoader())
                            .open())
                .hasMessage(
                    "No adapter accepts jdbc:fake:x. No adapter was found at all. Looked with the"
                        + " class loader jdk.internal.loader.ClassLoaders$PlatformClassLoader"
                        + " 'platform'."));
  }

  @Test
  void open_withTheSameAdapterInTwoClassLoadersTakesTheFirst(@TempDir Path folder)
      throws Exception {
    withProviders(
        folder,
        List.of(FakeProvider.class.getName(), FakeProvider.class.getName()),
        () -> assertThat(Storages.available().providers()).hasSize(1));
  }

  @Test
  void resource_reachesTheAdapterThatTakesIt() {
    Clock clock = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
    FakeStorage storage =
        (FakeStorage)
            Storages.open(
                Map.of("url", "jdbc:fake:x"),
                Map.of(Clock.class, clock, CharSequence.class, "a pool"),
                FAKE);

    assertThat(storage.given().clock()).isSameAs(clock);
    assertThat(storage.given().resource(CharSequence.class)).contains("a pool");
    assertThat(storage.given().resource(Runnable.class)).isEmpty();
    assertThat(StorageConfig.of("jdbc:fake:").clock()).isEqualTo(Clock.systemUTC());
  }

  @Test
  void resource_thatTheAdapterCannotUseIsRefused() {
    assertThatThrownBy(
            () ->
                Storages.open(
                    Map.of("url", "jdbc:fake:x", "pool-size", "0"),
                    Map.of(String.class, "a pool"),
                    FAKE))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("pool-size")
        .hasMessageContaining(
            "The adapter fake cannot use a java.lang.String: it takes java.lang.CharSequence and"
                + " java.time.Clock. Give it under the type that it is taken as, or leave it out.");
  }

  @Test
  @SuppressWarnings("NullAway") // nulls on purpose
  void builder_namesWhatIsNull() {
    Storages.Builder builder = Storages.builder();

    assertThatThrownBy(() -> builder.url(null)).hasMessage("url");
    assertThatThrownBy(() -> builder.property(null, "x")).hasMessage("name");
    assertThatThrownBy(() -> builder.property("table", null)).hasMessage("the value of table");
    assertThatThrownBy(() -> builder.properties(null)).hasMessage("properties");
    assertThatThrownBy(() -> builder.resource(null, "x")).hasMessage("type");
    assertThatThrownBy(() -> builder.resource(Clock.class, null)).hasMessage("the java.time.Clock");
    assertThatThrownBy(() -> builder.classLoader(null)).hasMessage("loader");
  }

  private static void withProviders(Path folder, List<String> classes, Runnable test)
      throws IOException {
    try (URLClassLoader loader = withServices(folder, classes)) {
      withContext(loader, test);
    }
  }

  private static URLClassLoader withServices(Path folder, List<String> classes) throws IOException {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.write(services.resolve(StorageProvider.class.getName()), classes);
    return new URLClassLoader(
        new URL[] {folder.toUri().toURL()}, StoragesTest.class.getClassLoader());
  }

  private static void withContext(ClassLoader loader, Runnable test) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try {
      thread.setContextClassLoader(loader);
      test.run();
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
