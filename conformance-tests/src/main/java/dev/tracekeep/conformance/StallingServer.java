package dev.tracekeep.conformance;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A server on a free port of this machine that takes every connection and answers none rightly. */
final class StallingServer implements AutoCloseable {
  private static final String HEADERS =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n";

  /** How far it comes. */
  enum Stage {
    /** Nothing is ever said. */
    ACCEPTED(""),
    /** Blanks without end, one at a time: never a whole message of any protocol. */
    DRIPPING(""),
    /** The headers of an answer by HTTP, and never its body. */
    HEADERS_SENT(HEADERS),
    /** Half a body. */
    BODY_BEGUN(HEADERS + "{\"baton\":"),
    /** A body of which one blank comes at a time. */
    BODY_DRIPPING(HEADERS),
    /** A body that comes fast and never ends. */
    BODY_ENDLESS(HEADERS + "{\"baton\":\"");

    private final String first;

    Stage(String first) {
      this.first = first;
    }
  }

  private final ServerSocket listening;
  private final Stage stage;
  private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closed = new CountDownLatch(1);

  StallingServer(Stage stage) throws IOException {
    this.stage = stage;
    this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start(this::listen);
  }

  int port() {
    return listening.getLocalPort();
  }

  private static void start(Runnable work) {
    Thread thread = new Thread(work, "kit-stalling-server");
    thread.setDaemon(true);
    thread.start();
  }

  private void listen() {
    while (!listening.isClosed()) {
      try {
        Socket socket = listening.accept();
        connections.add(socket);
        start(() -> drain(socket));
        start(() -> answer(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  /** Reads what is asked, so that the client can send all of it. */
  private static void drain(Socket socket) {
    try {
      socket.getInputStream().transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      // The client has given up, which is what it is here for.
    }
  }

  private void answer(Socket socket) {
    byte[] much = new byte[1 << 16];
    Arrays.fill(much, (byte) 'x');
    try {
      OutputStream out = socket.getOutputStream();
      out.write(stage.first.getBytes(StandardCharsets.US_ASCII));
      while (stage == Stage.BODY_ENDLESS) {
        out.write(much);
      }
      boolean drips = stage == Stage.DRIPPING || stage == Stage.BODY_DRIPPING;
      while (drips && !closed.await(100, TimeUnit.MILLISECONDS)) {
        out.write(' ');
      }
    } catch (IOException e) {
      // The client has given up.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    listening.close();
    for (Socket socket : connections) {
      socket.close();
    }
  }
}
