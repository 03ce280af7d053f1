package dev.tracekeep.cli;

import dev.tracekeep.span.Json;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.zip.GZIPOutputStream;

/**
 * Files as broken disks, dying writers and attackers make them, each of one kind, with the exit
 * status that importing it has. Run as a program in a small JVM it imports them all, one after the
 * other, and prints one line for each.
 */
final class HostileInputs {
  private static final int OK = ExitCode.OK;
  private static final int NOTHING = ExitCode.FAILURE;
  private static final int PARTLY = ExitCode.PARTIAL;

  /** Writes one file. */
  @FunctionalInterface
  private interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  private record Input(int exitStatus, Content content) {}

  /** What unpacks to more than the heap of 512 MB, and takes its time. */
  static final Set<String> LARGE = Set.of("gzip-of-blank-lines", "gzip-of-zeros", "names-of-7-mb");

  private final Map<String, Input> inputs = new LinkedHashMap<>();

  private HostileInputs() {
    addText();
    addJson();
    addValues();
    addSizes();
    addPacked();
    addFrames();
    addProtobuf();
  }

  /** The large kinds, or all others, and the exit status of each. */
  static Map<String, Integer> exitStatuses(boolean large) {
    Map<String, Integer> statuses = new LinkedHashMap<>();
    new HostileInputs()
        .inputs.forEach(
            (name, input) -> {
              if (LARGE.contains(name) == large) {
                statuses.put(name, input.exitStatus);
              }
            });
    return statuses;
  }

  /**
   * Imports inputs, each into a store of its own.
   *
   * @param arguments the folder to work in, and whether the large inputs are meant
   */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    boolean large = Boolean.parseBoolean(arguments[1]);
    for (Map.Entry<String, Input> entry : new HostileInputs().inputs.entrySet()) {
      if (LARGE.contains(entry.getKey()) != large) {
        continue;
      }
      Path file = folder.resolve(entry.getKey());
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
        entry.getValue().content.writeTo(out);
      }
      Path store = folder.resolve(entry.getKey() + ".duckdb");
      TestScreen screen = new TestScreen();
      int exitStatus = screen.run("import", file.toString(), "--store", "jdbc:duckdb:" + store);
      System.out.println(
          entry.getKey() + "\t" + exitStatus + "\t" + Json.of(screen.err()).text() + "\t" + file);
      Files.delete(file);
      Files.deleteIfExists(store);
      Files.deleteIfExists(folder.resolve(entry.getKey() + ".duckdb.wal"));
    }
  }

  private void add(String name, int exitStatus, Content content) {
    if (inputs.put(name, new Input(exitStatus, content)) != null) {
      throw new IllegalStateException("There are two inputs of the name " + name);
    }
  }

  private void add(String name, int exitStatus, String text) {
    add(name, exitStatus, utf8(text));
  }

  private void add(String name, int exitStatus, byte[] bytes) {
    add(name, exitStatus, out -> out.write(bytes));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String span(int number, String members) {
    return String.format(
        "{\"traceId\":\"%032x\",\"spanId\":\"%016x\",\"name\":\"n\",\"startTimeUnixNano\":"
            + "\"1795170745000000000\",\"endTimeUnixNano\":\"1795170746000000000\"%s}",
        number, number, members);
  }

  private static String line(String... spans) {
    return "{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[{\"scope\":{},\"spans\":["
        + String.join(",", spans)
        + "]}]}]}\n";
  }

  private static String good(int number) {
    return line(span(number, ""));
  }

  private static String attribute(String value) {
    return ",\"attributes\":[{\"key\":\"a\",\"value\":" + value + "}]";
  }

  private static String nested(String open, int times, String inner, String close) {
    return open.repeat(times) + inner + close.repeat(times);
  }

  private static byte[] random(int count) {
    byte[] bytes = new byte[count];
    new Random(14).nextBytes(bytes);
    return bytes;
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  private void addText() {
    add("empty", OK, "");
    add("blank", OK, " \t\r\n");
    add("blank-200000-lines", OK, "\n".repeat(200_000) + good(1));
    add("carriage-returns", OK, "\r".repeat(100_000));
    add("zeros", NOTHING, new byte[1 << 20]);
    add("zeros-in-front", PARTLY, concat(new byte[100_000], utf8("\n" + good(1))));
    add("ones", NOTHING, concat(bytes(0xFF, 0xFF, 0xFF), utf8("\n".repeat(9))));
    add("random", NOTHING, random(1 << 20));
    add("random-in-front", PARTLY, concat(bytes(0x80), random(9_000), utf8("\n" + good(1))));
    add("letter", NOTHING, "Dear reader,\nthis is no span.\n");
    add("log-lines-in-front", PARTLY, "[INFO] started\n".repeat(200_000) + good(1));
    add("byte-order-mark", OK, "\uFEFF");
    add("utf-16-mark", OK, bytes(0xFF, 0xFE));
    add(
        "utf-16-odd",
        PARTLY,
        concat(("\uFEFF" + good(1)).getBytes(StandardCharsets.UTF_16LE), new byte[1]));
    add(
        "utf-16-surrogate",
        OK,
        (good(1).replace("\"n\"", "\"\uD800\"")).getBytes(StandardCharsets.UTF_16BE));
    add("utf-32", NOTHING, ("\uFEFF" + good(1)).getBytes(Charset.forName("UTF-32BE")));
    add(
        "latin-1",
        NOTHING,
        good(1).replace("\"n\"", "\"\u00fc\"").getBytes(StandardCharsets.ISO_8859_1));
    add(
        "overlong-utf-8",
        PARTLY,
        concat(
            utf8(good(1)),
            new String(utf8(good(2)), StandardCharsets.ISO_8859_1)
                .replace("\"n\"", "\"\u00c0\u00af\"")
                .getBytes(StandardCharsets.ISO_8859_1)));
    add("png", NOTHING, concat(bytes(0x89), utf8("PNG\r\n"), bytes(0x1A, 0x0A), random(2_000)));
    add("zip", NOTHING, concat(utf8("PK"), bytes(3, 4), random(2_000)));
    add("elf", NOTHING, concat(bytes(0x7F), utf8("ELF"), random(2_000)));
    add("html", NOTHING, "<!doctype html><html><body>503</body></html>");
    add("separators", OK, "\u001E".repeat(50_000));
    add("separators-and-garbage", PARTLY, "\u001E{oops\n".repeat(10_000) + "\u001E" + good(1));
  }

  private void addJson() {
    add("brace", NOTHING, "{");
    add("bracket", NOTHING, "[");
    add("closing", NOTHING, "]}".repeat(10_000));
    add("empty-objects", OK, "{}\n".repeat(20_000));
    add("scalars", NOTHING, "[1,\"a\",null,true]".repeat(1_000));
    add("brackets-1000000", NOTHING, "[".repeat(1_000_000));
    add("requests-in-requests", NOTHING, "{\"resourceSpans\":".repeat(100_000));
    add("requests-in-lists", NOTHING, "{\"resourceSpans\":[".repeat(100_000));
    add("wrappers-100000", NOTHING, "{\"data\":".repeat(100_000));
    add("torn-10000-times", PARTLY, "{\"resourceSpans\":[{".repeat(10_000) + "\n" + good(1));
    add("torn-at-each-length", PARTLY, torn());
    add("bit-flips", PARTLY, flipped());
    add("endless-string", NOTHING, "{\"resourceSpans\":\"" + "x".repeat(10_000_000));
    add("long-number", NOTHING, "{\"resourceSpans\":" + "9".repeat(1_000_000) + "}\n");
    add("long-member-name", NOTHING, "{\"" + "k".repeat(1_000_000) + "\":1}\n");
    add("members-of-one-name", OK, line(span(1, ",\"name\":\"m\"".repeat(10_000))));
    add("unknown-members", OK, line(span(1, ",\"x\":{\"y\":[1]}".repeat(10_000))));
    add(
        "jaeger",
        NOTHING,
        "{\"data\":[" + "{\"traceID\":\"a\",\"spans\":[]},".repeat(20_000) + "{}]}");
    add("logs", OK, "{\"resourceLogs\":[{}]}\n".repeat(50_000) + good(1));
    add(
        "comments",
        NOTHING,
        "/* spans */ " + good(1).replace("{\"resourceSpans\"", "{'resourceSpans'"));
  }

  private static String torn() {
    StringBuilder text = new StringBuilder();
    String line = good(1).trim();
    for (int length = 1; length < line.length(); length += 3) {
      text.append(line, 0, length).append('\n');
    }
    return text + good(2);
  }

  private static byte[] flipped() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] line = utf8(good(1));
    for (int i = 0; i < line.length - 1; i += 2) {
      byte[] flipped = line.clone();
      flipped[i] ^= 0x20;
      out.writeBytes(flipped);
    }
    out.writeBytes(utf8(good(2)));
    return out.toByteArray();
  }

  private void addValues() {
    add("huge-exponent", PARTLY, line(span(1, ",\"kind\":1e999999999"), span(2, "")));
    add(
        "time-out-of-range",
        PARTLY,
        line(span(1, ",\"startTimeUnixNano\":\"99999999999999999999\""), span(2, "")));
    add("negative-time", PARTLY, line(span(1, ",\"startTimeUnixNano\":-5"), span(2, "")));
    add(
        "long-id",
        PARTLY,
        line(span(1, ",\"spanId\":\"" + "a".repeat(1_000_000) + "\""), span(2, "")));
    add(
        "id-with-controls",
        PARTLY,
        line(span(1, ",\"spanId\":\"\\u001b[2J\\u202e\""), span(2, "")));
    add("name-with-controls", OK, line(span(1, ",\"name\":\"\\u001b[2J\\u202e\\u0000\\ud800\"")));
    add(
        "wrong-kinds-of-values",
        PARTLY,
        line(span(1, ",\"events\":7,\"links\":\"x\",\"status\":[1]"), span(2, "")));
    add("broken-base64", OK, line(span(1, attribute("{\"bytesValue\":\"%%%\"}"))));
    add(
        "values-250-deep",
        OK,
        line(
            span(
                1,
                attribute(
                    nested("{\"arrayValue\":{\"values\":[", 200, "{\"intValue\":1}", "]}}")))));
    add(
        "values-10000-deep",
        PARTLY,
        line(span(1, attribute(nested("{\"arrayValue\":{\"values\":[", 10_000, "{}", "]}}"))))
            + good(2));
    add(
        "resource-200-deep",
        OK,
        out -> {
          String value =
              nested(
                  "{\"kvlistValue\":{\"values\":[{\"key\":\"k\",\"value\":",
                  180,
                  "{\"intValue\":1}",
                  "}]}}");
          for (int i = 1; i <= 300; i++) {
            out.write(
                utf8(
                    line(span(i, ""))
                        .replace(
                            "\"resource\":{}",
                            "\"resource\":{" + attribute(value).substring(1) + "}")));
          }
        });
    add(
        "bad-spans-100000",
        NOTHING,
        out -> {
          for (int i = 0; i < 1_000; i++) {
            out.write(utf8(line("{\"spanId\":\"x\"},".repeat(99) + "{\"spanId\":\"y\"}")));
          }
        });
    add("other-signal-names", OK, good(1) + "{\"resourceProfiles\":[],\"resourceLogs\":7}\n");
  }

  private void addSizes() {
    add(
        "attributes-300000",
        PARTLY,
        out -> {
          out.write(utf8(good(2).trim().replace("]}]}]}", ",")));
          out.write(utf8(span(1, ",\"attributes\":[").replace("}", "")));
          for (int i = 0; i < 300_000; i++) {
            out.write(
                utf8(
                    (i == 0 ? "" : ",")
                        + "{\"key\":\"attribute-number-"
                        + i
                        + "-of-many\",\"value\":{\"intValue\":1}}"));
          }
          out.write(utf8("]}]}]}]}\n"));
        });
    add(
        "events-100000",
        OK,
        line(span(1, ",\"events\":[" + "{\"name\":\"e\"},".repeat(99_999) + "{}]")));
    add(
        "links-20000",
        OK,
        line(
            span(
                1,
                ",\"links\":["
                    + ("{\"traceId\":\""
                            + "0".repeat(31)
                            + "1\",\"spanId\":\""
                            + "0".repeat(15)
                            + "1\"},")
                        .repeat(19_999)
                    + "{}]")));
    add(
        "string-over-the-limit",
        PARTLY,
        out -> {
          out.write(utf8(good(2)));
          out.write(utf8("{\"resourceSpans\":\""));
          repeat(out, "x", 70 << 20);
          out.write(utf8("\"}\n" + good(1)));
        });
    add(
        "first-line-over-the-limit",
        PARTLY,
        out -> {
          repeat(out, "x", 70 << 20);
          out.write(utf8("\n" + good(1)));
        });
    add(
        "document-over-the-limit",
        OK,
        out -> {
          out.write(
              utf8(
                  "{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[{\"scope\":{},\"spans\":["));
          for (int i = 1; i <= 1_200; i++) {
            out.write(
                utf8(
                    (i == 1 ? "" : ",")
                        + span(i, attribute("{\"stringValue\":\"" + "v".repeat(60_000) + "\"}"))));
          }
          out.write(utf8("]}]}]}"));
        });
    add(
        "spans-ahead-of-their-resource",
        OK,
        out -> {
          out.write(utf8("{\"resourceSpans\":[{\"scopeSpans\":[{\"scope\":{},\"spans\":["));
          for (int i = 1; i <= 42_000; i++) {
            out.write(
                utf8(
                    (i == 1 ? "" : ",")
                        + span(i, attribute("{\"stringValue\":\"" + "v".repeat(800) + "\"}"))));
          }
          out.write(utf8("]}],\"resource\":{}}]}"));
        });
    add(
        "resource-of-7-mb",
        PARTLY,
        out -> {
          out.write(
              utf8(
                  "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\""));
          repeat(out, "x", 7 << 20);
          out.write(utf8("\"}}]},\"scopeSpans\":[{\"scope\":{},\"spans\":["));
          for (int i = 1; i <= 5_000; i++) {
            out.write(utf8((i == 1 ? "" : ",") + span(i, "")));
          }
          out.write(utf8("]}]}]}"));
        });
    // Two bytes a letter, in memory and in UTF-8: together more than the heap.
    add(
        "names-of-7-mb",
        OK,
        packed(
            out -> {
              for (int i = 1; i <= 90; i++) {
                out.write(utf8("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":["));
                String span = span(i, ",\"name\":\"");
                out.write(utf8(span.substring(0, span.length() - 1)));
                repeat(out, "\u0101", 7 << 19);
                out.write(utf8("\"}]}]}]}\n"));
              }
            }));
    add("repeated-span", OK, good(1).repeat(30_000));
  }

  private static void repeat(OutputStream out, String text, int times) throws IOException {
    byte[] chunk = utf8(text.repeat(1 << 10));
    for (int i = 0; i < times >> 10; i++) {
      out.write(chunk);
    }
  }

  private static Content packed(Content content) {
    return out -> {
      GZIPOutputStream gzip = new GZIPOutputStream(out, 1 << 16);
      content.writeTo(gzip);
      gzip.finish();
    };
  }

  private static byte[] gzip(byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      packed(target -> target.write(content)).writeTo(out);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return out.toByteArray();
  }

  private void addPacked() {
    byte[] packed = gzip(utf8(good(1).repeat(100)));
    add("gzip-garbage", NOTHING, concat(bytes(0x1F, 0x8B), random(5_000)));
    add("gzip-header-alone", NOTHING, Arrays.copyOf(packed, 10));
    add("gzip-garbage-behind-header", NOTHING, concat(Arrays.copyOf(packed, 10), random(5_000)));
    add("gzip-cut", PARTLY, Arrays.copyOf(packed, packed.length - 9));
    add(
        "gzip-wrong-checksum",
        PARTLY,
        concat(Arrays.copyOf(packed, packed.length - 8), new byte[8]));
    add("gzip-and-more", PARTLY, concat(packed, utf8("and more")));
    add("gzip-of-zeros", NOTHING, packed(out -> repeat(out, "\0", 600 << 20)));
    add("gzip-of-blank-lines", OK, packed(out -> repeat(out, "\n", 600 << 20)));
    byte[] layers = utf8(good(1));
    for (int i = 0; i < 10; i++) {
      layers = gzip(layers);
    }
    add("gzip-10-times", NOTHING, layers);
    add("zstd-garbage", NOTHING, concat(bytes(0x28, 0xB5, 0x2F, 0xFD), random(5_000)));
    add("zstd-magic-alone", NOTHING, bytes(0x28, 0xB5, 0x2F, 0xFD, 0x20));
    add("zstd-skippable-frame", NOTHING, bytes(0x50, 0x2A, 0x4D, 0x18, 0xFF, 0xFF, 0xFF, 0x7F));
    add("snappy-header-alone", OK, concat(bytes(0xFF, 6, 0, 0), utf8("sNaPpY")));
    add("snappy-garbage", NOTHING, concat(bytes(0xFF, 6, 0, 0), utf8("sNaPpY"), random(5_000)));
  }

  private static byte[] frame(byte[] message) {
    int length = message.length;
    return concat(bytes(length >> 24, length >> 16, length >> 8, length), message);
  }

  private void addFrames() {
    add("frame-of-1-gb", PARTLY, concat(bytes(0x04, 0, 0, 0), utf8(good(1))));
    add("frames-without-content", OK, concat(frame(utf8(good(1))), new byte[400_000]));
    add("frame-cut-in-its-length", PARTLY, concat(frame(utf8(good(1))), new byte[2]));
    add("frames-out-of-step", PARTLY, concat(frame(utf8(good(1))), bytes(7), random(50_000)));
    add("frames-in-frames", PARTLY, frame(frame(frame(frame(frame(frame(utf8(good(1)))))))));
    add(
        "frame-of-zstd-garbage",
        PARTLY,
        concat(frame(utf8(good(1))), frame(concat(bytes(0x28, 0xB5, 0x2F, 0xFD), random(90)))));
  }

  private void addProtobuf() {
    add(
        "protobuf-length-2-gb",
        NOTHING,
        concat(bytes(0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x0A), random(50)));
    add(
        "protobuf-negative-length",
        NOTHING,
        concat(bytes(0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x0A), random(50)));
    add(
        "protobuf-endless-length",
        NOTHING,
        concat(
            bytes(0x0A),
            bytes(0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF)));
    byte[] empty = new byte[200_000];
    for (int i = 0; i < empty.length; i += 2) {
      empty[i] = 0x0A;
    }
    add("protobuf-empty-resources", OK, empty);
    byte[] groups = new byte[100_000];
    Arrays.fill(groups, (byte) 0x0B);
    add("protobuf-groups", NOTHING, concat(bytes(0x0A, 0xA0, 0x8D, 0x06), groups));
    add(
        "protobuf-random-spans",
        NOTHING,
        concat(bytes(0x0A, 0x88, 0x27, 0x12, 0x85, 0x27, 0x12, 0x82, 0x27), random(4_994)));
    byte[] deep = {};
    for (int i = 0; i < 600; i++) {
      deep = field(5, field(1, deep));
    }
    add(
        "protobuf-values-1200-deep",
        NOTHING,
        field(
            1,
            field(
                2,
                field(
                    2,
                    concat(
                        field(1, random(16)),
                        field(2, random(8)),
                        field(9, concat(field(1, utf8("k")), field(2, deep))))))));
  }

  private static byte[] field(int number, byte[] message) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(number << 3 | 2);
    int length = message.length;
    while (length > 0x7F) {
      out.write(length & 0x7F | 0x80);
      length >>>= 7;
    }
    out.write(length);
    out.writeBytes(message);
    return out.toByteArray();
  }
}
