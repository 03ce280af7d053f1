package dev.tracekeep.ingest;

import dev.tracekeep.document.DeadLetter;
import dev.tracekeep.span.InvalidSpanException;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a store could not take, in a folder of segments: files of {@linkplain DeadLetter#toLine()
 * lines}, synced before a letter counts as safe, readable by their owner alone.
 *
 * <p>A segment holds letters of one {@linkplain Kind kind}. Its name is its place in the order and
 * its kind, for example {@code 000000000007-deferred.jsonl}. A segment is written by one process,
 * from start to end, and goes as a whole once all of its letters are durable elsewhere; whoever
 * dies before that replays the segment again, which changes nothing.
 *
 * <p>A line that a crash has torn is the last one of its segment, and was never acknowledged: it is
 * passed over. Any other line that does not prove itself by its checksum is damaged: the segment is
 * then kept aside, as {@code ….damaged}, when the rest of it is durable.
 *
 * <p>Not thread-safe: a log that was opened for writing belongs to one pipeline or one command.
 */
public final class DeadLetterLog implements Closeable {
  /** Why letters are there. */
  public enum Kind {
    /** The store was away, or there was no room: the pipeline replays them by itself. */
    DEFERRED,
    /** The store will never take them as they are: somebody has to look. */
    REFUSED;

    private String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A file of letters.
   *
   * @param number its place in the order
   * @param kind why its letters are there
   * @param bytes how large it is
   */
  public record Segment(long number, Kind kind, long bytes) {
    /** The name of the file in the log's folder. */
    public String fileName() {
      return String.format(Locale.ROOT, "%012d-%s.jsonl", number, kind.word());
    }
  }

  /**
   * What is in a segment.
   *
   * @param letters in order
   * @param damagedLines how many lines were acknowledged once and cannot be read
   * @param torn whether there is a last line that was never acknowledged
   */
  public record Content(List<DeadLetter> letters, int damagedLines, boolean torn) {}

  private static final Pattern FILE_NAME = Pattern.compile("(\\d{12})-(deferred|refused)\\.jsonl");

  /** A segment is replayed as one piece from memory, so it is small. */
  static final long SEGMENT_BYTES = 4L << 20;

  /** How much a log holds unless told otherwise. */
  static final long DEFAULT_MAX_BYTES = 1L << 30;

  private final LetterFiles files;
  private final long segmentBytes;
  private final long maxBytes;
  private long nextNumber;
  private long totalBytes;
  private @Nullable Open open;

  /** The segment that is being written. */
  private static final class Open {
    private final Segment segment;
    private final LetterFiles.Appender appender;
    private long bytes;

    private Open(Segment segment, LetterFiles.Appender appender) {
      this.segment = segment;
      this.appender = appender;
    }
  }

  DeadLetterLog(LetterFiles files, long segmentBytes, long maxBytes) throws IOException {
    this.files = files;
    this.segmentBytes = segmentBytes;
    this.maxBytes = maxBytes;
    for (Segment segment : segments()) {
      nextNumber = Math.max(nextNumber, segment.number() + 1);
      totalBytes += segment.bytes();
    }
  }

  /**
   * Opens a log for one writer, and makes its folder if it is not there.
   *
   * @param maxBytes how much it may hold; beyond that it counts as a full disk
   * @throws IOException if the folder cannot be made or read, or another writer has it
   */
  public static DeadLetterLog open(Path directory, long maxBytes) throws IOException {
    LetterFiles files = DirectoryFiles.forWriting(directory);
    try {
      return new DeadLetterLog(files, SEGMENT_BYTES, maxBytes);
    } catch (IOException e) {
      files.close();
      throw e;
    }
  }

  /** Opens a log that may hold 1 GiB; see {@link #open(Path, long)}. */
  public static DeadLetterLog open(Path directory) throws IOException {
    return open(directory, DEFAULT_MAX_BYTES);
  }

  /**
   * Opens a log to look at it, while a program may be writing to it.
   *
   * @throws IOException if there is no such folder, or it cannot be read
   */
  public static DeadLetterLog openForReading(Path directory) throws IOException {
    return new DeadLetterLog(DirectoryFiles.forReading(directory), SEGMENT_BYTES, 0);
  }

  /** All segments in their order. */
  public List<Segment> segments() throws IOException {
    List<Segment> segments = new ArrayList<>();
    for (String name : files.names()) {
      Matcher matcher = FILE_NAME.matcher(name);
      if (matcher.matches()) {
        segments.add(
            new Segment(
                Long.parseLong(matcher.group(1)),
                Kind.valueOf(matcher.group(2).toUpperCase(Locale.ROOT)),
                files.size(name)));
      }
    }
    segments.sort(Comparator.comparingLong(Segment::number));
    return segments;
  }

  /** The letters of a segment. */
  public Content read(Segment segment) throws IOException {
    List<DeadLetter> letters = new ArrayList<>();
    int unreadable = 0;
    boolean torn = false;
    byte[] bytes = files.read(segment.fileName());
    int start = 0;
    while (start < bytes.length) {
      int end = start;
      while (end < bytes.length && bytes[end] != '\n') {
        end++;
      }
      String line = new String(bytes, start, end - start, StandardCharsets.UTF_8);
      start = end + 1;
      torn = false;
      try {
        letters.add(DeadLetter.parse(line));
      } catch (InvalidSpanException damaged) {
        unreadable++;
        torn = start >= bytes.length;
      }
    }
    return new Content(letters, torn ? unreadable - 1 : unreadable, torn);
  }

  /**
   * Appends letters and syncs them. When it throws, some of them may stand in the log all the same.
   *
   * @throws IOException if the disk or the log is full, or the file system fails
   */
  void append(Kind kind, List<DeadLetter> letters) throws IOException {
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    for (DeadLetter letter : letters) {
      lines.writeBytes(letter.toLine().getBytes(StandardCharsets.UTF_8));
      lines.write('\n');
    }
    if (totalBytes + lines.size() > maxBytes) {
      throw new IOException("the log has reached its limit of " + maxBytes + " bytes");
    }
    Open target = segmentFor(kind);
    try {
      target.appender.append(lines.toByteArray());
      target.appender.sync();
    } catch (IOException e) {
      abandon(target);
      throw e;
    }
    target.bytes += lines.size();
    totalBytes += lines.size();
  }

  private Open segmentFor(Kind kind) throws IOException {
    Open current = open;
    if (current != null && current.segment.kind() == kind && current.bytes < segmentBytes) {
      return current;
    }
    seal();
    Segment segment = new Segment(nextNumber++, kind, 0);
    Open fresh = new Open(segment, files.create(segment.fileName()));
    open = fresh;
    return fresh;
  }

  /** Nothing is written behind what may be half a line. */
  private void abandon(Open broken) {
    open = null;
    try {
      broken.appender.close();
      if (broken.bytes == 0) {
        files.delete(broken.segment.fileName());
      }
    } catch (IOException e) {
      // The failure that led here is the one to report; a torn segment left behind does no harm.
      return;
    }
  }

  /** Whether letters wait for a store that is back. */
  boolean hasDeferred() throws IOException {
    return oldestDeferred().isPresent();
  }

  /** The oldest segment of deferred letters, to which nothing is written any more. */
  Optional<Segment> oldestDeferred() throws IOException {
    Optional<Segment> oldest =
        segments().stream().filter(segment -> segment.kind() == Kind.DEFERRED).findFirst();
    if (oldest.isPresent() && open != null && open.segment.number() == oldest.get().number()) {
      seal();
    }
    return oldest;
  }

  /** Removes a segment whose letters are durable elsewhere; damaged lines are kept aside. */
  void remove(Segment segment, boolean damaged) throws IOException {
    if (damaged) {
      files.rename(segment.fileName(), segment.fileName() + ".damaged");
    } else {
      files.delete(segment.fileName());
    }
    totalBytes -= segment.bytes();
  }

  /**
   * Deletes a segment with all its letters, which are lost unless they are elsewhere.
   *
   * @throws IOException if the file system fails
   */
  public void purge(Segment segment) throws IOException {
    remove(segment, false);
  }

  /** Makes deferred letters of the refused ones, so that they are tried again, in their order. */
  void requeueRefused() throws IOException {
    seal();
    for (Segment segment : segments()) {
      if (segment.kind() == Kind.REFUSED) {
        files.rename(
            segment.fileName(),
            new Segment(segment.number(), Kind.DEFERRED, segment.bytes()).fileName());
      }
    }
  }

  private void seal() throws IOException {
    Open current = open;
    open = null;
    if (current != null) {
      current.appender.close();
    }
  }

  /** Lets go of the folder. All letters are safe already. */
  @Override
  public void close() throws IOException {
    try {
      seal();
    } finally {
      files.close();
    }
  }

  /** The folder. */
  @Override
  public String toString() {
    return files.toString();
  }
}
