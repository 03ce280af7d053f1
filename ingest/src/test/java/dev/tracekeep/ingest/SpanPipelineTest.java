package dev.tracekeep.ingest;

import static dev.tracekeep.ingest.Spans.ended;
import static dev.tracekeep.ingest.Spans.event;
import static dev.tracekeep.ingest.Spans.started;
import static dev.tracekeep.ingest.Spans.update;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.storage.UnsupportedCapabilityException;
import dev.tracekeep.storage.WriteResult;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The threads around the state machine; what it decides is the simulation's. */
@Timeout(120)
class SpanPipelineTest {
  private static final Duration LONG = Duration.ofMinutes(1);

  @TempDir Path folder;

  private final FakeStore store = new FakeStore();

  private static Receipt receipt(CompletionStage<Receipt> stage) {
    return stage.toCompletableFuture().join();
  }

  private SpanPipeline pipeline(PipelineOptions.Builder options) {
    return SpanPipeline.open(store.storage(), options.build());
  }

  @Test
  void spans_ofManyThreads_areWrittenOnceAndShareCalls() throws InterruptedException {
    List<SpanKey> written = new CopyOnWriteArrayList<>();
    store.onCreate =
        spans -> {
          written.addAll(spans.stream().map(Span::key).toList());
          return FakeStore.written(spans.size());
        };
    try (SpanPipeline pipeline = pipeline(PipelineOptions.builder().maxWait(LONG))) {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        String name = "t" + i;
        threads.add(
            new Thread(
                () -> IntStream.range(0, 1_000).forEach(n -> pipeline.spanEnded(ended(name + n)))));
      }
      threads.forEach(Thread::start);
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(pipeline.flush(LONG)).isEqualTo(new SpanPipeline.FlushResult(true, 0));

      PipelineStatistics statistics = pipeline.statistics();
      assertThat(statistics.accepted()).isEqualTo(8_000);
      assertThat(statistics.written()).isEqualTo(8_000);
      assertThat(statistics.sum()).isEqualTo(8_000);
      assertThat(statistics.writtenAs())
          .isEqualTo(new PipelineStatistics.WrittenAs(8_000, 0, 0, 0));
      assertThat(written).hasSize(8_000).doesNotHaveDuplicates();
      assertThat(store.calls).hasSizeLessThan(2_000);
    }
  }

  @Test
  void strategies_sendWhatTheContractSays() {
    assertThat(sentBy("insert-only")).containsExactly("create [a]", "create [e]");
    assertThat(sentBy("event-sourced")).containsExactly("create [a]", "create [a]", "create [e]");
    assertThat(sentBy("batch-with-updates"))
        .containsExactly("create [a]", "update [a]", "update [a]", "create [e]");
    assertThat(sentBy("realtime"))
        .containsExactly("create [a]", "update [a]", "update [a]", "create [e]");
    assertThat(sentBy("auto")).isEqualTo(sentBy("event-sourced"));
  }

  private List<String> sentBy(String strategy) {
    store.calls.clear();
    try (SpanPipeline pipeline = pipeline(PipelineOptions.builder().strategy(strategy))) {
      receipt(pipeline.spanStarted(started("a")));
      receipt(pipeline.spanUpdated(update("a")));
      receipt(pipeline.spanEnded(ended("a")));
      receipt(pipeline.spanStarted(event("e")));
      receipt(pipeline.spanEnded(event("e")));
    }
    return List.copyOf(store.calls);
  }

  @Test
  void operationsOnOneSpan_thatWaitTogether_becomeOne() {
    try (SpanPipeline pipeline =
        pipeline(PipelineOptions.builder().strategy("batch-with-updates").linger(LONG))) {
      pipeline.spanStarted(started("a"));
      pipeline.spanUpdated(update("a"));
      pipeline.spanUpdated(update("b"));
      pipeline.spanUpdated(update("b"));
      CompletionStage<Receipt> ended = pipeline.spanEnded(ended("a"));
      pipeline.flush(LONG);

      assertThat(store.calls).containsExactly("create [a]", "update [b]");
      assertThat(receipt(ended)).isEqualTo(new Receipt(1, 0, 0, 0, 0));
      assertThat(pipeline.statistics().written()).isEqualTo(5);
      assertThat(pipeline.statistics().writtenAs())
          .isEqualTo(new PipelineStatistics.WrittenAs(2, 0, 0, 3));
    }
  }

  @Test
  void strategy_thatTheStoreLacks_isRefused() {
    store.strategies =
        new TracingStrategySupport(
            TracingStrategy.INSERT_ONLY, EnumSet.of(TracingStrategy.INSERT_ONLY));

    assertThatThrownBy(() -> pipeline(PipelineOptions.builder().strategy("realtime")))
        .isInstanceOf(UnsupportedCapabilityException.class)
        .hasMessageContaining("insert-only");
  }

  @Test
  void storeThatIsAwayAtTheStart_isInitializedWhenItComes() {
    AtomicInteger failures = new AtomicInteger(3);
    store.onInit =
        () -> {
          if (failures.getAndDecrement() > 0) {
            throw new StorageException(FailureKind.TRANSIENT, "not yet", null);
          }
        };
    try (SpanPipeline pipeline =
        pipeline(
            PipelineOptions.builder()
                .initializesStore(true)
                .retryDelay(Duration.ofMillis(1), Duration.ofMillis(1)))) {
      assertThat(receipt(pipeline.spanEnded(ended("a")))).isEqualTo(new Receipt(1, 0, 0, 0, 0));
      assertThat(receipt(pipeline.spanEnded(ended("b")))).isEqualTo(new Receipt(1, 0, 0, 0, 0));

      assertThat(store.calls)
          .containsExactly("init", "init", "init", "init", "create [a]", "create [b]");
    }
  }

  @Test
  void fullBuffer_withoutALog_refusesAfterTheWaitAndCountsIt() throws InterruptedException {
    CountDownLatch release = new CountDownLatch(1);
    store.onCreate =
        spans -> {
          join(release);
          return FakeStore.written(spans.size());
        };
    List<String> refused = new CopyOnWriteArrayList<>();
    PipelineListener listener =
        new PipelineListener() {
          @Override
          public void refused(SpanKey span, String reason) {
            refused.add(span.spanId() + ": " + reason);
          }
        };
    SpanPipeline pipeline =
        pipeline(
            PipelineOptions.builder()
                .buffer(3, 1 << 20)
                .maxWait(Duration.ofMillis(10))
                .listener(listener));
    List<CompletionStage<Receipt>> stages =
        IntStream.range(0, 5).mapToObj(n -> pipeline.spanEnded(ended("s" + n))).toList();

    assertThat(receipt(stages.get(3))).isEqualTo(new Receipt(0, 0, 1, 0, 0));
    assertThat(receipt(stages.get(4)).isSafe()).isFalse();
    PipelineStatistics during = pipeline.statistics();
    assertThat(during.waiting()).isEqualTo(3);
    assertThat(during.sum()).isEqualTo(during.accepted()).isEqualTo(5);
    release.countDown();
    assertThat(receipt(stages.get(0)).written()).isEqualTo(1);
    assertThat(pipeline.close(LONG)).isEqualTo(new SpanPipeline.FlushResult(true, 0));
    assertThat(refused)
        .containsExactly(
            "s3: there was no room in the buffer in time",
            "s4: there was no room in the buffer in time");
    assertThat(receipt(pipeline.spanEnded(ended("late"))).refused()).isEqualTo(1);
    assertThat(pipeline.statistics().sum()).isEqualTo(6);
  }

  private static void join(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void spans_whileTheStoreIsAway_waitInTheLogAndAreReplayed() throws IOException {
    List<Span> stored = new CopyOnWriteArrayList<>();
    store.onCreate =
        spans -> {
          throw new StorageException(FailureKind.TRANSIENT, "connection refused", null);
        };
    PipelineOptions options =
        PipelineOptions.builder().giveUpAfter(1, LONG).probeAfter(LONG, LONG).build();
    try (SpanPipeline pipeline =
        SpanPipeline.open(store.storage(), options, DeadLetterLog.open(folder.resolve("log")))) {
      Receipt receipt = receipt(pipeline.accept(List.of(ended("a"), ended("b"))));

      assertThat(receipt).isEqualTo(new Receipt(0, 2, 0, 0, 0));
      assertThat(pipeline.statistics().storeState()).isEqualTo(StoreState.UNAVAILABLE);
    }
    store.onCreate =
        spans -> {
          stored.addAll(spans);
          return FakeStore.written(spans.size());
        };
    try (SpanPipeline next =
        SpanPipeline.open(store.storage(), options, DeadLetterLog.open(folder.resolve("log")))) {
      assertThat(next.replayDeadLetters(false, LONG)).isTrue();

      assertThat(stored).containsExactly(ended("a"), ended("b"));
      assertThat(next.statistics().replay()).isEqualTo(new PipelineStatistics.Replay(2, 0, 0, 0));
      assertThat(next.statistics().accepted()).isZero();
    }
    assertThat(DeadLetterLog.openForReading(folder.resolve("log")).segments()).isEmpty();
  }

  @Test
  void oneBadSpanAmongAThousand_costsTwentyCallsAndItselfAlone() throws IOException {
    store.onCreate =
        spans -> {
          if (spans.stream().anyMatch(span -> span.key().spanId().equals("s613"))) {
            throw new StorageException(FailureKind.PERMANENT, "value out of range", null);
          }
          return FakeStore.written(spans.size());
        };
    try (SpanPipeline pipeline =
        SpanPipeline.open(
            store.storage(),
            PipelineOptions.builder().linger(LONG).build(),
            DeadLetterLog.open(folder.resolve("log")))) {
      CompletionStage<Receipt> stage =
          pipeline.accept(IntStream.range(0, 1_000).mapToObj(n -> ended("s" + n)).toList());
      pipeline.flush(LONG);

      assertThat(receipt(stage)).isEqualTo(new Receipt(999, 1, 0, 0, 0));
      assertThat(pipeline.statistics().storeCalls()).isLessThanOrEqualTo(1 + 20);
    }
    try (DeadLetterLog log = DeadLetterLog.openForReading(folder.resolve("log"))) {
      assertThat(log.segments()).hasSize(1);
      DeadLetterLog.Content content = log.read(log.segments().get(0));
      assertThat(content.letters()).hasSize(1);
      assertThat(content.letters().get(0).span()).isEqualTo(ended("s613"));
      assertThat(content.letters().get(0).reason()).isEqualTo("value out of range");
    }
  }

  @Test
  void refusedLetters_areTriedAgainWhenTold() throws IOException {
    store.onCreate =
        spans ->
            new WriteResult(
                0,
                0,
                WriteResult.Counts.NONE,
                List.of(),
                List.of(new WriteResult.Rejection(spans.get(0).key(), "is too large")));
    try (SpanPipeline pipeline =
        SpanPipeline.open(
            store.storage(),
            PipelineOptions.defaults(),
            DeadLetterLog.open(folder.resolve("log")))) {
      assertThat(receipt(pipeline.spanEnded(ended("a"))).deadLettered()).isEqualTo(1);
      store.onCreate = spans -> FakeStore.written(spans.size());

      assertThat(pipeline.replayDeadLetters(true, LONG)).isTrue();
      assertThat(pipeline.statistics().replay().written()).isEqualTo(1);
    }
  }

  @Test
  void close_withAStoreThatHangs_bringsSpansToTheLog() throws IOException {
    CountDownLatch never = new CountDownLatch(1);
    store.onCreate =
        spans -> {
          join(never);
          return FakeStore.written(0);
        };
    SpanPipeline pipeline =
        SpanPipeline.open(
            store.storage(), PipelineOptions.defaults(), DeadLetterLog.open(folder.resolve("log")));
    CompletionStage<Receipt> stage = pipeline.spanEnded(ended("a"));

    SpanPipeline.FlushResult result = pipeline.close(Duration.ofSeconds(2));

    assertThat(result).isEqualTo(new SpanPipeline.FlushResult(true, 0));
    assertThat(receipt(stage)).isEqualTo(new Receipt(0, 1, 0, 0, 0));
    never.countDown();
  }

  @Test
  void close_withAStoreThatHangs_andNoLog_saysWhatIsNotSafe() {
    CountDownLatch never = new CountDownLatch(1);
    store.onCreate =
        spans -> {
          join(never);
          return FakeStore.written(0);
        };
    SpanPipeline pipeline = pipeline(PipelineOptions.builder());
    CompletionStage<Receipt> stage = pipeline.spanEnded(ended("a"));

    assertThat(pipeline.flush(Duration.ofMillis(50)))
        .isEqualTo(new SpanPipeline.FlushResult(false, 1));
    assertThat(pipeline.close(Duration.ofMillis(200)))
        .isEqualTo(new SpanPipeline.FlushResult(false, 1));
    assertThat(receipt(stage)).isEqualTo(new Receipt(0, 0, 1, 0, 0));
    assertThat(pipeline.statistics().sum()).isEqualTo(1);
    never.countDown();
  }

  @Test
  void closedPipeline_letsNobodyWait() throws IOException {
    Duration day = Duration.ofDays(1);
    SpanPipeline pipeline =
        SpanPipeline.open(
            store.storage(), PipelineOptions.defaults(), DeadLetterLog.open(folder.resolve("log")));
    pipeline.spanEnded(ended("a"));

    assertThat(pipeline.close(LONG)).isEqualTo(new SpanPipeline.FlushResult(true, 0));

    assertThat(pipeline.close(day)).isEqualTo(new SpanPipeline.FlushResult(true, 0));
    assertThat(pipeline.flush(day)).isEqualTo(new SpanPipeline.FlushResult(true, 0));
    assertThat(pipeline.replayDeadLetters(true, day)).isFalse();
    assertThat(pipeline.statistics().written()).isEqualTo(1);
  }

  @Test
  void listener_thatThrows_changesNothing() {
    PipelineListener listener =
        new PipelineListener() {
          @Override
          public void refused(SpanKey span, String reason) {
            throw new IllegalStateException("listener");
          }
        };
    store.onCreate =
        spans -> {
          if (spans.get(0).key().spanId().equals("bad")) {
            throw new StorageException(FailureKind.PERMANENT, "bad", null);
          }
          return FakeStore.written(spans.size());
        };
    try (SpanPipeline pipeline = pipeline(PipelineOptions.builder().listener(listener))) {
      assertThat(receipt(pipeline.spanEnded(ended("bad"))).refused()).isEqualTo(1);
      assertThat(receipt(pipeline.spanEnded(ended("good"))).written()).isEqualTo(1);
    }
  }

  @Test
  void lightSpans_areRefusedBeforeAnythingIsTaken() {
    try (SpanPipeline pipeline = pipeline(PipelineOptions.builder())) {
      assertThatThrownBy(() -> pipeline.accept(List.of(ended("a"), ended("b").toLight())))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("trace/b");
      assertThat(pipeline.statistics().accepted()).isZero();
    }
  }
}
