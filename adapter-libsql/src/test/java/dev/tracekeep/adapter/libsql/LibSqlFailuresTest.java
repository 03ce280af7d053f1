package dev.tracekeep.adapter.libsql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import dev.tracekeep.storage.Storages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

class LibSqlFailuresTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "SQLITE_BUSY, TRANSIENT",
    "SQLITE_BUSY_SNAPSHOT, TRANSIENT",
    "SQLITE_BUSY_RECOVERY, TRANSIENT",
    "SQLITE_LOCKED, TRANSIENT",
    "SQLITE_LOCKED_SHAREDCACHE, TRANSIENT",
    "SQLITE_PROTOCOL, TRANSIENT",
    "SQLITE_SCHEMA, TRANSIENT",
    "SQLITE_INTERRUPT, TRANSIENT",
    "SQLITE_ABORT, TRANSIENT",
    "SQLITE_ABORT_ROLLBACK, TRANSIENT",
    "SQLITE_FULL, OVERLOADED",
    "SQLITE_NOMEM, OVERLOADED",
    "SQLITE_IOERR_NOMEM, OVERLOADED",
    "SQLITE_IOERR, PERMANENT",
    "SQLITE_IOERR_READ, PERMANENT",
    "SQLITE_NOTADB, CONFIGURATION",
    "SQLITE_CANTOPEN, CONFIGURATION",
    "SQLITE_CANTOPEN_ISDIR, CONFIGURATION",
    "SQLITE_PERM, CONFIGURATION",
    "SQLITE_READONLY, CONFIGURATION",
    "SQLITE_READONLY_DBMOVED, CONFIGURATION",
    "SQLITE_AUTH, CONFIGURATION",
    "SQLITE_CONSTRAINT_NOTNULL, INVALID",
    "SQLITE_TOOBIG, INVALID",
    "SQLITE_MISMATCH, INVALID",
    "SQLITE_CORRUPT, PERMANENT",
    "SQLITE_ERROR, PERMANENT",
    "SQLITE_INTERNAL, PERMANENT"
  })
  void code_hasItsKind(SQLiteErrorCode code, FailureKind kind) {
    SQLiteException cause = new SQLiteException("what SQLite says", code);
    StorageException failure =
        new LibSqlFailures(StorageUri.of("jdbc:sqlite:spans.db")).classify("write 3 spans", cause);
    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure.getCause()).isSameAs(cause);
    assertThat(failure)
        .hasMessageStartingWith(
            "Could not write 3 spans in jdbc:sqlite:spans.db: what SQLite says");
  }

  private StorageException failureOf(String url) {
    try (ObservabilityStorage storage = Storages.open(url)) {
      Health health = storage.check();
      assertThat(health.up()).isFalse();
      storage.init();
      throw new AssertionError(url + " opened");
    } catch (StorageException e) {
      return e;
    }
  }

  @Test
  void fileOfSomethingElse_isNamed() throws Exception {
    Path file = Files.writeString(folder.resolve("notes.txt"), "no database, ".repeat(100));
    assertThat(failureOf("jdbc:sqlite:" + file))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
        .hasMessageContaining(file.toString())
        .hasMessageContaining("name another one");
  }

  @Test
  void missingFolder_isNamed() {
    Path file = folder.resolve("missing/spans.db");
    assertThat(failureOf("jdbc:sqlite:" + file))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
        .hasMessageContaining(file.toString())
        .hasMessageContaining("Check that its folder is there");
  }

  @Test
  void folderInsteadOfFile_isNamed() {
    assertThat(failureOf("jdbc:sqlite:" + folder))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
        .hasMessageContaining("Check that its folder is there");
  }

  @Test
  void readOnlyFile_isNamed() throws Exception {
    Path file = folder.resolve("spans.db");
    Storages.open("jdbc:sqlite:" + file).check();
    try (ObservabilityStorage storage = Storages.open("jdbc:sqlite:file:" + file + "?mode=ro")) {
      storage.init();
      throw new AssertionError("a read-only file was written");
    } catch (StorageException e) {
      assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION);
      assertThat(e).hasMessageContaining("mode=ro");
    }
  }

  @Test
  void writerThatStays_isTransientAfterTheLockTimeout() throws Exception {
    String url = "jdbc:sqlite:" + folder.resolve("spans.db");
    try (ObservabilityStorage storage = Storages.open(Map.of("url", url, "lock-timeout", "50ms"));
        Connection other = DriverManager.getConnection(url);
        Statement statement = other.createStatement()) {
      storage.init();
      statement.execute("BEGIN IMMEDIATE");
      try {
        storage.dangerouslyClearAll();
        throw new AssertionError("two wrote at once");
      } catch (StorageException e) {
        assertThat(e.kind()).isEqualTo(FailureKind.TRANSIENT);
        assertThat(e.getCause()).isInstanceOf(SQLException.class);
        assertThat(e).hasMessageContaining("raise lock-timeout");
      }
      statement.execute("COMMIT");
      storage.dangerouslyClearAll();
    }
  }
}
