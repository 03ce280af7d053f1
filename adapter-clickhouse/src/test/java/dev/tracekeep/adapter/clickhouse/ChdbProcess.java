package dev.tracekeep.adapter.clickhouse;

import com.clickhouse.data.ClickHouseCityHash;
import com.github.luben.zstd.Zstd;
import com.sun.jna.Native;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.jpountz.lz4.LZ4Factory;
import org.jspecify.annotations.NullMarked;

/** A {@link ChdbGateway} in a process of its own. */
final class ChdbProcess implements AutoCloseable {
  private final Process process;
  private final int port;

  private ChdbProcess(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  static ChdbProcess start(Path library) throws IOException {
    Process process = command(library).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader output = process.inputReader();
    String ready = output.readLine();
    if (ready == null || !ready.startsWith(ChdbGateway.READY)) {
      process.destroyForcibly();
      throw new IOException("The gateway of the ClickHouse engine did not start: " + ready);
    }
    return new ChdbProcess(process, Integer.parseInt(ready.substring(ChdbGateway.READY.length())));
  }

  /** What starts a gateway. */
  @SuppressWarnings("deprecation") // see CompressedBlocks
  static ProcessBuilder command(Path library) {
    // Named one by one: a test's class path may be a jar that is gone before this process starts.
    String classPath =
        Stream.of(
                ChdbGateway.class,
                Native.class,
                LZ4Factory.class,
                Zstd.class,
                ClickHouseCityHash.class,
                NullMarked.class)
            .map(ChdbProcess::location)
            .distinct()
            .collect(Collectors.joining(File.pathSeparator));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-Xshare:auto"));
    // JDK 24 and newer warn of native code unless this is allowed; JDK 17 accepts the flag.
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", classPath, ChdbGateway.class.getName(), library.toString()));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("TZ", "UTC");
    return builder;
  }

  private static String location(Class<?> type) {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("No file has the class " + type.getName(), e);
    }
  }

  /** Where it listens. */
  URI address() {
    return URI.create("http://127.0.0.1:" + port);
  }

  ProcessHandle handle() {
    return process.toHandle();
  }

  /**
   * Ends the gateway and waits for it.
   *
   * @throws IllegalStateException if it does not end by itself, or ends with an error
   */
  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("The gateway of the ClickHouse engine does not end");
      }
    } catch (IOException | InterruptedException e) {
      process.destroyForcibly();
      throw new IllegalStateException("The gateway of the ClickHouse engine was not ended", e);
    }
    if (process.exitValue() != 0) {
      throw new IllegalStateException(
          "The gateway of the ClickHouse engine ended with " + process.exitValue());
    }
  }
}
