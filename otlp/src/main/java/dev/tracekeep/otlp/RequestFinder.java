package dev.tracekeep.otlp;

import java.util.LinkedHashSet;
import java.util.Set;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Finds the resource spans in JSON text, whatever they are wrapped in: requests one after the other
 * or in arrays, the answers of Tempo ({@code batches}, {@code trace}) and of Jaeger ({@code
 * result}), {@code data}, and resource spans by themselves. Says what everything else is. Not
 * thread-safe.
 */
final class RequestFinder {
  /** No tool wraps a request in more. */
  private static final int MAX_DEPTH = 8;

  /** Enough of an unknown object's members to tell what it is. */
  private static final int MAX_NAMES = 64;

  /** What the names of the GenAI conventions begin with, in log records as in spans. */
  static final String MESSAGE_PREFIX = "gen_ai.";

  private final JsonParser parser;
  private final JsonRequestReader requests;
  private final RequestAssembler assembler;
  private final Delivery delivery;

  /** Where the last request was found, in bytes from the start of the text; -1 before the first. */
  private long lastRequestAt = -1;

  /** How much was found, or reported as something else. */
  private long findings;

  RequestFinder(
      JsonParser parser,
      JsonRequestReader requests,
      RequestAssembler assembler,
      Delivery delivery) {
    this.parser = parser;
    this.requests = requests;
    this.assembler = assembler;
    this.delivery = delivery;
  }

  /** Reads the whole text. */
  void readAll() {
    while (parser.nextToken() != null) {
      value(0);
    }
  }

  /** Where the last request was found, in bytes from the start of the text; -1 if none was. */
  long lastRequestAt() {
    return lastRequestAt;
  }

  private void value(int depth) {
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      object(depth);
    } else if (parser.currentToken() == JsonToken.START_ARRAY && depth < MAX_DEPTH) {
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        value(depth + 1);
      }
    } else {
      refused(requests.line(), ForeignJson.describeOther());
      parser.skipChildren();
    }
  }

  private void object(int depth) {
    long line = requests.line();
    long findingsBefore = findings;
    boolean isTraces = false;
    boolean isWrapper = false;
    boolean isOpen = false;
    Set<String> names = new LinkedHashSet<>();
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = parser.currentName();
      long at = parser.currentTokenLocation().getByteOffset();
      parser.nextToken();
      switch (name) {
        case "resourceSpans", "resource_spans", "batches" -> {
          isTraces = true;
          lastRequestAt = at;
          requests.resourceSpans(line);
        }
        case "trace", "data", "result" -> {
          if (parser.currentToken().isStructStart() && depth < MAX_DEPTH) {
            isWrapper = true;
            value(depth + 1);
          } else {
            parser.skipChildren();
          }
        }
        case "resourceLogs", "resource_logs", "scopeLogs", "scope_logs" -> logs(line);
        case "resourceMetrics", "resource_metrics", "scopeMetrics", "scope_metrics" ->
            otherSignal(line, "metrics");
        case "resourceProfiles", "resource_profiles", "scopeProfiles", "scope_profiles" ->
            otherSignal(line, "profiles");
        case "schemaUrl", "schema_url" -> parser.skipChildren();
        default -> {
          // A resource stands first in resource spans, and last in what an SDK's console shows.
          if (isOpen || names.isEmpty() && requests.isResourceSpansField(name)) {
            if (!isOpen) {
              isOpen = true;
              assembler.beginResource();
            }
            isTraces |= !name.equals("resource") && requests.isResourceSpansField(name);
            lastRequestAt = at;
            requests.resourceSpansField(name);
          } else {
            parser.skipChildren();
          }
          if (names.size() < MAX_NAMES) {
            names.add(name);
          }
        }
      }
    }
    if (isOpen) {
      assembler.endResource();
    }
    if (isTraces) {
      findings++;
      requests.endRequest(line);
    } else if (findings == findingsBefore) {
      if (names.isEmpty() || isWrapper) {
        delivery.once(OtlpProblem.Severity.WARNING, line, JsonRequestReader.NO_SPANS);
      } else {
        refused(line, ForeignJson.describe(names));
      }
      findings++;
    }
  }

  private void refused(long line, String message) {
    findings++;
    delivery.once(OtlpProblem.Severity.REFUSED, line, message);
  }

  private void otherSignal(long line, String signal) {
    findings++;
    delivery.once(OtlpProblem.Severity.OTHER_SIGNAL, line, passedOver(signal, false));
    parser.skipChildren();
  }

  private void logs(long line) {
    findings++;
    delivery.once(OtlpProblem.Severity.OTHER_SIGNAL, line, passedOver("logs", hasMessages()));
  }

  /** What is said of a signal that is no traces. */
  static String passedOver(String signal, boolean hasMessages) {
    return "holds "
        + signal
        + ", not traces: passed over"
        + (hasMessages
            ? "; there are messages of models in them ("
                + MESSAGE_PREFIX
                + "*), which are taken"
                + " from spans and their events alone"
            : "");
  }

  /** Passes over the value, and says whether an event of the GenAI conventions is in it. */
  private boolean hasMessages() {
    boolean has = false;
    int depth = 0;
    do {
      JsonToken token = parser.currentToken();
      if (token.isStructStart()) {
        depth++;
      } else if (token.isStructEnd()) {
        depth--;
      } else if (token == JsonToken.VALUE_STRING && !has) {
        has = parser.getString().startsWith(MESSAGE_PREFIX);
      }
    } while (depth > 0 && parser.nextToken() != null);
    return has;
  }
}
