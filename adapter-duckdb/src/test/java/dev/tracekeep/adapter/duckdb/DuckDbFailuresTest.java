package dev.tracekeep.adapter.duckdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DuckDbFailuresTest {
  private final DuckDbFailures failures = new DuckDbFailures(StorageUri.of("jdbc:duckdb:a.duckdb"));

  @AfterEach
  void forgetTheInterrupt() {
    Thread.interrupted();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          TransactionContext Error: Conflict on tuple deletion!                        | TRANSIENT     | Try again
          TransactionContext Error: Catalog write-write conflict on create with "t"    | TRANSIENT     | Try again
          Constraint Error: Duplicate key "span_id: s1" violates unique constraint     | TRANSIENT     | Somebody else stored the same span
          INTERRUPT Error: Interrupted!                                                | TRANSIENT     | The statement was interrupted
          Out of Memory Error: failed to allocate data of size 256.0 KiB               | OVERLOADED    | Give DuckDB more memory
          IO Error: Could not write file "a.duckdb": No space left on device           | OVERLOADED    | Make room on the disk
          IO Error: The file "a.duckdb" exists, but it is not a valid DuckDB database file! | CONFIGURATION | name another one
          IO Error: Trying to read a database file with version number 99, but we can only read versions between 64 and 67. | CONFIGURATION | another release
          Connection Error: Can't open a connection to same database file with a different configuration than existing connections | CONFIGURATION | the same URL in both places
          Invalid Input Error: Cannot execute statement of type "INSERT" on database "a" which is attached in read-only mode! | CONFIGURATION | access_mode
          IO Error: Cannot open file "/x/a.duckdb": Permission denied                  | CONFIGURATION | this user may write
          Catalog Error: Table with name spans does not exist!                         | CONFIGURATION | Call init()
          Catalog Error: Schema with name other does not exist!                        | CONFIGURATION | Call init()
          Parser Error: syntax error at or near "SELEC"                                | PERMANENT     | SELEC
          """)
  void message_kindAndAdvice(String message, FailureKind kind, String advice) {
    SQLException failure = new SQLException(message);
    StorageException classified = failures.classify("write 3 spans", failure);
    assertThat(classified.kind()).isEqualTo(kind);
    assertThat(classified)
        .hasMessageStartingWith("Could not write 3 spans in jdbc:duckdb:a.duckdb: ")
        .hasMessageContaining(advice)
        .hasMessageEndingWith(".")
        .hasMessageNotContaining("..")
        .hasCause(failure);
  }

  @Test
  void lockedFile_namesTheProcess() {
    SQLException failure =
        new SQLException(
            "IO Error: Could not set lock on file \"a.duckdb\": Conflicting lock is held in"
                + " /usr/bin/java (PID 4711) by user u. See also https://duckdb.org/docs");
    assertThat(failures.classify("open it", failure))
        .hasMessage(
            "Could not open it in jdbc:duckdb:a.duckdb: the file is open in another process (PID"
                + " 4711, /usr/bin/java), and DuckDB lets one process at a time open a file. Stop"
                + " that process, or name another file.")
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }

  @Test
  void timeOut_isTransient_andInterruptIsNot() {
    assertThat(failures.classify("read", new SQLTimeoutException("too slow")).kind())
        .isEqualTo(FailureKind.TRANSIENT);
    StorageException interrupted = failures.classify("read", new InterruptedException());
    assertThat(interrupted.kind()).isEqualTo(FailureKind.INTERRUPTED);
    assertThat(interrupted).hasMessageEndingWith("the thread was interrupted.");
    assertThat(Thread.currentThread().isInterrupted()).isTrue();
  }

  @Test
  void laterLines_areLeftOut() {
    StorageException classified =
        failures.classify("write", new SQLException("Some Error: no\nLINE 1: 'a payload'"));
    assertThat(classified).hasMessage("Could not write in jdbc:duckdb:a.duckdb: Some Error: no.");
  }
}
