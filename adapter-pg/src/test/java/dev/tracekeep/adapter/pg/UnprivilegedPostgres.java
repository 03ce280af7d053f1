package dev.tracekeep.adapter.pg;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * PostgreSQL started by root in the name of nobody: the server refuses to run as root, and where a
 * container allows no user namespaces the library that unpacked it can do nothing about that.
 */
final class UnprivilegedPostgres {
  private static final List<String> AS_NOBODY =
      List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");

  private UnprivilegedPostgres() {}

  /**
   * Starts the newest of the unpacked servers; it is stopped when the JVM ends.
   *
   * @param unpacked where the binaries were unpacked
   * @param reason why the usual way did not work
   * @return the address of its database
   */
  static String start(Path unpacked, Exception reason) throws IOException {
    Path binaries;
    try (Stream<Path> found = Files.find(unpacked, 3, (path, a) -> path.endsWith("bin/initdb"))) {
      binaries =
          found
              .max((a, b) -> Long.compare(a.toFile().lastModified(), b.toFile().lastModified()))
              .orElseThrow(() -> new IOException("There is no initdb in " + unpacked, reason))
              .getParent();
    }
    Path home = Files.createTempDirectory("tracekeep-pg-data");
    run(List.of("chown", "65534:65534", home.toString()));
    String data = home.resolve("data").toString();
    int port = freePort();
    asNobody(binaries, "initdb", "-A", "trust", "-U", "postgres", "-E", "UTF-8", "-D", data);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(binaries, home, data)));
    asNobody(
        binaries,
        "pg_ctl",
        "-D",
        data,
        "-l",
        home.resolve("log").toString(),
        "-o",
        "-p "
            + port
            + " -F -c listen_addresses=localhost -c unix_socket_directories='' -c deadlock_timeout="
            + PgTestServer.DEADLOCK_TIMEOUT,
        "-w",
        "start");
    return "jdbc:postgresql://localhost:" + port + "/postgres?user=postgres";
  }

  private static void stop(Path binaries, Path home, String data) {
    try {
      asNobody(binaries, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop");
      run(List.of("rm", "-r", home.toString()));
    } catch (IOException e) {
      System.err.println("The test server in " + data + " was not stopped: " + e.getMessage());
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static void asNobody(Path binaries, String program, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(AS_NOBODY);
    command.add(binaries.resolve(program).toString());
    command.addAll(List.of(arguments));
    run(command);
  }

  private static void run(List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      int exit = process.waitFor();
      if (exit != 0) {
        throw new IOException("Exit code " + exit + " of " + String.join(" ", command));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted while waiting for " + command.get(0), e);
    }
  }
}
