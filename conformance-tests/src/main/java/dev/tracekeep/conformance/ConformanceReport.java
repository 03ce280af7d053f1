package dev.tracekeep.conformance;

import dev.tracekeep.conformance.CheckResult.Outcome;
import dev.tracekeep.span.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The matrix adapter × check, merged from the result files of all runs of the kit.
 *
 * <pre>{@code
 * java -cp … dev.tracekeep.conformance.ConformanceReport target/conformance docs/conformance.md
 * }</pre>
 *
 * reads {@code *.json} in the folder, writes {@code matrix.json}, {@code matrix.md} and {@code
 * index.html} beside them, and copies the Markdown to the second argument if there is one.
 */
public final class ConformanceReport {
  private static final String MATRIX = "matrix.json";
  private static final String MUTANTS = "mutants.json";

  private final List<RunResult> runs;
  private final Map<String, List<String>> mutants;

  private ConformanceReport(List<RunResult> runs, Map<String, List<String>> mutants) {
    this.runs = runs;
    this.mutants = mutants;
  }

  /**
   * Merges the result files.
   *
   * @param arguments the folder of the results; optionally the Markdown file to write
   * @throws IOException if a file cannot be read or written
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 1 || arguments.length > 2) {
      System.err.println("Usage: ConformanceReport FOLDER-OF-RESULTS [MARKDOWN-FILE]");
      System.exit(2);
    }
    Path folder = Path.of(arguments[0]);
    ConformanceReport report = read(folder);
    String markdown = new MarkdownReport(report).text();
    Files.writeString(folder.resolve(MATRIX), report.toJson().text() + "\n");
    Files.writeString(folder.resolve("matrix.md"), markdown);
    Files.writeString(folder.resolve("index.html"), new HtmlReport(report).text());
    if (arguments.length == 2) {
      Files.writeString(Path.of(arguments[1]), markdown);
    }
    System.out.println(
        report.runs.size() + " runs: " + folder.resolve("index.html").toAbsolutePath().toUri());
  }

  static ConformanceReport read(Path folder) throws IOException {
    List<RunResult> runs = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(".json") && !name.equals(MATRIX) && !name.equals(MUTANTS)) {
          runs.add(RunResult.read(file));
        }
      }
    }
    // The oracle is the measure and no adapter: it stands last.
    runs.sort(
        Comparator.comparing((RunResult run) -> run.name().startsWith("reference"))
            .thenComparing(RunResult::name));
    return new ConformanceReport(runs, mutants(folder.resolve(MUTANTS)));
  }

  private static Map<String, List<String>> mutants(Path file) throws IOException {
    Map<String, List<String>> mutants = new LinkedHashMap<>();
    if (Files.exists(file)) {
      for (Json mutant : Json.parse(Files.readString(file)).elements()) {
        Map<String, Json> members = mutant.members();
        mutants.put(
            members.getOrDefault("fault", Json.NULL).asText(),
            members.getOrDefault("killers", Json.NULL).elements().stream()
                .map(Json::asText)
                .toList());
      }
    }
    return mutants;
  }

  List<RunResult> runs() {
    return runs;
  }

  /** What is wrong with each broken storage, and the checks that notice. */
  Map<String, List<String>> mutants() {
    return mutants;
  }

  /** The checks by their group, in the order of the kit. */
  Map<String, Set<String>> checksByGroup() {
    Map<String, Set<String>> groups = new LinkedHashMap<>();
    CheckCatalog.groups()
        .forEach((group, checks) -> groups.put(group, new LinkedHashSet<>(checks)));
    for (RunResult run : runs) {
      for (CheckResult result : run.results()) {
        groups.computeIfAbsent(result.group(), group -> new LinkedHashSet<>()).add(result.check());
      }
    }
    return groups;
  }

  static Optional<CheckResult> result(RunResult run, String check) {
    return run.results().stream().filter(result -> result.check().equals(check)).findFirst();
  }

  static long count(RunResult run, Outcome outcome) {
    return run.results().stream().filter(result -> result.outcome() == outcome).count();
  }

  /** What a person reads instead of an outcome's constant. */
  static String words(Outcome outcome) {
    return switch (outcome) {
      case PASSED -> "passed";
      case REFUSED_AS_DECLARED -> "refused as declared";
      case EXCLUDED -> "excluded";
      case FAILED -> "FAILED";
      case NOT_RUN -> "NOT RUN";
    };
  }

  static String symbol(Outcome outcome) {
    return switch (outcome) {
      case PASSED -> "✓";
      case REFUSED_AS_DECLARED -> "○";
      case EXCLUDED -> "–";
      case FAILED -> "✗";
      case NOT_RUN -> "?";
    };
  }

  private Json toJson() {
    return Json.objectBuilder()
        .put("runs", Json.array(runs.stream().map(RunResult::toJson).toList()))
        .build();
  }
}
