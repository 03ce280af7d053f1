package dev.tracekeep.conventions;

import dev.tracekeep.span.SpanKind;
import dev.tracekeep.span.SpanType;

/**
 * OpenTelemetry's names for the Model Context Protocol. Its sessions and requests are those of the
 * connection, not of the user, and stay attributes.
 */
final class ModelContextProtocol {
  static final Convention CONVENTION =
      Convention.named(
              "Model Context Protocol",
              "semantic conventions 1.39 to 1.41, GenAI conventions 0.1.0",
              "https://github.com/open-telemetry/semantic-conventions-genai")
          .recognizedBy("mcp.method.name")
          .also(
              "type `mcp_server_request`, `mcp_tool_call`",
              "a span of kind SERVER; else `mcp.method.name` is tools/call",
              ModelContextProtocol::readType)
          .build();

  private ModelContextProtocol() {}

  /** Who serves a request sees another thing than who sends it. */
  private static void readType(TelemetrySpan span, SpanDescription description) {
    if (span.kind() == SpanKind.SERVER) {
      description.sayType(SpanType.MCP_SERVER_REQUEST);
    } else if ("tools/call".equals(span.attributes().text("mcp.method.name"))) {
      description.sayType(SpanType.MCP_TOOL_CALL);
    }
  }
}
