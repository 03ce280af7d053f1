package dev.tracekeep.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Breaks the pipeline in one place at a time, in its source, and lets the simulation find it. A
 * simulation that would not notice a lost acknowledgement proves nothing.
 */
@Tag("slow")
class MutantsTest {
  /** So many seeds must be enough for each of them. */
  private static final int SEEDS = 600;

  @TempDir Path folder;

  /**
   * One broken place.
   *
   * @param fault what is wrong with it
   * @param type the class that is changed
   * @param original text that stands in its source once
   * @param broken what stands there instead
   */
  record Mutant(String fault, String type, String original, String broken) {
    @Override
    public String toString() {
      return fault;
    }
  }

  static List<Mutant> mutants() {
    return List.of(
        new Mutant(
            "letters count as safe before they are synced",
            "DeadLetterLog",
            "target.appender.sync();",
            ""),
        new Mutant(
            "letters are written behind a torn line", "DeadLetterLog", "abandon(target);", ""),
        new Mutant(
            "segments are replayed from the newest to the oldest",
            "DeadLetterLog",
            "segments.sort(Comparator.comparingLong(Segment::number));",
            "segments.sort(Comparator.comparingLong(Segment::number).reversed());"),
        new Mutant(
            "a segment goes before its letters are durable",
            "PipelineCore",
            "if (replay != null && replay.undecided == 0) {",
            "if (replay != null && replay.queue.isEmpty()) {"),
        new Mutant(
            "letters of an earlier run are forgotten",
            "PipelineCore",
            "this.deferredWaiting = deferredWaiting;",
            "this.deferredWaiting = false;"),
        new Mutant(
            "live operations overtake the log",
            "PipelineCore",
            "isDue(now) && !(ordered && (deferredWaiting || replay != null))",
            "isDue(now)"),
        new Mutant(
            "an update is spilled past the create that is being written",
            "PipelineCore",
            "if (kept.contains(operation.key())) {",
            "if (false) {"),
        new Mutant(
            "what could not be appended goes back behind what came later",
            "PipelineCore",
            "pending.addFirst(entries.get(i).operation());",
            "pending.addLast(entries.get(i).operation());"),
        new Mutant(
            "a failed call counts as written",
            "PipelineDriver",
            "post(machine -> machine.writeFailed(chunk, failure, nanoClock.getAsLong()));",
            "post(machine -> machine.written(chunk,"
                + " dev.tracekeep.storage.WriteResult.EMPTY, nanoClock.getAsLong()));"),
        new Mutant(
            "a batch with a bad span is repeated as it is",
            "PipelineCore",
            "case INVALID, PERMANENT -> cannotBeStored(chunk, failure, now);",
            "case INVALID, PERMANENT -> breaker.failed(now);"),
        new Mutant(
            "rejected spans count as written",
            "PipelineCore",
            "String reason = rejected.get(write.key());",
            "String reason = null;"),
        new Mutant(
            "an end without a row is missing",
            "Batch",
            "if (whole == null || update == null) {",
            "if (true) {"),
        new Mutant(
            "updates are written before creates",
            "Batch",
            "batch.addLast(parts(writes.values(), true), true);",
            ""),
        new Mutant(
            "the first of several updates is lost",
            "Batch",
            "update = update == null ? change : update.and(change);",
            "update = change;"),
        new Mutant(
            "halving loses the second half",
            "Batch",
            "addFirst(whole.writes().subList(middle, whole.size()), whole.creates());",
            ""),
        new Mutant(
            "a batch that is given up is forgotten",
            "PipelineCore",
            "List<Operation> operations = current.operations();",
            "List<Operation> operations = List.of();"),
        new Mutant(
            "room is given back twice",
            "PipelineCore",
            "releasedOperations++;",
            "releasedOperations += 2;"),
        new Mutant(
            "the breaker never tries again",
            "Breaker",
            "if (state == StoreState.UNAVAILABLE && now >= allowedAt) {",
            "if (false) {"),
        new Mutant(
            "the time to wake up is forgotten",
            "PipelineCore",
            "at = sooner(at, breaker.allowedAt(), now);",
            ""),
        new Mutant(
            "a flush does not wait for the group before it",
            "PipelineCore",
            "while (groups.size() > 1 && groups.getFirst().undecided == 0) {",
            "while (groups.size() > 1) {"),
        new Mutant(
            "a transformed span is replaced by the original",
            "PipelineCore",
            "now = now.with(newSpan, newUpdate);",
            ""),
        new Mutant(
            "replayed letters are counted as accepted ones",
            "Tally",
            "(operation.isReplayed() ? replayed : live)",
            "live"),
        new Mutant(
            "the pipeline takes newer operations first",
            "Intake",
            "each = before;\n    }\n    return turned;",
            "each = before;\n    }\n    if (turned != null && turned.next != null) {"
                + " Operation second = turned.next; turned.next = second.next;"
                + " second.next = turned; turned = second; }\n    return turned;"));
  }

  @ParameterizedTest
  @MethodSource("mutants")
  void mutant_isFoundByASeed(Mutant mutant) throws Exception {
    Method run =
        new MutantLoader(compile(mutant))
            .loadClass(Simulation.class.getName())
            .getDeclaredMethod("run", long.class);
    run.setAccessible(true);
    Throwable found = null;
    for (long seed = 0; seed < SEEDS && found == null; seed++) {
      try {
        run.invoke(null, seed);
      } catch (InvocationTargetException e) {
        found = e.getCause();
      }
    }
    assertThat(found).as("what " + SEEDS + " seeds found").isInstanceOf(AssertionError.class);
  }

  private Path compile(Mutant mutant) throws IOException {
    Path source =
        Path.of("src", "main", "java", "dev", "tracekeep", "ingest", mutant.type() + ".java");
    String text = Files.readString(source);
    assertThat(text.split(Pattern.quote(mutant.original()), -1))
        .as("the one place to break in " + source)
        .hasSize(2);
    Path changed = folder.resolve(mutant.type() + ".java");
    Files.writeString(changed, text.replace(mutant.original(), mutant.broken()));
    Path classes = Files.createDirectory(folder.resolve("classes"));
    JavaCompiler compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler());
    int status =
        compiler.run(
            null,
            null,
            null,
            "-proc:none",
            "-nowarn",
            "-cp",
            System.getProperty("java.class.path"),
            "-d",
            classes.toString(),
            changed.toString());
    assertThat(status).as("exit status of the compiler").isZero();
    return classes;
  }

  /** Loads this package anew, from the mutant where it has changed the class. */
  private static final class MutantLoader extends ClassLoader {
    private final Path classes;

    private MutantLoader(Path classes) {
      super(MutantsTest.class.getClassLoader());
      this.classes = classes;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("dev.tracekeep.ingest.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> known = findLoadedClass(name);
        if (known != null) {
          return known;
        }
        String file = name.replace('.', '/') + ".class";
        try (InputStream bytes =
            Files.exists(classes.resolve(file))
                ? Files.newInputStream(classes.resolve(file))
                : getParent().getResourceAsStream(file)) {
          if (bytes == null) {
            throw new ClassNotFoundException(name);
          }
          byte[] code = bytes.readAllBytes();
          return defineClass(name, code, 0, code.length);
        } catch (IOException e) {
          throw new ClassNotFoundException(name, e);
        }
      }
    }
  }
}
