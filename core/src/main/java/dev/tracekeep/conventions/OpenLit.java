package dev.tracekeep.conventions;

/** OpenLIT: {@code gen_ai.*} with the environment and the application on each span. */
final class OpenLit {
  static final Convention CONVENTION =
      Convention.named(
              "OpenLIT",
              "openlit 1.x",
              "https://github.com/openlit/openlit/blob/main/sdk/python/src/openlit/semcov/__init__.py")
          .recognizedBy("gen_ai.environment", "gen_ai.application_name")
          .take(Meaning.ENVIRONMENT, "gen_ai.environment")
          .take(Meaning.APPLICATION_NAME, "gen_ai.application_name")
          .build();

  private OpenLit() {}
}
