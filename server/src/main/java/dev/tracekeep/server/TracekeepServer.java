package dev.tracekeep.server;

import dev.tracekeep.otlp.OtlpReader;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.PruneReport;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.http.UriCompliance.Violation;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.server.handler.MinimumDataRateHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An OTLP receiver before a store, by HTTP and by gRPC, with an API to read what is stored. <b>A
 * success means that the spans are committed.</b> Requests that come at the same time share a
 * transaction. While the store is away, senders are asked to send again later; what they repeat is
 * stored once.
 *
 * <p>Thread-safe. The server does not close the store.
 */
public final class TracekeepServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TracekeepServer.class);

  /** What OTLP 1.11 recommends. */
  private static final int MAX_REQUEST_BYTES = 64 << 20;

  private static final long MIN_BYTES_IN_FLIGHT = 16L << 20;
  private static final long MAX_BYTES_IN_FLIGHT = 256L << 20;

  /** Spans of one transaction: above some thousand they gain no more. */
  private static final int SPANS_PER_COMMIT = 8_000;

  /** Slower senders, in bytes a second, are cut off: they would hold memory for hours. */
  private static final int MIN_BYTES_PER_SECOND = 200;

  private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration SHUTDOWN_IDLE_TIMEOUT = Duration.ofMillis(50);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(15);
  private static final Duration PRUNE_INTERVAL = Duration.ofMinutes(10);
  private static final int PRUNED_AT_ONCE = 500;
  private static final int MAX_THREADS = 32;

  private final ObservabilityStorage storage;
  private final Server server;
  private final ServerConnector http;
  private final ServerConnector grpc;
  private final GroupCommit commit;
  private final ServerMetrics metrics = new ServerMetrics();
  private final @Nullable ScheduledExecutorService pruning;

  private TracekeepServer(Builder builder) {
    this.storage = builder.storage;
    this.commit = new GroupCommit(storage::batchCreateSpans, SPANS_PER_COMMIT, metrics);
    OtlpReader own = reader(builder, builder.tenant);
    Function<String, OtlpReader> readers =
        tenant -> tenant.equals(builder.tenant) ? own : reader(builder, tenant);
    Receiver receiver =
        new Receiver(
            commit,
            readers,
            MAX_REQUEST_BYTES,
            Math.max(
                MIN_BYTES_IN_FLIGHT,
                Math.min(MAX_BYTES_IN_FLIGHT, Runtime.getRuntime().maxMemory() / 8)),
            metrics);
    Gate gate =
        new Gate(
            builder.address.isLoopbackAddress(),
            builder.tenant,
            builder.writeToken,
            builder.readToken);
    OtherSignals others = new OtherSignals(builder.acceptsOtherSignals, metrics);
    QueuedThreadPool threads = new QueuedThreadPool(MAX_THREADS, 4);
    threads.setName("tracekeep-server");
    threads.setDaemon(true);
    this.server = new Server(threads);
    HttpConfiguration configuration = new HttpConfiguration();
    configuration.setSendServerVersion(false);
    // Ids may have slashes; the API decodes what stands between the real ones by itself.
    configuration.setUriCompliance(
        UriCompliance.DEFAULT.with(
            "ids", Violation.AMBIGUOUS_PATH_SEPARATOR, Violation.AMBIGUOUS_PATH_ENCODING));
    this.http = connector(builder, builder.httpPort, new HttpConnectionFactory(configuration));
    this.grpc =
        connector(builder, builder.grpcPort, new HTTP2CServerConnectionFactory(configuration));
    Handler overHttp =
        new HttpHandler(
            receiver, gate, others, storage::check, new Api(storage, builder.clock), metrics);
    Handler overGrpc = new GrpcHandler(receiver, gate, others, metrics);
    Handler both = new ByConnector(grpc, overGrpc, overHttp);
    server.setHandler(
        new GracefulHandler(new MinimumDataRateHandler(both, MIN_BYTES_PER_SECOND, 0)));
    server.setStopTimeout(STOP_TIMEOUT.toMillis());
    this.pruning = builder.retention == null ? null : pruning(builder, builder.retention);
  }

  private static OtlpReader reader(Builder builder, String tenant) {
    return OtlpReader.builder()
        .tenant(tenant)
        .maxSpanBytes(builder.maxSpanBytes)
        .maxMessageBytes(MAX_REQUEST_BYTES)
        .build();
  }

  private ServerConnector connector(Builder builder, int port, ConnectionFactory protocol) {
    ServerConnector connector = new ServerConnector(server, 1, 1, protocol);
    connector.setHost(builder.address.getHostAddress());
    connector.setPort(port);
    connector.setIdleTimeout(IDLE_TIMEOUT.toMillis());
    // At the end, connections that are kept open for a request that may come are not waited for.
    connector.setShutdownIdleTimeout(SHUTDOWN_IDLE_TIMEOUT.toMillis());
    server.addConnector(connector);
    return connector;
  }

  private ScheduledExecutorService pruning(Builder builder, Duration retention) {
    ScheduledExecutorService executor =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "tracekeep-prune");
              thread.setDaemon(true);
              return thread;
            });
    executor.scheduleWithFixedDelay(
        () -> prune(builder.tenant, builder.clock, retention),
        0,
        PRUNE_INTERVAL.toSeconds(),
        TimeUnit.SECONDS);
    return executor;
  }

  private void prune(String tenant, Clock clock, Duration retention) {
    try {
      PruneReport report;
      do {
        report =
            storage.pruneTraces(
                new PruneRequest(tenant, clock.instant().minus(retention), PRUNED_AT_ONCE));
        metrics.pruned(report.traces());
      } while (!report.done() && !Thread.currentThread().isInterrupted());
    } catch (StorageException e) {
      LOG.warn("Old traces could not be deleted, which is tried again: {}", e.getMessage());
    }
  }

  /**
   * A builder.
   *
   * @param storage an initialized store
   */
  public static Builder builder(ObservabilityStorage storage) {
    return new Builder(storage);
  }

  /**
   * Opens the ports.
   *
   * @throws BindException if a port is in use, or is none that this process may have; its message
   *     names the port
   * @throws IOException if the server cannot start
   */
  public TracekeepServer start() throws IOException {
    try {
      http.open();
      grpc.open();
      server.start();
      return this;
    } catch (Exception e) {
      close();
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof BindException) {
          int port = http.isOpen() ? grpc.getPort() : http.getPort();
          BindException named =
              new BindException(
                  "Port "
                      + port
                      + " of "
                      + http.getHost()
                      + " cannot be had: "
                      + cause.getMessage());
          named.initCause(e);
          throw named;
        }
      }
      throw e instanceof IOException io ? io : new IOException("The server does not start", e);
    }
  }

  /** Where HTTP is answered; after the start. */
  public URI httpUri() {
    return uri(http);
  }

  /** Where gRPC is answered, without TLS; after the start. */
  public URI grpcUri() {
    return uri(grpc);
  }

  private static URI uri(ServerConnector connector) {
    String host = connector.getHost();
    return URI.create(
        "http://"
            + (host.contains(":") ? "[" + host + "]" : host)
            + ":"
            + connector.getLocalPort());
  }

  /**
   * Takes no more requests, waits for up to 15 seconds for those that are there, and for the commit
   * of what they brought. Idempotent.
   */
  @Override
  public void close() {
    if (pruning != null) {
      pruning.shutdownNow();
    }
    try {
      server.stop();
    } catch (Exception e) {
      LOG.warn("The server did not stop in time: {}", e.getMessage());
    }
    http.close();
    grpc.close();
    commit.close();
  }

  /** Sends a request to the handler of the port that it came by. */
  private static final class ByConnector extends Handler.Abstract {
    private final ServerConnector grpc;
    private final Handler overGrpc;
    private final Handler overHttp;

    ByConnector(ServerConnector grpc, Handler overGrpc, Handler overHttp) {
      this.grpc = grpc;
      this.overGrpc = overGrpc;
      this.overHttp = overHttp;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
      boolean isGrpc = request.getConnectionMetaData().getConnector() == grpc;
      return (isGrpc ? overGrpc : overHttp).handle(request, response, callback);
    }
  }

  /** Collects the settings by name. Not thread-safe. */
  public static final class Builder {
    private final ObservabilityStorage storage;
    private InetAddress address = InetAddress.getLoopbackAddress();
    private int httpPort = 4318;
    private int grpcPort = 4317;
    private String tenant = SpanKey.DEFAULT_TENANT;
    private long maxSpanBytes = StorageConfig.DEFAULT_MAX_SPAN_BYTES;
    private @Nullable String writeToken;
    private @Nullable String readToken;
    private boolean acceptsOtherSignals = true;
    private @Nullable Duration retention;
    private Clock clock = Clock.systemUTC();

    private Builder(ObservabilityStorage storage) {
      this.storage = Objects.requireNonNull(storage, "storage");
    }

    /** Sets the address to listen on; the loopback address if never called. */
    public Builder address(InetAddress value) {
      address = Objects.requireNonNull(value, "address");
      return this;
    }

    /** Sets the ports for HTTP and gRPC; 4318 and 4317 if never called, and 0 for any free one. */
    public Builder ports(int overHttp, int overGrpc) {
      httpPort = port("HTTP", overHttp);
      grpcPort = port("gRPC", overGrpc);
      return this;
    }

    private static int port(String what, int value) {
      if (value < 0 || value > 65_535) {
        throw new IllegalArgumentException(
            "The port for " + what + " is " + value + ": it must lie between 0 and 65535");
      }
      return value;
    }

    /**
     * Sets whose the spans are; {@link SpanKey#DEFAULT_TENANT} if never called. Without a token to
     * write, a request may name another tenant by the header {@code X-Tracekeep-Tenant}.
     */
    public Builder tenant(String value) {
      new SpanKey(value, "0", "0"); // refuses a bad tenant now, not at each request
      tenant = value;
      return this;
    }

    /** Sets how large a span may be, which should be the limit of the store, in bytes. */
    public Builder maxSpanBytes(long value) {
      maxSpanBytes = value;
      return this;
    }

    /**
     * Sets what a sender must bring as a bearer token; null, the default, for nothing.
     *
     * @throws IllegalArgumentException if it is blank
     */
    public Builder writeToken(@Nullable String value) {
      writeToken = token(value);
      return this;
    }

    /**
     * Sets what a reader of the API and of the metrics must bring; null, the default, for nothing.
     *
     * @throws IllegalArgumentException if it is blank
     */
    public Builder readToken(@Nullable String value) {
      readToken = token(value);
      return this;
    }

    private static @Nullable String token(@Nullable String value) {
      if (value != null && value.isBlank()) {
        throw new IllegalArgumentException("A token is blank");
      }
      return value;
    }

    /**
     * Whether metrics and logs are answered with success and passed over, as by default; else they
     * are refused.
     */
    public Builder acceptsOtherSignals(boolean value) {
      acceptsOtherSignals = value;
      return this;
    }

    /**
     * Sets for how long traces of the tenant are kept after their last activity; for ever if never
     * called. Older ones are deleted every ten minutes.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public Builder retention(Duration value) {
      if (value.isNegative() || value.isZero()) {
        throw new IllegalArgumentException("The retention is " + value + ": it must be positive");
      }
      retention = value;
      return this;
    }

    /** Sets by whose time traces are old or recent; the system's if never called. */
    public Builder clock(Clock value) {
      clock = Objects.requireNonNull(value, "clock");
      return this;
    }

    /** A server that listens nowhere yet. */
    public TracekeepServer build() {
      return new TracekeepServer(this);
    }
  }
}
