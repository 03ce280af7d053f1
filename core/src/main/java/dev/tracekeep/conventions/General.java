package dev.tracekeep.conventions;

import java.util.List;

/** The attributes of OpenTelemetry that any program has: users, sessions, deployments. */
final class General {
  /** Said of a span, or of all spans of a resource. */
  static final Convention CONVENTION =
      Convention.named(
              "OpenTelemetry",
              "semantic conventions 1.45",
              "https://opentelemetry.io/docs/specs/semconv/registry/attributes/")
          .take(Meaning.SERVICE_NAME, "service.name")
          .take(Meaning.ENVIRONMENT, "deployment.environment.name", "deployment.environment")
          .take(Meaning.SESSION_ID, "session.id")
          .take(Meaning.USER_ID, "user.id", "enduser.id")
          .build();

  private General() {}

  static void describeResource(TelemetrySpan span, SpanDescription description) {
    if (!span.resource().isEmpty()) {
      CONVENTION.describe(
          new TelemetrySpan(
              span.name(),
              span.kind(),
              span.resource(),
              List.of(),
              span.resource(),
              span.scopeName()),
          description);
    }
  }
}
