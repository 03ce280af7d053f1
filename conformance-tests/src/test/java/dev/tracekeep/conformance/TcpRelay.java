package dev.tracekeep.conformance;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands between a client and a server on the loopback and resets a connection after a number of
 * bytes that a seed chooses, in either direction: in the middle of a statement, or between a commit
 * and its acknowledgement.
 */
final class TcpRelay implements AutoCloseable {
  private final ServerSocket listener;
  private final String host;
  private final int port;
  private final Random random;
  private final int mostBytes;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger cuts = new AtomicInteger();
  private volatile boolean calm;
  private volatile boolean down;

  /**
   * @param mostBytes after so many bytes at the latest a connection is cut
   */
  TcpRelay(String host, int port, long seed, int mostBytes) throws IOException {
    this.host = host;
    this.port = port;
    this.random = new Random(seed);
    this.mostBytes = mostBytes;
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    daemon(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** How many connections were cut so far. */
  int cuts() {
    return cuts.get();
  }

  /** From now on nothing is cut any more. */
  void calmDown() {
    calm = true;
    down = false;
  }

  /** Resets all connections and lets none in: the server is gone. */
  void goDown() {
    down = true;
    open.forEach(TcpRelay::reset);
  }

  /** The server is back. */
  void comeUp() {
    down = false;
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        open.add(client);
        if (down) {
          reset(client);
          continue;
        }
        Socket server = new Socket(host, port);
        open.add(server);
        int up;
        int back;
        synchronized (random) {
          up = random.nextInt(mostBytes);
          back = random.nextInt(mostBytes);
        }
        daemon(() -> pump(client, server, up));
        daemon(() -> pump(server, client, back));
      } catch (IOException e) {
        if (!listener.isClosed()) {
          throw new IllegalStateException(e);
        }
      }
    }
  }

  private void pump(Socket from, Socket to, int budget) {
    byte[] buffer = new byte[8192];
    int left = budget;
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        int passed = calm ? read : Math.min(read, left);
        out.write(buffer, 0, passed);
        left -= passed;
        if (passed < read) {
          cuts.incrementAndGet();
          break;
        }
      }
    } catch (IOException e) {
      // The other direction was cut, or a side has closed: both are closed below.
      left = 0;
    } finally {
      reset(from);
      reset(to);
      open.remove(from);
      open.remove(to);
    }
  }

  private static void reset(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException e) {
      // Closed already.
      return;
    }
  }

  private static void daemon(Runnable task) {
    Thread thread = new Thread(task, "test-relay");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    open.forEach(TcpRelay::reset);
  }
}
