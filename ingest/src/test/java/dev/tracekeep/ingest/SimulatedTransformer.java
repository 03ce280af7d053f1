package dev.tracekeep.ingest;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanUpdate;
import org.jspecify.annotations.Nullable;

/** Hides the request context, drops some spans and fails on others. */
final class SimulatedTransformer implements SpanTransformer {
  static final String THROWS = "throws";
  static final String DROPPED = "dropped";

  @Override
  public String name() {
    return "simulated";
  }

  @Override
  public @Nullable Span transform(Span span) {
    return switch (span.name()) {
      case THROWS -> throw new IllegalArgumentException("bad span");
      case DROPPED -> null;
      default -> redacted(span);
    };
  }

  @Override
  public SpanUpdate transform(SpanUpdate update) {
    return update;
  }

  static @Nullable Span redacted(@Nullable Span span) {
    if (span == null) {
      return null;
    }
    Payload payload = span.payload();
    return span.toBuilder()
        .payload(
            Payload.builder()
                .input(payload.input())
                .output(payload.output())
                .metadata(payload.metadata())
                .attributes(payload.attributes())
                .requestContext(Json.of("***"))
                .build())
        .build();
  }
}
