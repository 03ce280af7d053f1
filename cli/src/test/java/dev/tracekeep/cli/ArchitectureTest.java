package dev.tracekeep.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.tracekeep.storage.StorageProvider;
import java.net.URLDecoder;

/**
 * The arrows between the modules, over everything that the command line has on its class path: cli
 * to otlp, adapters to jdbc-support to core; core to nobody, and no adapter to another.
 */
@AnalyzeClasses(packages = "dev.tracekeep", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String[] CORE = {
    "dev.tracekeep.span..",
    "dev.tracekeep.conventions..",
    "dev.tracekeep.document..",
    "dev.tracekeep.storage..",
    "dev.tracekeep.migration..",
    "dev.tracekeep.dedupe..",
    "dev.tracekeep.text.."
  };
  private static final String JDBC = "dev.tracekeep.jdbc..";
  private static final String ADAPTERS = "dev.tracekeep.adapter..";
  private static final String OTLP = "dev.tracekeep.otlp..";
  private static final String INGEST = "dev.tracekeep.ingest..";
  private static final String COPY = "dev.tracekeep.copy..";
  private static final String SERVER = "dev.tracekeep.server..";
  private static final String CLI = "dev.tracekeep.cli..";

  @ArchTest
  static final ArchRule CORE_KNOWS_NO_DRIVER_AND_NO_OTHER_MODULE =
      classes()
          .that()
          .resideInAnyPackage(CORE)
          .should()
          .onlyDependOnClassesThat(
              resideInAnyPackage(CORE)
                  .or(
                      resideInAnyPackage(
                          "java.lang..",
                          "java.io..",
                          "java.math..",
                          "java.nio..",
                          "java.security..",
                          "java.time..",
                          "java.util..",
                          "com.dynatrace.hash4j..",
                          "org.jspecify..",
                          "org.slf4j.."))
                  // It opens no connection, as its neighbours do.
                  .or(equivalentTo(URLDecoder.class))
                  // What the drivers throw has to be told apart.
                  .or(assignableTo(Exception.class)));

  @ArchTest
  static final ArchRule OTLP_KNOWS_CORE_ALONE =
      noClasses()
          .that()
          .resideInAPackage(OTLP)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(JDBC, ADAPTERS, SERVER, CLI, "java.sql..");

  @ArchTest
  static final ArchRule JDBC_KNOWS_CORE_ALONE =
      noClasses()
          .that()
          .resideInAPackage(JDBC)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(ADAPTERS, OTLP, SERVER, CLI);

  @ArchTest
  static final ArchRule INGEST_KNOWS_CORE_ALONE =
      noClasses()
          .that()
          .resideInAPackage(INGEST)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(JDBC, ADAPTERS, OTLP, SERVER, CLI, "java.sql..")
          .allowEmptyShould(true);

  @ArchTest
  static final ArchRule COPY_KNOWS_CORE_ALONE =
      noClasses()
          .that()
          .resideInAPackage(COPY)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(JDBC, ADAPTERS, OTLP, INGEST, SERVER, CLI, "java.sql..");

  @ArchTest
  static final ArchRule SERVER_KNOWS_CORE_AND_OTLP_ALONE =
      noClasses()
          .that()
          .resideInAPackage(SERVER)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(JDBC, ADAPTERS, INGEST, CLI, "java.sql..");

  @ArchTest
  static final ArchRule ADAPTERS_KNOW_JDBC_AND_CORE_ALONE =
      noClasses()
          .that()
          .resideInAPackage(ADAPTERS)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(OTLP, INGEST, SERVER, CLI);

  @ArchTest
  static final ArchRule NO_ADAPTER_KNOWS_ANOTHER =
      slices().matching("dev.tracekeep.adapter.(*)..").should().notDependOnEachOther();

  @ArchTest
  static final ArchRule CLI_KNOWS_ADAPTERS_BY_THE_SPI_ALONE =
      noClasses()
          .that()
          .resideInAPackage(CLI)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(JDBC, ADAPTERS, "org.duckdb..");

  @ArchTest
  static final ArchRule PROGRAMS_STAY_ON_THE_FLOOR_OF_USERS =
      noClasses()
          .that()
          .resideInAnyPackage(OTLP, INGEST, CLI)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.tracekeep.storage.spi..", "dev.tracekeep.dedupe..");

  @ArchTest
  static final ArchRule ADAPTERS_PUBLISH_THEIR_PROVIDER_ALONE =
      classes()
          .that()
          .resideInAPackage(ADAPTERS)
          .and()
          .arePublic()
          .should()
          .implement(StorageProvider.class);

  @ArchTest
  static final ArchRule CLI_PUBLISHES_ITS_MAIN_CLASS_ALONE =
      classes().that().resideInAPackage(CLI).and().arePublic().should().be(TracekeepCommand.class);

  @ArchTest
  static final ArchRule PACKAGES_ARE_FREE_OF_CYCLES =
      slices().matching("dev.tracekeep.(**)").should().beFreeOfCycles().allowEmptyShould(false);
}
