package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class EmbeddedFileTest {
  @Test
  void of_fileOfAnEmbeddedEngine() {
    assertThat(EmbeddedFile.of("jdbc:duckdb:a/b.duckdb")).isEqualTo(Path.of("a/b.duckdb"));
    assertThat(EmbeddedFile.of("JDBC:DuckDB:b.duckdb;threads=2")).isEqualTo(Path.of("b.duckdb"));
    assertThat(EmbeddedFile.of("jdbc:sqlite:c.db?mode=ro")).isEqualTo(Path.of("c.db"));
    assertThat(EmbeddedFile.of("libsql:file:d.db")).isEqualTo(Path.of("d.db"));
  }

  @Test
  void of_memoryOrServer_isNone() {
    assertThat(EmbeddedFile.of("jdbc:duckdb:")).isNull();
    assertThat(EmbeddedFile.of("libsql::memory:")).isNull();
    assertThat(EmbeddedFile.isMemory("libsql::memory:")).isTrue();
    assertThat(EmbeddedFile.of("libsql://host.example")).isNull();
    assertThat(EmbeddedFile.isMemory("libsql://host.example")).isFalse();
    assertThat(EmbeddedFile.of("jdbc:duckdb::memory:x")).isNull();
    assertThat(EmbeddedFile.of("jdbc:postgresql://localhost/x")).isNull();
  }
}
