package dev.tracekeep.server;

import dev.tracekeep.otlp.MalformedRequestException;
import dev.tracekeep.otlp.OtlpEncoding;
import dev.tracekeep.otlp.OtlpProblem;
import dev.tracekeep.otlp.OtlpReader;
import dev.tracekeep.span.Span;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.Promise;
import org.eclipse.jetty.util.thread.Invocable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a request of OTLP from its body to the commit, whichever protocol brought it. Thread-safe.
 */
final class Receiver {
  private static final Logger LOG = LoggerFactory.getLogger(Receiver.class);

  /** Messages in one answer; the number of spans tells about the rest. */
  private static final int MAX_MESSAGES = 5;

  private final GroupCommit commit;
  private final Function<String, OtlpReader> readers;
  private final int maxRequestBytes;
  private final long maxBytesInFlight;
  private final ServerMetrics metrics;

  /**
   * A request that is done.
   *
   * @param rejected how many of its spans are not stored and never will be
   * @param message why, or what is odd about it; empty if there is nothing to say
   */
  record Answer(long rejected, String message) {}

  /** How a body is packed. */
  enum Packing {
    NONE,
    GZIP,
    DEFLATE
  }

  /**
   * @param readers from a tenant to a reader of its requests
   * @param maxRequestBytes how large a request may be, unpacked
   * @param maxBytesInFlight how much of all requests may be in memory; one is always let in
   */
  Receiver(
      GroupCommit commit,
      Function<String, OtlpReader> readers,
      int maxRequestBytes,
      long maxBytesInFlight,
      ServerMetrics metrics) {
    this.commit = commit;
    this.readers = readers;
    this.maxRequestBytes = maxRequestBytes;
    this.maxBytesInFlight = maxBytesInFlight;
    this.metrics = metrics;
  }

  int maxRequestBytes() {
    return maxRequestBytes;
  }

  /** Room in memory that a request has taken. Not thread-safe. */
  final class Room implements AutoCloseable {
    private long bytes;

    /**
     * Takes as much as is needed in all.
     *
     * @throws Refusal if there is not as much
     */
    void need(long total) {
      long more = Math.max(0, total - bytes);
      long now = metrics.bytesInFlight().addAndGet(more);
      if (now > maxBytesInFlight && now > total) {
        metrics.bytesInFlight().addAndGet(-more);
        throw new Refusal(
            Refusal.Kind.UNAVAILABLE,
            "there are as many requests on their way as fit the memory: send this one again later");
      }
      bytes += more;
    }

    @Override
    public void close() {
      metrics.bytesInFlight().addAndGet(-bytes);
      bytes = 0;
    }
  }

  Room room() {
    return new Room();
  }

  /**
   * Receives a request.
   *
   * @return completes after the commit; or with a {@link Refusal}
   * @throws Refusal if it is refused at once
   */
  CompletionStage<Answer> receive(
      byte[] packed, Packing packing, OtlpEncoding encoding, String tenant, Room room) {
    byte[] body = unpacked(packed, packing, room);
    List<OtlpProblem> problems = new ArrayList<>();
    List<Span> spans;
    try {
      spans = readers.apply(tenant).readRequest(body, encoding, problems::add);
    } catch (MalformedRequestException e) {
      throw new Refusal(Refusal.Kind.MALFORMED, String.valueOf(e.getMessage()));
    }
    metrics.received(spans.size(), body.length);
    if (spans.isEmpty()) {
      return CompletableFuture.completedStage(answer(problems, List.of()));
    }
    return commit
        .submit(spans)
        .handle(
            (result, failure) -> {
              if (failure != null) {
                throw refused(failure);
              }
              List<String> reasons = new ArrayList<>();
              result.rejected().forEach((key, reason) -> reasons.add("span " + key + " " + reason));
              return answer(problems, reasons);
            });
  }

  /** The bytes of a request as they come, without a thread that waits for them. */
  static CompletionStage<byte[]> body(Content.Source source, int maxBytes) {
    CompletableFuture<byte[]> body = new CompletableFuture<>();
    Content.Source.asByteArrayAsync(
        source,
        maxBytes,
        Promise.Invocable.from(
            Invocable.InvocationType.BLOCKING, body::complete, body::completeExceptionally));
    return body;
  }

  private byte[] unpacked(byte[] packed, Packing packing, Room room) {
    if (packing == Packing.NONE) {
      return packed;
    }
    // What it unpacks to is known only afterwards: most of it is four times as large.
    room.need(Math.min(5L * packed.length, packed.length + (long) maxRequestBytes));
    try (InputStream in = inflating(packed, packing)) {
      byte[] body = in.readNBytes(maxRequestBytes + 1);
      if (body.length > maxRequestBytes) {
        throw new Refusal(Refusal.Kind.TOO_LARGE, tooLarge());
      }
      room.need((long) packed.length + body.length);
      return body;
    } catch (ZipException | EOFException e) {
      throw new Refusal(
          Refusal.Kind.MALFORMED,
          "the body is not what its content encoding says: it cannot be unpacked");
    } catch (IOException e) {
      throw new Refusal(Refusal.Kind.MALFORMED, "the body cannot be unpacked");
    }
  }

  private static InputStream inflating(byte[] packed, Packing packing) throws IOException {
    InputStream in = new ByteArrayInputStream(packed);
    return packing == Packing.GZIP ? new GZIPInputStream(in, 1 << 14) : new InflaterInputStream(in);
  }

  String tooLarge() {
    return "the request has more than " + maxRequestBytes + " bytes unpacked, the limit";
  }

  private Answer answer(List<OtlpProblem> problems, List<String> rejections) {
    List<String> messages = new ArrayList<>();
    long rejected = rejections.size();
    for (OtlpProblem problem : problems) {
      if (problem.severity() == OtlpProblem.Severity.REFUSED) {
        rejected++;
        messages.add(messages.size() < MAX_MESSAGES ? problem.message() : "");
      }
    }
    messages.addAll(rejections);
    for (OtlpProblem problem : problems) {
      if (problem.severity() != OtlpProblem.Severity.REFUSED) {
        messages.add(problem.message());
      }
    }
    metrics.refused(rejected);
    String text = String.join("; ", messages.subList(0, Math.min(MAX_MESSAGES, messages.size())));
    int more = messages.size() - MAX_MESSAGES;
    return new Answer(rejected, more > 0 ? text + "; and " + more + " more" : text);
  }

  /** What to answer where reading a request or storing it has failed. */
  Refusal refusal(Throwable failure) {
    Throwable cause = cause(failure);
    if (cause instanceof Refusal refusal) {
      return refusal;
    }
    if (cause instanceof IllegalStateException) { // of Jetty, when it has read more than it may
      return new Refusal(Refusal.Kind.TOO_LARGE, tooLarge());
    }
    if (cause instanceof TimeoutException || cause instanceof IOException) {
      return new Refusal(Refusal.Kind.MALFORMED, "the request ended before its body was complete");
    }
    if (cause instanceof StorageException storage) {
      return new Refusal(
          storage.kind() == FailureKind.INVALID ? Refusal.Kind.MALFORMED : Refusal.Kind.UNAVAILABLE,
          String.valueOf(cause.getMessage()));
    }
    LOG.error("A request failed in a way that nobody has thought of", cause);
    return new Refusal(Refusal.Kind.UNAVAILABLE, "the server failed: see its log");
  }

  private static Throwable cause(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    return cause == null ? failure : cause;
  }

  private static Refusal refused(Throwable failure) {
    Throwable cause = cause(failure);
    // A sender that hears of a lasting fault would throw its spans away; the fault is ours to mend.
    LOG.warn("A request could not be stored: {}", String.valueOf(cause.getMessage()));
    return new Refusal(
        Refusal.Kind.UNAVAILABLE,
        cause instanceof StorageException
            ? "the store does not take the spans now: send them again later"
            : "the spans could not be stored: send them again later");
  }
}
