package dev.tracekeep.ingest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * A disk that fills up, fails now and then, lets the process die at any call, and keeps of what was
 * not synced whatever it likes.
 */
final class SimulatedDisk implements LetterFiles {
  /** The process dies here. */
  static final class Crash extends Error {
    private static final long serialVersionUID = 1L;
  }

  private static final class FileState {
    private final ByteArrayOutputStream content = new ByteArrayOutputStream();
    private int syncedBytes;
    private boolean nameIsSynced;
  }

  private final SplittableRandom random;
  private final Map<String, FileState> files = new TreeMap<>();
  private final Map<String, FileState> deleted = new TreeMap<>();
  boolean full;
  double failures;
  double crashes;

  SimulatedDisk(SplittableRandom random) {
    this.random = random;
  }

  private void mayCrash() {
    if (random.nextDouble() < crashes) {
      throw new Crash();
    }
  }

  private void mayFail(boolean needsRoom) throws IOException {
    mayCrash();
    if (needsRoom && full) {
      throw new IOException("No space left on device");
    }
    if (random.nextDouble() < failures) {
      throw new IOException("Input/output error");
    }
  }

  /** What the next process finds. */
  void crash() {
    List<String> lost = new ArrayList<>();
    files.forEach(
        (name, file) -> {
          byte[] bytes = file.content.toByteArray();
          int kept = file.syncedBytes + random.nextInt(bytes.length - file.syncedBytes + 1);
          byte[] after = Arrays.copyOf(bytes, kept);
          if (kept > file.syncedBytes && random.nextInt(3) == 0) {
            // Pages reach the disk in any order: a hole reads as zeros.
            Arrays.fill(
                after, file.syncedBytes + random.nextInt(kept - file.syncedBytes), kept, (byte) 0);
          }
          file.content.reset();
          file.content.writeBytes(after);
          file.syncedBytes = kept;
          if (!file.nameIsSynced && random.nextBoolean()) {
            lost.add(name);
          }
          file.nameIsSynced = true;
        });
    files.keySet().removeAll(lost);
    deleted.forEach(
        (name, file) -> {
          if (random.nextBoolean()) {
            files.putIfAbsent(name, file);
          }
        });
    deleted.clear();
  }

  /** Everything in the files of that kind, as text. */
  String text(DeadLetterLog.Kind kind) {
    StringBuilder text = new StringBuilder();
    files.forEach(
        (name, file) -> {
          if (name.endsWith("-" + kind.name().toLowerCase(java.util.Locale.ROOT) + ".jsonl")) {
            text.append(file.content.toString(StandardCharsets.UTF_8)).append('\n');
          }
        });
    return text.toString();
  }

  @Override
  public List<String> names() throws IOException {
    mayFail(false);
    return List.copyOf(files.keySet());
  }

  @Override
  public long size(String name) throws IOException {
    return file(name).content.size();
  }

  private FileState file(String name) throws NoSuchFileException {
    FileState file = files.get(name);
    if (file == null) {
      throw new NoSuchFileException(name);
    }
    return file;
  }

  @Override
  public Appender create(String name) throws IOException {
    mayFail(true);
    if (files.containsKey(name)) {
      throw new IOException(name + " is there already");
    }
    FileState file = new FileState();
    files.put(name, file);
    deleted.remove(name);
    return new Appender() {
      @Override
      public void append(byte[] bytes) throws IOException {
        mayCrash();
        if (full || random.nextDouble() < failures) {
          file.content.write(bytes, 0, random.nextInt(bytes.length + 1));
          throw new IOException("No space left on device");
        }
        file.content.writeBytes(bytes);
        mayCrash();
      }

      @Override
      public void sync() throws IOException {
        mayFail(false);
        file.syncedBytes = file.content.size();
        file.nameIsSynced = true;
        mayCrash();
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public byte[] read(String name) throws IOException {
    mayFail(false);
    return file(name).content.toByteArray();
  }

  @Override
  public void delete(String name) throws IOException {
    mayFail(false);
    FileState file = files.remove(name);
    if (file != null) {
      deleted.put(name, file);
    }
    mayCrash();
  }

  @Override
  public void rename(String name, String newName) throws IOException {
    mayFail(false);
    files.put(newName, file(name));
    files.remove(name);
    mayCrash();
  }

  @Override
  public void close() {}

  @Override
  public String toString() {
    return "simulated disk";
  }
}
