package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.WriteResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(1200)
class BatchWriterTest {
  private final List<Integer> batches = Collections.synchronizedList(new ArrayList<>());
  private final List<String> retries = Collections.synchronizedList(new ArrayList<>());

  private BatchWriter writer(Function<List<Span>, WriteResult> store) {
    return new BatchWriter(store, result -> {}, e -> retries.add(String.valueOf(e.getMessage())));
  }

  private WriteResult record(List<Span> spans) {
    batches.add(spans.size());
    return WriteResult.EMPTY;
  }

  @Test
  void add_fullBatches_areWrittenAndTheRestAtTheEnd() {
    try (BatchWriter writer = writer(this::record)) {
      for (int i = 0; i < 2 * BatchWriter.MAX_SPANS + 5; i++) {
        writer.add(TestSpans.ended("s" + i, null, 0, 1));
      }
      writer.finish();
    }
    assertThat(batches).containsExactly(BatchWriter.MAX_SPANS, BatchWriter.MAX_SPANS, 5);
  }

  @Test
  void add_largeSpans_areWrittenInSmallerBatches() {
    Json large = Json.of("x".repeat(12 << 20));
    Span span =
        TestSpans.span("s", null, 0, 1L).payload(Payload.builder().input(large).build()).build();
    try (BatchWriter writer = writer(this::record)) {
      for (int i = 0; i < 4; i++) {
        writer.add(span);
      }
      writer.finish();
    }
    assertThat(batches).containsExactly(3, 1);
  }

  @Test
  void add_largeNames_areWrittenInSmallerBatches() {
    Span span = TestSpans.span("s", null, 0, 1L).name("x".repeat(12 << 20)).build();
    try (BatchWriter writer = writer(this::record)) {
      for (int i = 0; i < 4; i++) {
        writer.add(span);
      }
      writer.finish();
    }
    assertThat(batches).containsExactly(3, 1);
  }

  @Test
  void writeOld_writesWhatHasWaitedLongEnough() {
    AtomicLong now = new AtomicLong();
    try (BatchWriter writer = new BatchWriter(this::record, result -> {}, e -> {}, now::get)) {
      writer.writeOld();
      writer.add(TestSpans.ended("a", null, 0, 1));
      now.addAndGet(BatchWriter.MAX_AGE.toNanos() - 1);
      writer.add(TestSpans.ended("b", null, 0, 1));
      writer.writeOld();
      now.incrementAndGet();
      writer.writeOld();
      writer.add(TestSpans.ended("c", null, 0, 1));
      writer.writeOld();
      writer.finish();
    }
    assertThat(batches).containsExactly(2, 1);
  }

  @Test
  void stop_writesWhatWasAdded() throws InterruptedException {
    BatchWriter writer = writer(this::record);
    for (int i = 0; i < BatchWriter.MAX_SPANS + 5; i++) {
      writer.add(TestSpans.ended("s" + i, null, 0, 1));
    }
    assertThat(writer.stop()).isNull();
    assertThat(batches).containsExactly(BatchWriter.MAX_SPANS, 5);
    writer.close();
  }

  /** The summary of an import that is interrupted must not count what was held back. */
  @Test
  void spanThatComesBehindTheStop_isNotCounted() throws InterruptedException {
    BatchWriter writer = writer(this::record);
    writer.add(TestSpans.ended("s", null, 0, 1));
    assertThat(writer.stop()).isNull();
    Thread late = new Thread(() -> writer.add(TestSpans.ended("t", null, 0, 1)));
    late.setDaemon(true); // It stays where it is, as the reading thread does.
    late.start();
    while (late.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    assertThat(writer.added()).isEqualTo(1);
    assertThat(batches).containsExactly(1);
    writer.close();
  }

  @Test
  void stop_withAStoreThatFails_saysWhyAndDoesNotTryAgain() throws InterruptedException {
    AtomicInteger calls = new AtomicInteger();
    BatchWriter writer =
        writer(
            spans -> {
              calls.incrementAndGet();
              throw new StorageException(FailureKind.TRANSIENT, "the server is gone", null);
            });
    writer.add(TestSpans.ended("s", null, 0, 1));
    assertThat(writer.stop()).isEqualTo("the server is gone");
    assertThat(calls).hasValue(1);
    writer.close();
  }

  @Test
  void finish_nothingAdded_writesNothing() {
    try (BatchWriter writer = writer(this::record)) {
      writer.finish();
    }
    assertThat(batches).isEmpty();
  }

  @Test
  void write_retryableFailure_isTriedAgain() {
    AtomicInteger calls = new AtomicInteger();
    try (BatchWriter writer =
        writer(
            spans -> {
              if (calls.incrementAndGet() == 1) {
                throw new StorageException(FailureKind.TRANSIENT, "the connection broke", null);
              }
              return record(spans);
            })) {
      writer.add(TestSpans.ended("s", null, 0, 1));
      writer.finish();
    }
    assertThat(batches).containsExactly(1);
    assertThat(retries).containsExactly("the connection broke");
  }

  @Test
  void write_permanentFailure_reachesTheReaderAndStopsTheRest() {
    StorageException failure =
        new StorageException(FailureKind.PERMANENT, "the disk is full", null);
    AtomicInteger calls = new AtomicInteger();
    try (BatchWriter writer =
        writer(
            spans -> {
              calls.incrementAndGet();
              throw failure;
            })) {
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 10 * BatchWriter.MAX_SPANS; i++) {
                  writer.add(TestSpans.ended("s" + i, null, 0, 1));
                }
                writer.finish();
              })
          .isSameAs(failure);
    }
    assertThat(calls).hasValue(1);
    assertThat(retries).isEmpty();
  }
}
