package dev.tracekeep.adapter.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.tracekeep.adapter.clickhouse.EngineClauses.Clause;
import org.junit.jupiter.api.Test;

final class EngineClausesTest {
  @Test
  void allClauses_areTold() {
    EngineClauses clauses =
        new EngineClauses(
            "ReplacingMergeTree(updatedAt) PARTITION BY toYYYYMM(createdAt) PRIMARY KEY (a, b)"
                + " ORDER BY (a, b, c) SAMPLE BY cityHash64(a) TTL toDateTime(createdAt) +"
                + " toIntervalDay(9) DELETE WHERE x = 'ORDER BY y' SETTINGS index_granularity ="
                + " 1024, storage_policy = 'a, b = \\' SETTINGS c'");

    assertThat(clauses.engine()).isEqualTo("ReplacingMergeTree(updatedAt)");
    assertThat(clauses.clause(Clause.PARTITION_BY)).isEqualTo(" PARTITION BY toYYYYMM(createdAt)");
    assertThat(clauses.clause(Clause.PRIMARY_KEY)).isEqualTo(" PRIMARY KEY (a, b)");
    assertThat(clauses.clause(Clause.ORDER_BY)).isEqualTo(" ORDER BY (a, b, c)");
    assertThat(clauses.clause(Clause.SAMPLE_BY)).isEqualTo(" SAMPLE BY cityHash64(a)");
    assertThat(clauses.clause(Clause.TTL))
        .isEqualTo(" TTL toDateTime(createdAt) + toIntervalDay(9) DELETE WHERE x = 'ORDER BY y'");
    assertThat(clauses.settings())
        .containsExactly(
            entry("index_granularity", "1024"), entry("storage_policy", "'a, b = \\' SETTINGS c'"));
  }

  @Test
  void absentClauses_areEmpty() {
    EngineClauses clauses = new EngineClauses("MergeTree ORDER BY tuple()");

    assertThat(clauses.engine()).isEqualTo("MergeTree");
    assertThat(clauses.clause(Clause.TTL)).isEmpty();
    assertThat(clauses.clause(Clause.ORDER_BY)).isEqualTo(" ORDER BY tuple()");
    assertThat(clauses.settings()).isEmpty();
  }

  @Test
  void keywordsInQuotesAndParentheses_areNoClauses() {
    EngineClauses clauses =
        new EngineClauses("MergeTree ORDER BY (` SETTINGS `, \"TTL x\", f(a TTL b)) TTL d");

    assertThat(clauses.clause(Clause.ORDER_BY))
        .isEqualTo(" ORDER BY (` SETTINGS `, \"TTL x\", f(a TTL b))");
    assertThat(clauses.clause(Clause.TTL)).isEqualTo(" TTL d");
  }
}
