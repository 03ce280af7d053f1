package dev.tracekeep.conformance;

import dev.tracekeep.span.Json;
import dev.tracekeep.storage.Capability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** One column of the matrix: all results of the kit on one fixture. */
final class RunResult {
  private final String name;
  private final EngineAccess access;
  private String engine = "";
  private Set<Capability> capabilities = Set.of();
  private final List<CheckResult> results = new ArrayList<>();

  RunResult(String name, EngineAccess access) {
    this.name = name;
    this.access = access;
  }

  String name() {
    return name;
  }

  String access() {
    return access.toString();
  }

  String engine() {
    return engine;
  }

  Set<Capability> capabilities() {
    return capabilities;
  }

  List<CheckResult> results() {
    return results;
  }

  void engine(String nameAndVersion, Set<Capability> declared) {
    engine = nameAndVersion;
    capabilities = new TreeSet<>(declared);
  }

  void add(CheckResult result) {
    results.add(result);
  }

  /** Writes {@code <name>.json} into the directory. */
  void write(Path directory) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve(name + ".json"), toJson().text() + "\n");
  }

  Json toJson() {
    return Json.objectBuilder()
        .put("name", name)
        .put("engine", engine)
        .put("way", access.way().name())
        .put("accessNote", access.note())
        .put("capabilities", Json.array(capabilities.stream().map(c -> Json.of(c.name())).toList()))
        .put("checks", Json.array(results.stream().map(RunResult::toJson).toList()))
        .build();
  }

  private static Json toJson(CheckResult result) {
    return Json.objectBuilder()
        .put("group", result.group())
        .put("check", result.check())
        .put("outcome", result.outcome().name())
        .put("note", result.note())
        .put("millis", result.millis())
        .build();
  }

  /** Reads what {@link #write} wrote. */
  static RunResult read(Path file) throws IOException {
    Json json = Json.parse(Files.readString(file));
    RunResult run =
        new RunResult(
            text(json, "name"),
            new EngineAccess(
                EngineAccess.Way.valueOf(text(json, "way")), text(json, "accessNote")));
    Set<Capability> capabilities = new TreeSet<>();
    member(json, "capabilities")
        .elements()
        .forEach(capability -> capabilities.add(Capability.valueOf(capability.asText())));
    run.engine(text(json, "engine"), capabilities);
    for (Json check : member(json, "checks").elements()) {
      run.add(
          new CheckResult(
              text(check, "group"),
              text(check, "check"),
              CheckResult.Outcome.valueOf(text(check, "outcome")),
              text(check, "note"),
              Long.parseLong(text(check, "millis"))));
    }
    return run;
  }

  private static Json member(Json json, String name) {
    Json member = json.get(name);
    if (member == null) {
      throw new IllegalArgumentException("The result has no member " + name);
    }
    return member;
  }

  private static String text(Json json, String name) {
    return member(json, name).asText();
  }
}
