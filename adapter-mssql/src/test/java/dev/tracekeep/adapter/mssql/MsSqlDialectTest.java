package dev.tracekeep.adapter.mssql;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MsSqlDialectTest {
  private static final MsSqlDialect DIALECT = new MsSqlDialect();

  /** SQL Server compares the shorter of two texts as if it were filled with blanks. */
  private static final Comparator<String> PADDED =
      Comparator.comparing(text -> String.format("%-140s", text));

  private static final String LONGEST = "x".repeat(128);

  @ParameterizedTest
  @ValueSource(strings = {"a", " ", "a ", "a  ", " a", "a b", "a!", "~"})
  void id_comesBackAsItWas(String id) {
    assertThat(DIALECT.readId(DIALECT.storedId(id))).isEqualTo(id);
  }

  @Test
  void id_ofTheLongestKind_comesBackAsItWas() {
    for (String id : List.of(LONGEST, "x".repeat(127) + " ", " ".repeat(128))) {
      assertThat(DIALECT.storedId(id)).hasSizeLessThanOrEqualTo(MsSqlDialect.LONGEST_STORED_ID);
      assertThat(DIALECT.readId(DIALECT.storedId(id))).isEqualTo(id);
    }
  }

  /** Stored, ids follow each other as their bytes do, and none equals another. */
  @Test
  void ids_thatBlanksAreIgnoredIn_areOrderedAsTheirBytes() {
    List<String> ids = new ArrayList<>(List.of(LONGEST, "x".repeat(127) + " ", " ".repeat(128)));
    for (String first : List.of("", " ", "!", "a", "A", "~")) {
      for (String second : List.of("", " ", "  ", " a", "!", "b")) {
        for (String third : List.of("", " ", "  ", "c")) {
          if (!(first + second + third).isEmpty()) {
            ids.add(first + second + third);
          }
        }
      }
    }
    for (String left : ids) {
      for (String right : ids) {
        int stored = PADDED.compare(DIALECT.storedId(left), DIALECT.storedId(right));
        assertThat(Integer.signum(stored))
            .as("'%s' and '%s'", left, right)
            .isEqualTo(Integer.signum(left.compareTo(right)));
      }
    }
  }

  @Test
  void name_isQuoted() {
    assertThat(DIALECT.quote("a]b [c")).isEqualTo("[a]]b [c]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          Microsoft SQL Server 2022 (RTM-CU14) - 16.0.4135.4 (X64) | Microsoft SQL Server 2022 (RTM-CU14) - 16.0.4135.4 (X64) | true
          Microsoft SQL Azure (RTM) - 12.0.2000.8 | Microsoft SQL Azure (RTM) - 12.0.2000.8 | true
          Babelfish for PostgreSQL with SQL Server Compatibility - 12.0.2000.8 PostgreSQL 16.4 on x86_64 (Babelfish 4.4.0) | Babelfish 4.4.0 over PostgreSQL 16.4 | false
          """)
  void server_isToldByItsVersion(String version, String product, boolean locksByHints) {
    assertThat(MsSqlServer.of(version)).isEqualTo(new MsSqlServer(product, locksByHints));
  }
}
