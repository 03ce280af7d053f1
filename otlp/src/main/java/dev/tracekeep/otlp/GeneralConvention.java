package dev.tracekeep.otlp;

import java.util.List;

/** The attributes of OpenTelemetry that any program has: users, sessions, deployments. */
final class GeneralConvention implements Convention {
  /** Said of a span, or of all spans of a resource. */
  static final List<Rule> RULES =
      List.of(
          Rule.plain(Target.SERVICE_NAME, "service.name"),
          Rule.plain(Target.ENVIRONMENT, "deployment.environment.name"),
          Rule.plain(Target.ENVIRONMENT, "deployment.environment"),
          Rule.plain(Target.SESSION_ID, "session.id"),
          Rule.plain(Target.USER_ID, "user.id"),
          Rule.plain(Target.USER_ID, "enduser.id"));

  @Override
  public boolean isSpokenBy(SpanFields span) {
    return true;
  }

  @Override
  public void describe(SpanFields span, Draft draft) {
    draft.apply(RULES, span.attributes);
  }
}
