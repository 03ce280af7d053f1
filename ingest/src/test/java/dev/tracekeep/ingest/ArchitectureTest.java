package dev.tracekeep.ingest;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "dev.tracekeep.ingest",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule INGEST_STANDS_ON_CORE_ALONE =
      classes()
          .that()
          .doNotHaveSimpleName("PipelineMetrics")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..",
              "org.slf4j",
              "org.jspecify.annotations",
              "dev.tracekeep.span",
              "dev.tracekeep.storage",
              "dev.tracekeep.document",
              "dev.tracekeep.ingest");

  @ArchTest
  static final ArchRule NOBODY_ASKS_FOR_THE_TIME_BUT_THE_SHELL =
      noClasses()
          .that()
          .doNotHaveSimpleName("SpanPipeline")
          .should()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(java.time.Instant.class, "now")
          .orShould()
          .callMethod(java.time.Clock.class, "systemUTC")
          .orShould()
          .callMethod(java.util.concurrent.ThreadLocalRandom.class, "current");

  @ArchTest
  static final ArchRule STATE_MACHINE_KNOWS_NO_FILE_AND_NO_THREAD =
      noClasses()
          .that()
          .haveSimpleName("PipelineCore")
          .or()
          .haveSimpleName("Breaker")
          .or()
          .haveSimpleName("Batch")
          .or()
          .haveSimpleName("Tally")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("java.nio..", "java.io", "java.util.concurrent.locks", "org.slf4j")
          .orShould()
          .dependOnClassesThat()
          .belongToAnyOf(Thread.class);
}
