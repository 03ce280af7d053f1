package dev.tracekeep.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.document.DeadLetter;
import dev.tracekeep.ingest.DeadLetterLog.Kind;
import dev.tracekeep.ingest.DeadLetterLog.Segment;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeadLetterLogTest {
  @TempDir Path folder;

  private static DeadLetter letter(String id) {
    return new DeadLetter(
        DeadLetter.Operation.CREATE, Spans.ended(id), null, Spans.START, "the store is down");
  }

  private Path log() {
    return folder.resolve("log");
  }

  @Test
  void letters_comeBackInOrderByKindAndSegment() throws IOException {
    try (DeadLetterLog log = DeadLetterLog.open(log())) {
      log.append(Kind.DEFERRED, List.of(letter("a"), letter("b")));
      log.append(Kind.DEFERRED, List.of(letter("c")));
      log.append(Kind.REFUSED, List.of(letter("d")));
      log.append(Kind.DEFERRED, List.of(letter("e")));
    }
    try (DeadLetterLog log = DeadLetterLog.openForReading(log())) {
      assertThat(log.segments().stream().map(Segment::fileName))
          .containsExactly(
              "000000000000-deferred.jsonl",
              "000000000001-refused.jsonl",
              "000000000002-deferred.jsonl");
      DeadLetterLog.Content first = log.read(log.segments().get(0));
      assertThat(first.letters()).containsExactly(letter("a"), letter("b"), letter("c"));
      assertThat(first.damagedLines()).isZero();
      assertThat(first.torn()).isFalse();
    }
  }

  @Test
  void folderAndFiles_areTheirOwnersAlone() throws IOException {
    if (!FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
      return; // Windows: the rights of the user's profile
    }
    try (DeadLetterLog log = DeadLetterLog.open(log())) {
      log.append(Kind.DEFERRED, List.of(letter("a")));
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(log())))
        .isEqualTo("rwx------");
    try (Stream<Path> files = Files.list(log())) {
      for (Path file : files.toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
            .as(file.toString())
            .isEqualTo("rw-------");
      }
    }
  }

  @Test
  void secondWriter_isRefused_andReadersAreNot() throws IOException {
    try (DeadLetterLog log = DeadLetterLog.open(log())) {
      assertThatThrownBy(() -> DeadLetterLog.open(log()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("in use by a running program");
      assertThat(DeadLetterLog.openForReading(log()).segments()).isEmpty();
      assertThat(log.segments()).isEmpty();
    }
    DeadLetterLog.open(log()).close();
  }

  @Test
  void tornLastLine_costsNothingBeforeIt() throws IOException {
    try (DeadLetterLog log = DeadLetterLog.open(log())) {
      log.append(Kind.DEFERRED, List.of(letter("a"), letter("b")));
    }
    Path file = log().resolve("000000000000-deferred.jsonl");
    byte[] whole = Files.readAllBytes(file);
    int firstLine = letter("a").toLine().length() + 1;
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, java.util.Arrays.copyOf(whole, length));
      try (DeadLetterLog log = DeadLetterLog.openForReading(log())) {
        DeadLetterLog.Content content = log.read(log.segments().get(0));
        // A line that lacks its line break alone is whole.
        int expected = length >= whole.length - 1 ? 2 : length >= firstLine - 1 ? 1 : 0;
        assertThat(content.letters()).as("of %d bytes", length).hasSize(expected);
        assertThat(content.damagedLines()).isZero();
      }
    }
  }

  @Test
  void damagedLine_isCountedAndKeptAside() throws IOException {
    Path file = log().resolve("000000000000-deferred.jsonl");
    try (DeadLetterLog log = DeadLetterLog.open(log())) {
      log.append(Kind.DEFERRED, List.of(letter("a"), letter("b")));
    }
    byte[] bytes = Files.readAllBytes(file);
    bytes[100] ^= 1;
    Files.write(file, bytes);
    try (DeadLetterLog log = DeadLetterLog.open(log())) {
      Segment segment = log.oldestDeferred().orElseThrow();
      DeadLetterLog.Content content = log.read(segment);
      assertThat(content.letters()).containsExactly(letter("b"));
      assertThat(content.damagedLines()).isEqualTo(1);

      log.remove(segment, true);

      assertThat(log.segments()).isEmpty();
    }
    assertThat(log().resolve("000000000000-deferred.jsonl.damaged")).hasBinaryContent(bytes);
  }

  @Test
  void log_atItsLimit_isFull() throws IOException {
    int line = letter("a").toLine().length() + 1;
    try (DeadLetterLog log = DeadLetterLog.open(log(), 2L * line)) {
      log.append(Kind.DEFERRED, List.of(letter("a"), letter("b")));

      assertThatThrownBy(() -> log.append(Kind.DEFERRED, List.of(letter("c"))))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("limit of " + 2 * line + " bytes");
    }
    try (DeadLetterLog log = DeadLetterLog.open(log(), 2L * line)) {
      assertThatThrownBy(() -> log.append(Kind.DEFERRED, List.of(letter("c"))))
          .hasMessageContaining("limit");
      log.purge(log.segments().get(0));
      log.append(Kind.DEFERRED, List.of(letter("c")));
    }
  }

  @Test
  void file_inThePlaceOfTheFolder_isNamed() throws IOException {
    Files.writeString(log(), "");

    assertThatThrownBy(() -> DeadLetterLog.open(log()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is a file");
    assertThatThrownBy(() -> DeadLetterLog.openForReading(folder.resolve("none")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is no folder");
  }
}
