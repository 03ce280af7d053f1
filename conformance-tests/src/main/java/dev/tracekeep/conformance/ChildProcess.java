package dev.tracekeep.conformance;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A {@link CrashChild} at work, as its parent sees it. Closing it kills it. */
final class ChildProcess implements AutoCloseable {
  private static final String END = "(the end)";

  /** For a child that hangs; a slow machine is to come nowhere near it. */
  private static final int PATIENCE_MINUTES = 10;

  private final Process process;
  private final Path temporary;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final StringBuilder output = new StringBuilder();

  private ChildProcess(Process process, Path temporary) {
    this.process = process;
    this.temporary = temporary;
  }

  /** Starts a child on the class path of this process. */
  static ChildProcess start(
      StorageFixture fixture,
      Map<String, String> properties,
      List<String> jvmOptions,
      String... action)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"));
    // What is killed removes no temporary file, and a driver's native library has 70 MB.
    Path temporary = Files.createTempDirectory("tracekeep-kit-child");
    command.add("-Djava.io.tmpdir=" + temporary);
    command.addAll(jvmOptions);
    // Surefire hides the class path in the manifest of a jar, and names it in a property.
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    command.addAll(List.of("-cp", classPath, CrashChild.class.getName()));
    command.add(fixture.provider().getClass().getName());
    command.addAll(List.of(action));
    ChildProcess child =
        new ChildProcess(new ProcessBuilder(command).redirectErrorStream(true).start(), temporary);
    Thread reader = new Thread(child::read, "kit-child-output");
    reader.setDaemon(true);
    reader.start();
    try (Writer in = child.process.outputWriter(StandardCharsets.UTF_8)) {
      for (Map.Entry<String, String> property : properties.entrySet()) {
        in.write(property.getKey() + "=" + property.getValue() + "\n");
      }
    }
    return child;
  }

  private void read() {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        synchronized (output) {
          output.append(line).append('\n');
        }
        lines.add(line);
      }
    } catch (IOException e) {
      // A kill closes the stream under the reader: that is the end, too.
      lines.add(END);
    } finally {
      lines.add(END);
    }
  }

  /** Waits for the child to say something. */
  void await(String word) throws InterruptedException {
    while (true) {
      String line = lines.poll(PATIENCE_MINUTES, TimeUnit.MINUTES);
      if (line == null || line.equals(END)) {
        throw new AssertionError(
            "The child process did not say " + word + ". It said:\n" + output());
      }
      if (line.startsWith("kit: " + word)) {
        return;
      }
    }
  }

  /** Waits until the child has come to its end by itself. */
  void awaitEnd() throws InterruptedException {
    await("DONE");
    if (!process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
      throw new AssertionError("The child process did not end well. It said:\n" + output());
    }
  }

  /** The number behind the last ACK, or -1; everything that was said by the end. */
  int lastAcknowledged() {
    int last = -1;
    for (String line : output().split("\n")) {
      if (line.startsWith("kit: ACK ")) {
        last = Integer.parseInt(line.substring("kit: ACK ".length()));
      }
    }
    return last;
  }

  String output() {
    synchronized (output) {
      return output.toString();
    }
  }

  /** SIGKILL where there is such a thing, and waits until the process is gone. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    if (!process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)) {
      throw new IllegalStateException("The child process does not die");
    }
    while (true) {
      String line = lines.poll(PATIENCE_MINUTES, TimeUnit.MINUTES);
      if (line == null || line.equals(END)) {
        return;
      }
    }
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly().onExit().join();
    try (Stream<Path> files = Files.walk(temporary)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
