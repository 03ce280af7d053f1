package dev.tracekeep.cli;

import dev.tracekeep.span.Json;
import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageProvider;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.text.Printable;
import dev.tracekeep.text.Style;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "doctor",
    description = "Say which adapters are there, whether the store answers, and what its table is.",
    footer = {
      "",
      "Exit status: 0 all is well, 1 an adapter is broken or the store does not answer,",
      "4 the table has to be migrated, 5 there is no store or no table yet."
    })
final class DoctorCommand implements Callable<Integer> {
  private final CommandContext context;

  @Option(names = "--json", description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  DoctorCommand(CommandContext context) {
    this.context = context;
  }

  /** What was found out about the store. */
  private record Finding(Health health, List<String> capabilities, String strategy) {}

  @Override
  public Integer call() {
    Storages.Adapters adapters = Storages.available();
    Finding finding = examine();
    if (json) {
      context.console().print(document(adapters, finding));
    } else {
      print(adapters, finding);
    }
    return exitCode(adapters, finding.health);
  }

  private Finding examine() {
    try (ObservabilityStorage storage = store.openUnchecked(context)) {
      List<String> capabilities =
          storage.capabilities().stream()
              .map(capability -> capability.name().toLowerCase(Locale.ROOT))
              .sorted()
              .toList();
      String strategy = storage.tracingStrategy().preferred().configName();
      Path missing = store.missingFile(context);
      Health health =
          missing == null
              ? storage.check()
              : Health.up(
                  "",
                  Health.SchemaState.ABSENT,
                  "There is no file " + missing + " yet. 'tracekeep import FILE' makes it.");
      return new Finding(health, capabilities, strategy);
    } catch (ConfigurationException e) {
      // A wrong address is a finding like others: the list of adapters helps to mend it.
      return new Finding(Health.down(e.getMessage(), e), List.of(), "");
    }
  }

  private static int exitCode(Storages.Adapters adapters, Health health) {
    if (!health.up() || !adapters.broken().isEmpty()) {
      return ExitCode.FAILURE;
    }
    return switch (health.schema()) {
      case CURRENT, UNKNOWN -> ExitCode.OK;
      case MIGRATION_REQUIRED -> ExitCode.MIGRATION_REQUIRED;
      case ABSENT -> ExitCode.NOT_FOUND;
    };
  }

  private void print(Storages.Adapters adapters, Finding finding) {
    Console console = context.console();
    PrintWriter out = console.out();
    out.println(console.styled(Style.HEADING, "Adapters"));
    for (StorageProvider provider : adapters.providers()) {
      out.println(
          "  "
              + console.styled(Style.GOOD, "ok")
              + "      "
              + Terminal.CELLS.padRight(provider.name(), 10)
              + "  "
              + String.join(" ", provider.uriPrefixes()));
    }
    for (String reason : adapters.broken()) {
      out.println("  " + console.styled(Style.BAD, "broken") + "  " + Printable.line(reason));
    }
    if (adapters.providers().isEmpty() && adapters.broken().isEmpty()) {
      out.println("  " + console.styled(Style.BAD, "none") + "    on the class path");
    }
    out.println();
    out.println(
        console.styled(Style.HEADING, "Store " + Printable.line(store.displayedUrl(context))));
    Health health = finding.health;
    out.println(
        "  "
            + (health.up() ? mark(health.schema()) : console.styled(Style.BAD, "down"))
            + "  "
            + message(health));
    Facts facts = new Facts();
    if (!health.engine().isEmpty()) {
      facts.add("engine", health.engine());
    }
    if (health.up()) {
      facts.add("table", health.schema().name().toLowerCase(Locale.ROOT).replace('_', ' '));
    }
    if (!finding.strategy.isEmpty()) {
      facts
          .add("strategy", finding.strategy + " (preferred)")
          .add(
              "promises",
              finding.capabilities.stream()
                  .map(name -> name.replace('_', ' '))
                  .collect(Collectors.joining(", ")));
    }
    facts.print(console);
    if (health.up() && health.schema() == Health.SchemaState.MIGRATION_REQUIRED) {
      out.println("  Next: tracekeep migrate plan" + store.repeated());
    }
    out.println();
    out.println(
        "Java "
            + System.getProperty("java.version")
            + ", "
            + System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch"));
  }

  /** What the adapter says, unless that is only where it is, which stands above already. */
  private String message(Health health) {
    if (!health.message().equals(store.displayedUrl(context))) {
      return Printable.lines(health.message());
    }
    return switch (health.schema()) {
      case CURRENT, UNKNOWN -> "It answers.";
      case MIGRATION_REQUIRED -> "It answers, but its table has to be migrated.";
      case ABSENT -> "It answers, but there is no table yet. 'tracekeep import FILE' makes it.";
    };
  }

  private String mark(Health.SchemaState schema) {
    return schema == Health.SchemaState.CURRENT
        ? context.console().styled(Style.GOOD, "ok")
        : context.console().styled(Style.PENDING, "!!");
  }

  private Json document(Storages.Adapters adapters, Finding finding) {
    Health health = finding.health;
    return Json.objectBuilder()
        .put(
            "adapters",
            Json.array(
                adapters.providers().stream()
                    .map(
                        provider ->
                            Json.objectBuilder()
                                .put("name", provider.name())
                                .put("prefixes", strings(provider.uriPrefixes()))
                                .build())
                    .toList()))
        .put("broken", strings(adapters.broken()))
        .put(
            "store",
            Json.objectBuilder()
                .put("url", store.displayedUrl(context))
                .put("up", health.up())
                .put("engine", health.engine())
                .put("schema", health.schema().name().toLowerCase(Locale.ROOT))
                .put("message", health.message())
                .put("strategy", finding.strategy)
                .put("capabilities", strings(finding.capabilities))
                .build())
        .put("java", System.getProperty("java.version"))
        .build();
  }

  private static Json strings(List<String> values) {
    return Json.array(values.stream().map(Json::of).toList());
  }
}
