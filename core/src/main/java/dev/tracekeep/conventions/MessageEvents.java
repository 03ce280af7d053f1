package dev.tracekeep.conventions;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Messages that came as events of the span, one each: {@code gen_ai.user.message}, {@code
 * gen_ai.choice} and so on, as OpenTelemetry's conventions wanted it from 1.28 to 1.36. Azure's
 * SDKs put the message as JSON into {@code gen_ai.event.content}, Strands spreads it over the
 * event's attributes.
 *
 * <p>The messages become the input, each with its role; the choices become the output, as they are.
 * A tool's only message is what the tool got, and its choice what it gave.
 */
final class MessageEvents {
  private static final String PREFIX = "gen_ai.";
  private static final String SUFFIX = ".message";
  private static final String CHOICE = "gen_ai.choice";
  private static final String CONTENT = "gen_ai.event.content";

  private MessageEvents() {}

  static void read(TelemetrySpan span, SpanDescription description) {
    if (span.events().isEmpty()) {
      return;
    }
    boolean isTool = description.type().equals(SpanType.TOOL_CALL);
    List<Json> messages = new ArrayList<>(0);
    List<Json> choices = new ArrayList<>(0);
    for (TelemetrySpan.Event event : span.events()) {
      String role = role(event.name());
      if (role != null) {
        messages.add(isTool ? part(event, "content") : message(role, event));
      } else if (event.name().equals(CHOICE)) {
        choices.add(isTool ? part(event, "message") : body(event));
      }
    }
    say(Meaning.INPUT, messages, isTool, description);
    say(Meaning.OUTPUT, choices, isTool, description);
  }

  private static void say(
      Meaning meaning, List<Json> parts, boolean isTool, SpanDescription description) {
    if (!parts.isEmpty()) {
      description.say(meaning, isTool && parts.size() == 1 ? parts.get(0) : Json.array(parts));
    }
  }

  /** {@code user} of {@code gen_ai.user.message}; null for any other event. */
  private static @Nullable String role(String event) {
    int end = event.length() - SUFFIX.length();
    return event.startsWith(PREFIX) && end > PREFIX.length() && event.endsWith(SUFFIX)
        ? event.substring(PREFIX.length(), end)
        : null;
  }

  private static Json message(String role, TelemetrySpan.Event event) {
    Json body = body(event);
    if (body.kind() != Json.Kind.OBJECT) {
      return Json.objectBuilder().put("role", role).put("content", body).build();
    }
    Json.ObjectBuilder message = Json.objectBuilder().put("role", role);
    body.members().forEach(message::put);
    return message.build();
  }

  private static Json part(TelemetrySpan.Event event, String member) {
    Json body = body(event);
    Json part = body.get(member);
    return part == null ? body : part;
  }

  private static Json body(TelemetrySpan.Event event) {
    Object content = event.attributes().get(CONTENT);
    if (content != null) {
      return Values.structured(content);
    }
    Json.ObjectBuilder body = Json.objectBuilder();
    event
        .attributes()
        .forEach(
            (name, value) -> {
              if (!name.startsWith(PREFIX)) {
                body.put(name, Values.structured(value));
              }
            });
    return body.build();
  }
}
