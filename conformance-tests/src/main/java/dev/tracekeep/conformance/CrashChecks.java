package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A process that is killed (SIGKILL) takes nothing with it. */
@CheckGroup("Killed processes")
abstract class CrashChecks extends ModelChecks {
  /**
   * Killed before and after every kind of statement, a migration is run again and ends the same.
   */
  @Test
  @Tag(SLOW)
  public final void killAtEveryStep_thenResume() throws Exception {
    requireDurable();
    Smooth smooth = smoothApply();
    for (int at : places(smooth.events())) {
      TestDatabase database = anotherDatabase();
      RawAccess raw = database.raw().orElseThrow();
      LegacyTable legacy = LegacyTable.createSmall(raw);
      killAt(database, "apply", Integer.toString(at));
      raw.endClaims();
      ObservabilityStorage next = open(database, Map.of());
      next.migration().apply(SMALL_BATCHES, MigrationListener.NONE);
      assertEndedAs(smooth, next, raw, legacy, "killed at event " + at);
    }
  }

  /** Killed while it undoes, and run again: the table is what it was, row by row. */
  @Test
  @Tag(SLOW)
  public final void killAtEveryStep_thenRollback() throws Exception {
    requireDurable();
    for (int at : places(smoothUndo())) {
      TestDatabase database = anotherDatabase();
      RawAccess raw = database.raw().orElseThrow();
      LegacyTable legacy = LegacyTable.createSmall(raw);
      ObservabilityStorage storage = open(database, Map.of());
      String id = migrationId(storage.migration().apply(MigrationListener.NONE));
      storage.close();
      killAt(database, "undo", Integer.toString(at), id);
      raw.endClaims();
      ObservabilityStorage next = open(database, Map.of());
      finishUndo(next.migration(), id);
      next.close();
      legacy.assertUntouched();
    }
  }

  /**
   * A lock dies with its holder: the next migrator gets it within its {@code lock-timeout}, and
   * nobody unlocks by hand.
   */
  @Test
  @Tag(SLOW)
  public final void deadLockHolder_needsNoManualUnlock() throws Exception {
    requireDurable();
    Smooth smooth = smoothApply();
    LegacyTable legacy = LegacyTable.createSmall(raw());
    killAt(database(), "apply", Integer.toString(smooth.events().size() / 2));
    ObservabilityStorage next = open(Map.of());
    MigrationReport report = next.migration().apply(SMALL_BATCHES, MigrationListener.NONE);
    assertThat(report.rowsArchived()).isEqualTo(legacy.surplus());
    assertThat(report.rowsBefore()).isEqualTo(legacy.rows().size());
    next.close();
    legacy.assertNothingLost();
  }

  /**
   * What was acknowledged is there after a kill in the middle of writing; the rest comes by retry.
   */
  @Test
  @Tag(SLOW)
  public final void killWhileWriting_keepsWhatWasAcknowledged() throws Exception {
    requireDurable();
    for (int enough : List.of(0, 1, 7)) {
      TestDatabase database = anotherDatabase();
      int acknowledged;
      try (ChildProcess child = child(database, "write")) {
        child.await("ACK " + enough);
        child.kill();
        acknowledged = child.lastAcknowledged();
      }
      assertThat(acknowledged).isGreaterThanOrEqualTo(enough);
      ObservabilityStorage storage = open(database, Map.of());
      storage.init();
      for (int i = 0; i <= acknowledged; i++) {
        List<Span> batch = CrashChild.batch(i);
        assertThat(spansOf(storage, batch)).as("acknowledged batch %s", i).hasSize(batch.size());
      }
      List<Span> next = CrashChild.batch(acknowledged + 1);
      int partly = spansOf(storage, next).size();
      if (has(Capability.ATOMIC_BATCH)) {
        assertThat(partly).as("spans of the batch that was cut off").isIn(0, next.size());
      }
      assertThat(storage.batchCreateSpans(next).processed()).isEqualTo(next.size());
      assertThat(spansOf(storage, next)).containsExactlyInAnyOrderElementsOf(next);
      storage.close();
    }
  }

  private static List<Span> spansOf(ObservabilityStorage storage, List<Span> batch) {
    TraceKey trace = batch.get(0).key().trace();
    return storage.getTrace(trace).map(found -> found.spans()).orElse(List.of());
  }

  /** Another process on the same database shares it, or is refused with a clear word. */
  @Test
  public final void secondProcess_sharesOrIsRefused() throws Exception {
    requireDurable();
    try (ChildProcess child = child(database(), "hold")) {
      child.await("READY");
      ObservabilityStorage storage = open(Map.of());
      if (has(Capability.SHARED)) {
        storage.init();
        storage.createSpan(Spans.root("t").build());
        assertThat(storage.statistics().spans()).isEqualTo(1);
      } else {
        StorageException refused = thrown(StorageException.class, storage::init);
        assertThat(refused.kind()).isIn(FailureKind.TRANSIENT, FailureKind.CONFIGURATION);
        assertThat(refused.getMessage()).isNotBlank();
        assertThat(storage.check().up()).isFalse();
        child.kill();
        storage.init();
        refusedAsDeclared("one process at a time: a second one is told so");
      }
    }
  }

  /** More rows than fit in memory: they are streamed, never collected. */
  @Test
  @Tag(SLOW)
  public final void bigTable_boundedMemory() throws Exception {
    requireDurable();
    List<Span> rows = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      Payload payload = Payload.builder().input(Json.of("x".repeat(200_000) + i)).build();
      rows.add(
          Spans.span(SpanKey.of("t" + i % 80, "s"))
              .updatedAt(Spans.at(i))
              .payload(payload)
              .build());
    }
    raw().createLegacyTable(rows);
    try (ChildProcess child =
        ChildProcess.start(
            fixture(), patient(database()), List.of("-Xmx48m"), "apply", "1000000")) {
      child.awaitEnd();
    }
    assertThat(raw().rows()).hasSize(80);
    assertThat(raw().archivedRows()).hasSize(320);
  }

  // ---- what the checks share ----

  private void requireDurable() {
    if (!has(Capability.DURABLE)) {
      throw new NotApplicable("DURABLE is not declared: nothing outlives its process");
    }
  }

  private ChildProcess child(TestDatabase database, String... action) throws Exception {
    return ChildProcess.start(fixture(), patient(database), List.of("-Xmx256m"), action);
  }

  private void killAt(TestDatabase database, String... action) throws Exception {
    try (ChildProcess child = child(database, action)) {
      child.await("READY");
      child.kill();
    }
  }

  /**
   * The events at which a process is killed: the first of each kind of statement, and the last; all
   * where {@code tracekeep.conformance.kills} is {@code all}.
   */
  private static List<Integer> places(List<String> events) {
    if (System.getProperty("tracekeep.conformance.kills", "").equals("all")) {
      return IntStream.rangeClosed(1, events.size()).boxed().toList();
    }
    List<Integer> places = new ArrayList<>();
    Set<String> kinds = new HashSet<>();
    for (int i = 0; i < events.size(); i++) {
      if (kinds.add(events.get(i).replaceAll("[0-9]+", "#")) || i == events.size() - 1) {
        places.add(i + 1);
      }
    }
    return places;
  }
}
