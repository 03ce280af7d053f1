package dev.tracekeep.cli;

import dev.tracekeep.server.TracekeepServer;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.text.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.BindException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "serve",
    description = {
      "Receive spans by OTLP and store them. A success means that they are committed.",
      "A page to look at traces is at the address that it prints.",
      "Ctrl-C stops it, when what was received is stored."
    },
    footer = {
      "",
      "Senders bring the token in TRACEKEEP_WRITE_TOKEN, where it is set, as a bearer token;",
      "whoever reads what is stored, or /metrics, that in TRACEKEEP_READ_TOKEN."
    })
final class ServeCommand implements Callable<Integer> {
  private final CommandContext context;

  @Option(
      names = "--http-port",
      paramLabel = "PORT",
      order = 1,
      description = "For OTLP by HTTP; 4318 if not given, 0 for any free one.")
  private int httpPort = 4318;

  @Option(
      names = "--grpc-port",
      paramLabel = "PORT",
      order = 2,
      description = "For OTLP by gRPC; 4317 if not given, 0 for any free one.")
  private int grpcPort = 4317;

  @Option(
      names = "--bind",
      paramLabel = "ADDRESS",
      order = 3,
      description = "The address to listen on; this machine alone if not given.")
  private @Nullable String bind;

  @Option(
      names = "--retention",
      paramLabel = "DURATION",
      order = 4,
      description = "Delete traces of the tenant without activity for 12h, 30d, …")
  private @Nullable String retention;

  @Option(
      names = "--traces-only",
      order = 5,
      description = "Refuse metrics and logs; else they are answered and passed over.")
  private boolean tracesOnly;

  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  ServeCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    InetAddress address = address();
    CountDownLatch stop = new CountDownLatch(1);
    GracefulStop graceful = new GracefulStop(stop::countDown);
    try {
      try (ObservabilityStorage storage = store.openForWriting(context);
          TracekeepServer server = server(storage, address)) {
        start(server);
        print(server, address);
        await(stop);
      }
      context.console().message("Stopped. What was received is stored.");
      return ExitCode.OK;
    } finally {
      graceful.close();
    }
  }

  private TracekeepServer server(ObservabilityStorage storage, InetAddress address) {
    TracekeepServer.Builder builder =
        TracekeepServer.builder(storage)
            .address(address)
            .ports(httpPort, grpcPort)
            .tenant(store.tenant())
            .maxSpanBytes(store.maxSpanBytes(context))
            .writeToken(token("TRACEKEEP_WRITE_TOKEN"))
            .readToken(token("TRACEKEEP_READ_TOKEN"))
            .acceptsOtherSignals(!tracesOnly);
    if (retention != null) {
      builder.retention(TraceFilters.duration("--retention", retention));
    }
    return builder.build();
  }

  private @Nullable String token(String variable) {
    String token = context.environment().getOrDefault(variable, "");
    return token.isBlank() ? null : token;
  }

  private InetAddress address() {
    try {
      return bind == null ? InetAddress.getLoopbackAddress() : InetAddress.getByName(bind);
    } catch (UnknownHostException e) {
      throw new CommandFailure(ExitCode.USAGE, "--bind is '" + bind + "': there is no such host.");
    }
  }

  private static void start(TracekeepServer server) {
    try {
      server.start();
    } catch (BindException e) {
      throw new CommandFailure(
          ExitCode.FAILURE,
          e.getMessage()
              + ". Another receiver may have it: --http-port and --grpc-port take other ones, 0 any"
              + " free one.");
    } catch (IOException e) {
      throw new CommandFailure(ExitCode.FAILURE, String.valueOf(e.getMessage()));
    }
  }

  private void print(TracekeepServer server, InetAddress address) {
    Console console = context.console();
    PrintWriter out = console.out();
    out.println("Receiving spans of tenant " + Printable.line(store.tenant()) + ":");
    new Facts()
        .add("page", server.httpUri() + "/")
        .add("OTLP by HTTP", server.httpUri() + "/v1/traces")
        .add("OTLP by gRPC", server.grpcUri().toString())
        .add("store", store.displayedUrl(context))
        .print(console);
    out.flush();
    if (!address.isLoopbackAddress() && token("TRACEKEEP_WRITE_TOKEN") == null) {
      console.message(
          "Everyone who reaches "
              + address.getHostAddress()
              + " can send spans: TRACEKEEP_WRITE_TOKEN is not set.");
    }
  }

  /** Until Ctrl-C; a program that runs the command on a thread of its own interrupts that. */
  private static void await(CountDownLatch stop) {
    try {
      stop.await();
    } catch (InterruptedException e) {
      // That is how it is ended; what follows must not be disturbed by it.
    }
  }
}
