package dev.tracekeep.adapter.pg;

import dev.tracekeep.jdbc.SpanTableSql;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.WriteResult;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** How rows get into the span table. Stateless and thread-safe. */
final class SpanWriter {
  /**
   * Rows for which one INSERT of many rows is cheaper than to make a temporary table; a live
   * program writes few at a time.
   */
  static final int SMALL_BATCH = 20;

  /** Rows of one INSERT where there is no COPY: a statement has at most 65,535 parameters. */
  private static final int ROWS_PER_INSERT = 200;

  private static final List<SpanColumn> COLUMNS = SpanColumn.all();
  private static final List<SpanColumn> KEY = COLUMNS.stream().filter(SpanColumn::isKey).toList();

  private final SpanTableSql sql;
  private final SqlDialect dialect;
  private final String stage;
  private final String stageDefinition;
  private final String stagedKeys;
  private final String stagedKeysDefinition;

  SpanWriter(SpanTableSql sql, SqlDialect dialect, String table) {
    this.sql = sql;
    this.dialect = dialect;
    this.stage = dialect.quote(SqlDialect.derivedName(table, "stage"));
    this.stageDefinition = temporary(stage, sql.columnDefinitions());
    this.stagedKeys = dialect.quote(SqlDialect.derivedName(table, "stage_keys"));
    this.stagedKeysDefinition =
        temporary(
            stagedKeys,
            "position BIGINT, "
                + KEY.stream().map(sql::definition).collect(Collectors.joining(", "))
                + ", "
                + sql.versionDefinition());
  }

  /** One transaction may merge several times, and nothing may outlive it. */
  private static String temporary(String name, String columns) {
    return "DROP TABLE IF EXISTS pg_temp."
        + name
        + "; CREATE TEMPORARY TABLE "
        + name
        + " ("
        + columns
        + ") ON COMMIT DROP";
  }

  // ---- COPY ------------------------------------------------------------------------------------

  /** Copies new rows straight into the table. */
  void copy(Connection connection, List<Span> batch) throws SQLException {
    copy(connection, sql.table(), batch);
  }

  private void copy(Connection connection, String target, List<Span> batch) throws SQLException {
    String statement = "COPY " + target + " (" + names() + ") FROM STDIN (FORMAT binary)";
    BinaryCopy.run(
        connection,
        statement,
        copy -> {
          for (Span span : batch) {
            copy.row(COLUMNS.size() + 1);
            for (SpanColumn column : COLUMNS) {
              write(copy, column.read(span));
            }
            copy.bytes(span.version().toBytes());
          }
        });
  }

  private static void write(BinaryCopy copy, @Nullable Object value) {
    if (value == null) {
      copy.nothing();
    } else if (value instanceof String text) {
      copy.text(text);
    } else if (value instanceof Json json) {
      copy.text(json.text());
    } else if (value instanceof Instant time) {
      copy.number(EpochNanos.of(time));
    } else if (value instanceof Boolean flag) {
      copy.flag(flag);
    } else if (value instanceof List<?> tags) {
      copy.texts(tags.stream().map(String.class::cast).toList());
    } else {
      throw new IllegalStateException("No column holds a " + value.getClass().getName());
    }
  }

  /**
   * Merges by way of temporary tables that the commit drops: keys and versions first, then whole
   * rows of those spans alone that are new or better. A replay sends no payload.
   *
   * <p>Rows that are there already and as good must not reach ON CONFLICT: it would lock each,
   * which writes the row and the log although nothing changes.
   */
  WriteResult.Counts mergeStaged(Connection connection, List<Span> batch) throws SQLException {
    List<Span> candidates = newOrBetter(connection, batch);
    if (candidates.isEmpty()) {
      return counts(0, 0, batch.size());
    }
    new SqlStatement(stageDefinition).execute(connection);
    copy(connection, "pg_temp." + stage, candidates);
    String merge =
        "WITH merged AS (INSERT INTO "
            + sql.table()
            + " AS r ("
            + names()
            + ") SELECT "
            + names()
            + " FROM pg_temp."
            + stage
            + " ORDER BY "
            + sql.keyNames()
            + onConflict()
            + ") SELECT count(*) FILTER (WHERE created), count(*) FROM merged";
    return new SqlStatement(merge)
        .list(connection, row -> counts(row.getLong(1), row.getLong(2), batch.size()))
        .get(0);
  }

  /**
   * The look is a scalar subquery because a join could be planned as a scan of the whole table: the
   * temporary one has no statistics. What another writer does meanwhile is ON CONFLICT's to decide.
   */
  private List<Span> newOrBetter(Connection connection, List<Span> batch) throws SQLException {
    new SqlStatement(stagedKeysDefinition).execute(connection);
    BinaryCopy.run(
        connection,
        "COPY pg_temp." + stagedKeys + " FROM STDIN (FORMAT binary)",
        copy -> {
          for (int position = 0; position < batch.size(); position++) {
            Span span = batch.get(position);
            copy.row(KEY.size() + 2);
            copy.number(position);
            KEY.forEach(column -> write(copy, column.read(span)));
            copy.bytes(span.version().toBytes());
          }
        });
    return new SqlStatement(
            "SELECT s.position FROM pg_temp."
                + stagedKeys
                + " s WHERE (SELECT t.version >= s.version FROM "
                + sql.table()
                + " t WHERE "
                + sql.sameKey("t", "s")
                + ") IS NOT TRUE ORDER BY s.position")
        .list(connection, row -> batch.get((int) row.getLong(1)));
  }

  private static WriteResult.Counts counts(long created, long written, int all) {
    return new WriteResult.Counts(created, written - created, all - written);
  }

  /** A row that was locked, and so was there before, has an xmax. */
  private String onConflict() {
    return keepBetter() + " RETURNING r.xmax = 0 AS created";
  }

  private String keepBetter() {
    return " ON CONFLICT ("
        + sql.keyNames()
        + ") DO UPDATE SET "
        + sql.assignments("excluded")
        + " WHERE "
        + sql.beats("excluded", "r");
  }

  private String names() {
    return String.join(", ", sql.columnNames());
  }

  // ---- INSERT ----------------------------------------------------------------------------------

  /** Merges a few rows by one statement. */
  WriteResult.Counts mergeFew(Connection connection, List<Span> batch) throws SQLException {
    long[] written = {0, 0};
    try (PreparedStatement statement = prepareInsert(connection, batch, onConflict());
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        written[0] += rows.getBoolean(1) ? 1 : 0;
        written[1]++;
      }
    }
    return counts(written[0], written[1], batch.size());
  }

  /** Inserts new rows where there is no COPY. */
  void insert(Connection connection, List<Span> batch) throws SQLException {
    for (int i = 0; i < batch.size(); i += ROWS_PER_INSERT) {
      List<Span> part = batch.subList(i, Math.min(batch.size(), i + ROWS_PER_INSERT));
      try (PreparedStatement statement = prepareInsert(connection, part, "")) {
        statement.executeUpdate();
      }
    }
  }

  /**
   * Merges where rows have no xmax to tell what became of them: looks first. Right only in a
   * serializable transaction.
   */
  WriteResult.Counts mergeLooking(Connection connection, List<Span> batch) throws SQLException {
    WriteResult.Counts counts = WriteResult.Counts.NONE;
    for (int i = 0; i < batch.size(); i += ROWS_PER_INSERT) {
      List<Span> part = batch.subList(i, Math.min(batch.size(), i + ROWS_PER_INSERT));
      counts = counts.plus(mergePart(connection, part));
    }
    return counts;
  }

  private WriteResult.Counts mergePart(Connection connection, List<Span> part) throws SQLException {
    Map<SpanKey, @Nullable SpanVersion> present = versions(connection, part);
    List<Span> better =
        part.stream()
            .filter(
                span -> {
                  SpanVersion stored = present.get(span.key());
                  return stored == null || span.version().compareTo(stored) > 0;
                })
            .toList();
    if (!better.isEmpty()) {
      try (PreparedStatement statement = prepareInsert(connection, better, keepBetter())) {
        statement.executeUpdate();
      }
    }
    long created = part.stream().filter(span -> !present.containsKey(span.key())).count();
    return counts(created, better.size(), part.size());
  }

  /** The versions of the rows that are there; null in a row of an older release. */
  private Map<SpanKey, @Nullable SpanVersion> versions(Connection connection, List<Span> batch)
      throws SQLException {
    SqlStatement select =
        new SqlStatement(
            "SELECT "
                + sql.keyNames()
                + ", "
                + sql.versionName()
                + " FROM "
                + sql.table()
                + " WHERE ("
                + sql.keyNames()
                + ") IN (");
    String separator = "";
    for (Span span : batch) {
      SpanKey key = span.key();
      select.append(separator + "(?, ?, ?)", key.tenantId(), key.traceId(), key.spanId());
      separator = ", ";
    }
    Map<SpanKey, @Nullable SpanVersion> versions = new HashMap<>();
    select
        .append(")")
        .forEach(
            connection,
            row -> {
              byte @Nullable [] version = row.getBytes(4);
              versions.put(
                  new SpanKey(row.getString(1), row.getString(2), row.getString(3)),
                  version == null ? null : SpanVersion.ofBytes(version));
            });
    return versions;
  }

  private PreparedStatement prepareInsert(Connection connection, List<Span> batch, String ending)
      throws SQLException {
    String row = COLUMNS.stream().map(column -> "?").collect(Collectors.joining(", ", "(", ", ?)"));
    PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO "
                + sql.table()
                + " AS r ("
                + names()
                + ") VALUES "
                + IntStream.range(0, batch.size())
                    .mapToObj(i -> row)
                    .collect(Collectors.joining(", "))
                + ending);
    try {
      int index = 1;
      for (Span span : batch) {
        for (SpanColumn column : COLUMNS) {
          bind(statement, index++, column, column.read(span));
        }
        statement.setBytes(index++, span.version().toBytes());
      }
      return statement;
    } catch (SQLException | RuntimeException e) {
      statement.close();
      throw e;
    }
  }

  /** Nulls are bound with their type: the driver prepares anew for each other set of types. */
  private void bind(
      PreparedStatement statement, int index, SpanColumn column, @Nullable Object value)
      throws SQLException {
    if (value == null) {
      statement.setNull(
          index, column.type() == SpanColumn.Type.TIME ? Types.BIGINT : Types.VARCHAR);
    } else {
      dialect.bind(statement, index, column, value);
    }
  }
}
