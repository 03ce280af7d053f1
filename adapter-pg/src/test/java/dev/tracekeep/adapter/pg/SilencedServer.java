package dev.tracekeep.adapter.pg;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A server behind a line that passes everything on, until it passes nothing on any more. */
final class SilencedServer implements AutoCloseable {
  private static final String PREFIX = "jdbc:";
  private static final int DEFAULT_PORT = 5432;

  private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final URI server;
  private volatile boolean silent;

  private SilencedServer(URI server) throws IOException {
    this.server = server;
    start(this::listen);
  }

  static SilencedServer inFrontOf(String url) throws IOException {
    return new SilencedServer(URI.create(url.substring(PREFIX.length())));
  }

  String url() {
    return PREFIX
        + server.toString().replaceFirst("//[^/]*", "//127.0.0.1:" + listening.getLocalPort());
  }

  void silence() {
    silent = true;
  }

  private static void start(Runnable work) {
    Thread thread = new Thread(work, "silenced-server");
    thread.setDaemon(true);
    thread.start();
  }

  private void listen() {
    try {
      while (true) {
        Socket client = listening.accept();
        Socket behind =
            new Socket(server.getHost(), server.getPort() < 0 ? DEFAULT_PORT : server.getPort());
        sockets.add(client);
        sockets.add(behind);
        start(() -> pass(client, behind));
        start(() -> pass(behind, client));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void pass(Socket from, Socket to) {
    byte[] buffer = new byte[8192];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        if (!silent) {
          out.write(buffer, 0, count);
        }
      }
      if (!silent) {
        to.close();
      }
    } catch (IOException e) {
      // closed
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
