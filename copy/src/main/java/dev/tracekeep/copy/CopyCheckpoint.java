package dev.tracekeep.copy;

import dev.tracekeep.span.SpanKey;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How far a copy has come, in a file. It is written after the spans are committed: where the two
 * are cut apart, spans are copied a second time, which changes nothing. Not thread-safe.
 */
public final class CopyCheckpoint {
  private static final String PARAMETER = "parameter.";
  private static final String TENANT = "after.tenant";
  private static final String TRACE = "after.trace";
  private static final String SPAN = "after.span";

  private final Path file;
  private final Map<String, String> parameters;
  private @Nullable SpanKey after;

  private CopyCheckpoint(Path file, Map<String, String> parameters, @Nullable SpanKey after) {
    this.file = file;
    this.parameters = parameters;
    this.after = after;
  }

  /**
   * Reads the file, if it is there.
   *
   * @param parameters what makes the copy the same one, without secrets: from where, to where, what
   * @throws IllegalArgumentException if the file is of a copy with other parameters; the message
   *     names the first that differs
   * @throws IOException if it cannot be read, or is no checkpoint
   */
  public static CopyCheckpoint open(Path file, Map<String, String> parameters) throws IOException {
    Map<String, String> own = new TreeMap<>(parameters);
    if (!Files.exists(file)) {
      return new CopyCheckpoint(file, own, null);
    }
    Properties read = new Properties();
    try (Reader in = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      read.load(in);
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " is no checkpoint of a copy", e);
    }
    String trace = read.getProperty(TRACE);
    if (trace == null) {
      throw new IOException(file + " is no checkpoint of a copy");
    }
    for (Map.Entry<String, String> parameter : own.entrySet()) {
      String before = read.getProperty(PARAMETER + parameter.getKey(), "");
      if (!before.equals(parameter.getValue())) {
        throw new IllegalArgumentException(
            "The checkpoint "
                + file
                + " is of another copy: "
                + parameter.getKey()
                + " is '"
                + before
                + "' there and '"
                + parameter.getValue()
                + "' here");
      }
    }
    return new CopyCheckpoint(
        file, own, new SpanKey(read.getProperty(TENANT, ""), trace, read.getProperty(SPAN, "")));
  }

  /** The last key that is copied; empty for a copy that begins. */
  public Optional<SpanKey> after() {
    return Optional.ofNullable(after);
  }

  /** Keeps the last key that is committed. */
  void reached(SpanKey key) throws IOException {
    Properties written = new Properties();
    parameters.forEach((name, value) -> written.setProperty(PARAMETER + name, value));
    written.setProperty(TENANT, key.tenantId());
    written.setProperty(TRACE, key.traceId());
    written.setProperty(SPAN, key.spanId());
    Path absolute = file.toAbsolutePath();
    Path unfinished = absolute.resolveSibling(absolute.getFileName() + ".unfinished");
    try (Writer out = Files.newBufferedWriter(unfinished, StandardCharsets.UTF_8)) {
      written.store(out, "How far a copy of spans has come");
    }
    Files.move(
        unfinished, absolute, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    after = key;
  }

  /** Takes the file away, when the copy is done. */
  void done() throws IOException {
    Files.deleteIfExists(file);
  }
}
