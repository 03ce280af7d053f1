package dev.tracekeep;

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
import java.net.URLDecoder;
import java.nio.ByteBuffer;

@AnalyzeClasses(packages = "dev.tracekeep", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule core_knowsNoDriverAndNoFramework =
      classes()
          .should()
          .onlyDependOnClassesThat(
              resideInAnyPackage(
                      "java.lang..",
                      "java.io",
                      "java.math",
                      "java.time..",
                      "java.nio.charset",
                      "java.security",
                      "java.time..",
                      "java.util..",
                      "com.dynatrace.hash4j.hashing",
                      "org.slf4j",
                      "org.jspecify.annotations",
                      "dev.tracekeep..")
                  // Neither opens a file or a connection, as their neighbours do.
                  .or(equivalentTo(ByteBuffer.class))
                  .or(equivalentTo(URLDecoder.class))
                  // What the drivers throw has to be told apart.
                  .or(assignableTo(Exception.class)));

  @ArchTest
  static final ArchRule span_standsOnNothingOfOurs =
      noClasses()
          .that()
          .resideInAPackage("dev.tracekeep.span")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.tracekeep.storage..", "dev.tracekeep.migration..", "dev.tracekeep.text..");

  @ArchTest
  static final ArchRule usersFloor_knowsNothingOfTheAdaptersFloor =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.tracekeep.storage",
              "dev.tracekeep.migration",
              "dev.tracekeep.document",
              "dev.tracekeep.text")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.tracekeep.storage.spi..", "dev.tracekeep.dedupe..");

  @ArchTest
  static final ArchRule packages_areFreeOfCycles =
      slices().matching("dev.tracekeep.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule conventions_standOnTheSpanAlone =
      classes()
          .that()
          .resideInAPackage("dev.tracekeep.conventions")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java.lang..",
              "java.math",
              "java.time..",
              "java.util..",
              "org.jspecify.annotations",
              "dev.tracekeep.span",
              "dev.tracekeep.conventions");

  @ArchTest
  static final ArchRule span_doesNoIoAndReadsNoClock =
      noClasses()
          .that()
          .resideInAPackage("dev.tracekeep.span")
          .should()
          .callMethod(java.time.Instant.class, "now")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .dependOnClassesThat()
          .resideInAnyPackage("java.io", "java.nio.file", "java.net", "org.slf4j");
}
