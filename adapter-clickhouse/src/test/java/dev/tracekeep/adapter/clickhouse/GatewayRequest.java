package dev.tracekeep.adapter.clickhouse;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks for: the statement, its data, its parameters and settings.
 *
 * @param statement the text
 * @param data what is to be inserted; null if the text says all
 * @param inputFormat the format of the data; null like them
 * @param format the format of the answer, unless the text names one
 * @param database the database in which names without one are; null for the default one
 * @param session the session's id; null for none
 * @param parameters the values of placeholders
 * @param settings the settings of this request alone
 * @param compressesAnswer whether the answer goes out in compressed blocks
 */
record GatewayRequest(
    String statement,
    @Nullable InputStream data,
    @Nullable String inputFormat,
    String format,
    @Nullable String database,
    @Nullable String session,
    Map<String, String> parameters,
    Map<String, String> settings,
    boolean compressesAnswer) {
  /** Parameters of an address that are not settings. */
  private static final Set<String> NOT_SETTINGS =
      Set.of(
          "query",
          "query_id",
          "database",
          "default_format",
          "session_id",
          "session_timeout",
          "session_check",
          "close_session",
          "user",
          "password",
          "role",
          "quota_key",
          "compress",
          "decompress",
          "client_protocol_version",
          "wait_end_of_query",
          "buffer_size",
          "stacktrace");

  private static final String PARAMETER = "param_";

  private static final Pattern INSERT_OF_DATA =
      Pattern.compile("(?is)(\\s*INSERT\\s+INTO\\s.*?)\\s+FORMAT\\s+(\\w+)\\s*;?\\s*");
  private static final Pattern OUTPUT_FORMAT =
      Pattern.compile("(?is).*\\sFORMAT\\s+(\\w+)\\s*(?:SETTINGS\\s.*)?;?\\s*");
  private static final Pattern BOUNDARY =
      Pattern.compile("(?i)multipart/form-data;.*boundary=\"?([^\";]+)\"?.*");
  private static final Pattern PART_NAME = Pattern.compile("(?i)[; ]name=\"?([^\";]+)\"?");

  static GatewayRequest read(HttpExchange exchange) throws IOException {
    Map<String, String> given = addressParameters(exchange.getRequestURI().getRawQuery());
    InputStream body = exchange.getRequestBody();
    if ("1".equals(given.get("decompress"))) {
      body = new CompressedBlocks.Input(body);
    }
    Matcher form = BOUNDARY.matcher(header(exchange, "Content-Type", ""));
    if (form.matches()) {
      given.putAll(formParts(body, form.group(1)));
      body = InputStream.nullInputStream();
    }
    String query = given.getOrDefault("query", "");
    Matcher insert = INSERT_OF_DATA.matcher(query);
    boolean hasData = insert.matches();
    if (!hasData) {
      query += new String(body.readAllBytes(), StandardCharsets.UTF_8);
    }
    Map<String, String> parameters = new LinkedHashMap<>();
    Map<String, String> settings = new LinkedHashMap<>();
    given.forEach(
        (name, value) -> {
          if (name.startsWith(PARAMETER)) {
            parameters.put(name.substring(PARAMETER.length()), value);
          } else if (!NOT_SETTINGS.contains(name)) {
            settings.put(name, value);
          }
        });
    return new GatewayRequest(
        hasData ? insert.group(1) : query,
        hasData ? body : null,
        hasData ? insert.group(2) : null,
        given.getOrDefault(
            "default_format", header(exchange, "X-ClickHouse-Format", "TabSeparated")),
        given.getOrDefault(
            "database", exchange.getRequestHeaders().getFirst("X-ClickHouse-Database")),
        given.get("session_id"),
        parameters,
        settings,
        "1".equals(given.get("compress")));
  }

  /** The format that the answer has. */
  String answerFormat() {
    Matcher named = OUTPUT_FORMAT.matcher(statement);
    return named.matches() ? named.group(1) : format;
  }

  private static String header(HttpExchange exchange, String name, String absent) {
    String value = exchange.getRequestHeaders().getFirst(name);
    return value == null ? absent : value;
  }

  private static Map<String, String> addressParameters(@Nullable String rawQuery) {
    Map<String, String> parameters = new LinkedHashMap<>();
    if (rawQuery == null) {
      return parameters;
    }
    for (String pair : rawQuery.split("&")) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        parameters.put(decode(pair.substring(0, equals)), decode(pair.substring(equals + 1)));
      }
    }
    return parameters;
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  /** The fields of a form: with many parameters an address would be too long. */
  private static Map<String, String> formParts(InputStream body, String boundary)
      throws IOException {
    // Latin-1 keeps every byte as one character, so that the text can be cut like bytes.
    String form = new String(body.readAllBytes(), StandardCharsets.ISO_8859_1);
    Map<String, String> parts = new LinkedHashMap<>();
    for (String part : form.split(Pattern.quote("--" + boundary))) {
      int end = part.indexOf("\r\n\r\n");
      Matcher name = end < 0 ? null : PART_NAME.matcher(part.substring(0, end));
      if (name != null && name.find()) {
        String value = part.substring(end + 4, part.length() - 2);
        parts.put(
            name.group(1),
            new String(value.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
      }
    }
    return parts;
  }
}
