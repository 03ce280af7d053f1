package dev.tracekeep.conventions;

/** CrewAI, as OpenLLMetry and others instrument it. */
final class CrewAi {
  static final Convention CONVENTION =
      Convention.named(
              "CrewAI",
              "opentelemetry-instrumentation-crewai 0.4x",
              "https://github.com/traceloop/openllmetry/tree/main/packages/opentelemetry-instrumentation-crewai")
          .recognizedBy("crewai.*")
          .take(Meaning.AGENT_NAME, "crewai.agent.role")
          .take(Meaning.AGENT_ID, "crewai.agent.id")
          .takePlain(Meaning.INPUT, "crewai.task.description")
          .takePlain(Meaning.OUTPUT, "crewai.task.output", "crewai.crew.result")
          .build();

  private CrewAi() {}
}
