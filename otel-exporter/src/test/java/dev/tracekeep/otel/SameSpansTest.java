package dev.tracekeep.otel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.conventions.Conventions;
import dev.tracekeep.document.SpanLine;
import dev.tracekeep.otlp.OtlpHandler;
import dev.tracekeep.otlp.OtlpProblem;
import dev.tracekeep.otlp.OtlpReader;
import dev.tracekeep.span.Span;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.internal.otlp.traces.TraceRequestMarshaler;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanLimits;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;

/** A span is the same by whichever door it comes: through the exporter, or as OTLP and a file. */
class SameSpansTest {
  /**
   * Without what the SDK's OTLP does not keep: an empty string is written as no value, and a lone
   * surrogate as a question mark.
   */
  private static final String[] TEXTS = {
    "plain",
    "a \"quoted\"\nline\t\u0007",
    "{\"role\":\"user\"}",
    "[1,2",
    "gr\u00FC\u00DFe \uD83D\uDE42"
  };

  private static final double[] NUMBERS = {
    0,
    -0.0,
    1,
    0.1,
    1e21,
    2e-3,
    1.0e7,
    123456789.125,
    Double.MIN_VALUE,
    Double.MAX_VALUE,
    2e23,
    Double.NaN,
    Double.POSITIVE_INFINITY,
    9007199254740993.0,
    1.0E-5,
    4.35
  };
  private static final String[] NAMES = {
    "gen_ai.operation.name",
    "gen_ai.request.model",
    "gen_ai.usage.input_tokens",
    "user.id",
    "session.id",
    "http.route",
    "error.type",
    "a.b",
    "gen_ai.input.messages"
  };

  /** What ends is collected, and nothing else is done. */
  private static final class Collecting implements SpanProcessor {
    final List<SpanData> ended = new ArrayList<>();

    @Override
    public void onStart(Context parent, ReadWriteSpan span) {}

    @Override
    public boolean isStartRequired() {
      return false;
    }

    @Override
    public void onEnd(ReadableSpan span) {
      ended.add(span.toSpanData());
    }

    @Override
    public boolean isEndRequired() {
      return true;
    }
  }

  @Property(tries = 300)
  void span_isTheSameThroughTheExporterAndThroughOtlp(@ForAll long seed) throws IOException {
    List<SpanData> ended = randomSpans(new Random(seed));
    SdkSpanMapper mapper = new SdkSpanMapper("default", Conventions.standard());

    List<@Nullable Span> exported = ended.stream().map(mapper::map).toList();

    // As lines, since a span's own text shows no more than its name.
    assertThat(lines(exported)).isEqualTo(lines(throughOtlp(ended)));
    assertThat(exported).isEqualTo(throughOtlp(ended));
  }

  private static List<String> lines(List<? extends @Nullable Span> spans) {
    return spans.stream().map(span -> span == null ? "none" : SpanLine.of(span)).toList();
  }

  private static List<Span> throughOtlp(List<SpanData> ended) throws IOException {
    // One request for each span: OTLP groups by resource and scope, and so changes the order.
    List<Span> read = new ArrayList<>();
    for (SpanData data : ended) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      TraceRequestMarshaler.create(List.of(data)).writeBinaryTo(out);
      OtlpReader.builder()
          .build()
          .read(
              new ByteArrayInputStream(out.toByteArray()),
              "test",
              new OtlpHandler() {
                @Override
                public void onSpan(Span span) {
                  read.add(span);
                }

                @Override
                public void onProblem(OtlpProblem problem) {
                  throw new AssertionError(problem);
                }
              });
    }
    return read;
  }

  private static List<SpanData> randomSpans(Random random) {
    Collecting collecting = new Collecting();
    try (SdkTracerProvider provider =
        SdkTracerProvider.builder()
            .setResource(Resource.create(attributes(random)))
            .setSpanLimits(
                SpanLimits.builder()
                    .setMaxNumberOfAttributes(5)
                    .setMaxNumberOfEvents(2)
                    .setMaxNumberOfLinks(2)
                    .setMaxNumberOfAttributesPerEvent(2)
                    .setMaxNumberOfAttributesPerLink(2)
                    .build())
            .addSpanProcessor(collecting)
            .build()) {
      Tracer tracer =
          random.nextBoolean()
              ? provider.get("scope")
              : provider
                  .tracerBuilder("scope")
                  .setInstrumentationVersion("1." + random.nextInt(3))
                  .build();
      for (int i = 0; i < 3; i++) {
        SpanBuilder builder =
            tracer
                .spanBuilder(pick(random, TEXTS))
                .setSpanKind(SpanKind.values()[random.nextInt(SpanKind.values().length)])
                .setStartTimestamp(
                    1_764_000_000_000_000_000L + random.nextInt(1000), TimeUnit.NANOSECONDS)
                .setAllAttributes(attributes(random));
        if (random.nextBoolean()) {
          builder.setParent(
              Context.root().with(io.opentelemetry.api.trace.Span.wrap(context(random))));
        }
        for (int j = random.nextInt(4); j > 0; j--) {
          builder.addLink(context(random), attributes(random));
        }
        io.opentelemetry.api.trace.Span span = builder.startSpan();
        for (int j = random.nextInt(4); j > 0; j--) {
          span.addEvent(
              random.nextBoolean() ? "exception" : pick(random, TEXTS),
              attributes(random),
              1_764_000_000_000_000_000L + j,
              TimeUnit.NANOSECONDS);
        }
        span.setStatus(StatusCode.values()[random.nextInt(3)], pick(random, TEXTS));
        span.end(1_764_000_000_100_000_000L + random.nextInt(1000), TimeUnit.NANOSECONDS);
      }
    }
    return collecting.ended;
  }

  private static SpanContext context(Random random) {
    String trace = String.format("%032x", random.nextInt(1, 1000));
    String span = String.format("%016x", random.nextInt(1, 1000));
    TraceState state =
        random.nextBoolean()
            ? TraceState.getDefault()
            : TraceState.builder().put("b", "2").put("a", "1").build();
    return random.nextBoolean()
        ? SpanContext.create(trace, span, TraceFlags.getSampled(), state)
        : SpanContext.createFromRemoteParent(trace, span, TraceFlags.getSampled(), state);
  }

  private static Attributes attributes(Random random) {
    AttributesBuilder out = Attributes.builder();
    for (int i = random.nextInt(5); i > 0; i--) {
      String name = pick(random, NAMES);
      switch (random.nextInt(6)) {
        case 0 -> out.put(name, pick(random, TEXTS));
        case 1 -> out.put(name, random.nextLong());
        case 2 -> out.put(name, NUMBERS[random.nextInt(NUMBERS.length)]);
        case 3 -> out.put(name, random.nextBoolean());
        case 4 ->
            out.put(
                AttributeKey.stringArrayKey(name),
                List.of(pick(random, TEXTS), pick(random, TEXTS)));
        default ->
            out.put(
                AttributeKey.doubleArrayKey(name),
                List.of(NUMBERS[random.nextInt(NUMBERS.length)], random.nextGaussian()));
      }
    }
    return out.build();
  }

  private static String pick(Random random, String[] values) {
    return values[random.nextInt(values.length)];
  }
}
