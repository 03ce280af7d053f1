package dev.tracekeep.adapter.pg;

import dev.tracekeep.jdbc.SpanTableSql;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.WriteResult;
import dev.tracekeep.storage.spi.WriteOutcome;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
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

  /** What the look at a row that is there says, added up. */
  private static final int AS_GOOD = 1;

  private static final int OTHER_START = 2;

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
                + sql.definition(SpanColumn.STARTED_AT)
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
              write(copy, column, column.read(span));
            }
            copy.bytes(span.version().toBytes());
          }
        });
  }

  private static void write(BinaryCopy copy, SpanColumn column, @Nullable Object value) {
    if (value == null) {
      copy.nothing();
    } else if (value instanceof String text) {
      copy.text(text);
    } else if (value instanceof Json json) {
      copy.text(json.text());
    } else if (value instanceof Instant time) {
      copy.number(EpochNanos.of(time));
    } else if (value instanceof BigDecimal number) {
      if (column.scale() == 0) {
        copy.number(FixedPoint.units(column, number));
      } else {
        copy.decimal(number);
      }
    } else if (value instanceof Boolean flag) {
      copy.flag(flag);
    } else if (value instanceof List<?> tags) {
      copy.texts(tags.stream().map(String.class::cast).toList());
    } else {
      throw new IllegalStateException("No column holds a " + value.getClass().getName());
    }
  }

  /**
   * Merges by way of temporary tables that the commit drops: keys, starts and versions first, then
   * whole rows of those spans alone that are new or better. A replay sends no payload.
   *
   * <p>Rows that are there already and as good must not reach ON CONFLICT: it would lock each,
   * which writes the row and the log although nothing changes.
   *
   * @param distributed whether the rows are on workers of Citus
   */
  WriteOutcome mergeStaged(Connection connection, List<Span> batch, boolean distributed)
      throws SQLException {
    List<SpanKey> conflicting = new ArrayList<>();
    List<Span> candidates = newOrBetter(connection, batch, distributed, conflicting);
    return new WriteOutcome(mergeStaged(connection, candidates, batch.size()), conflicting);
  }

  private WriteResult.Counts mergeStaged(Connection connection, List<Span> candidates, int all)
      throws SQLException {
    if (candidates.isEmpty()) {
      return counts(0, 0, all);
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
        .list(connection, row -> counts(row.getLong(1), row.getLong(2), all))
        .get(0);
  }

  /**
   * What another writer does after the look is ON CONFLICT's to decide.
   *
   * @param conflicting takes the keys of rows that start at another time
   */
  private List<Span> newOrBetter(
      Connection connection, List<Span> batch, boolean distributed, List<SpanKey> conflicting)
      throws SQLException {
    new SqlStatement(stagedKeysDefinition).execute(connection);
    BinaryCopy.run(
        connection,
        "COPY pg_temp." + stagedKeys + " FROM STDIN (FORMAT binary)",
        copy -> {
          for (int position = 0; position < batch.size(); position++) {
            Span span = batch.get(position);
            copy.row(KEY.size() + 3);
            copy.number(position);
            KEY.forEach(column -> write(copy, column, column.read(span)));
            copy.number(EpochNanos.of(span.times().startedAt()));
            copy.bytes(span.version().toBytes());
          }
        });
    int[] looks = new int[batch.size()];
    Arrays.fill(looks, distributed ? 0 : AS_GOOD); // what the rows mean that are not sent
    new SqlStatement(distributed ? lookOnWorkers() : look())
        .forEach(connection, row -> looks[(int) row.getLong(1)] = row.getInt(2));
    List<Span> candidates = new ArrayList<>();
    for (int position = 0; position < looks.length; position++) {
      Span span = batch.get(position);
      if ((looks[position] & AS_GOOD) == 0) {
        candidates.add(span);
      }
      if ((looks[position] & OTHER_START) != 0) {
        conflicting.add(span.key());
      }
    }
    return candidates;
  }

  /**
   * A scalar subquery, because a join could be planned as a scan of the whole table: the temporary
   * one has no statistics. OFFSET 0 keeps it from being asked once for the filter and again for the
   * result.
   */
  private String look() {
    return "SELECT position, look FROM (SELECT s.position, (SELECT "
        + lookAt()
        + " FROM "
        + sql.table()
        + " t WHERE "
        + sql.sameKey("t", "s")
        + ") AS look FROM pg_temp."
        + stagedKeys
        + " s OFFSET 0) l WHERE look IS DISTINCT FROM "
        + AS_GOOD;
  }

  /** Citus sends the temporary table to the workers for a join, and not for a subquery. */
  private String lookOnWorkers() {
    return "SELECT s.position, "
        + lookAt()
        + " FROM pg_temp."
        + stagedKeys
        + " s JOIN "
        + sql.table()
        + " t ON "
        + sql.sameKey("t", "s");
  }

  private String lookAt() {
    return "CASE WHEN t.version >= s.version THEN "
        + AS_GOOD
        + " ELSE 0 END + CASE WHEN "
        + sql.otherStart("t", "s")
        + " THEN "
        + OTHER_START
        + " ELSE 0 END";
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

  /**
   * Merges a few rows by one statement. It looks at the starts by another one, which the driver
   * sends along in the same trip to the server.
   */
  WriteOutcome mergeFew(Connection connection, List<Span> batch) throws SQLException {
    long[] written = {0, 0};
    List<SpanKey> conflicting = new ArrayList<>();
    try (PreparedStatement statement = prepareInsert(connection, true, batch, onConflict())) {
      statement.execute();
      try (ResultSet rows = statement.getResultSet()) {
        Map<SpanKey, Stored> present = stored(rows);
        addConflicting(batch, present, conflicting);
      }
      statement.getMoreResults();
      try (ResultSet rows = statement.getResultSet()) {
        while (rows.next()) {
          written[0] += rows.getBoolean(1) ? 1 : 0;
          written[1]++;
        }
      }
    }
    return new WriteOutcome(counts(written[0], written[1], batch.size()), conflicting);
  }

  /** Inserts new rows where there is no COPY. */
  void insert(Connection connection, List<Span> batch) throws SQLException {
    for (int i = 0; i < batch.size(); i += ROWS_PER_INSERT) {
      List<Span> part = batch.subList(i, Math.min(batch.size(), i + ROWS_PER_INSERT));
      try (PreparedStatement statement = prepareInsert(connection, false, part, "")) {
        statement.executeUpdate();
      }
    }
  }

  /**
   * Merges where rows have no xmax to tell what became of them: looks first. Right only in a
   * serializable transaction.
   */
  WriteOutcome mergeLooking(Connection connection, List<Span> batch) throws SQLException {
    WriteOutcome outcome = WriteOutcome.NONE;
    for (int i = 0; i < batch.size(); i += ROWS_PER_INSERT) {
      List<Span> part = batch.subList(i, Math.min(batch.size(), i + ROWS_PER_INSERT));
      outcome = outcome.plus(mergePart(connection, part));
    }
    return outcome;
  }

  private WriteOutcome mergePart(Connection connection, List<Span> part) throws SQLException {
    Map<SpanKey, Stored> present;
    try (PreparedStatement statement = connection.prepareStatement(selectStored(part.size()))) {
      bindKeys(statement, 1, part);
      try (ResultSet rows = statement.executeQuery()) {
        present = stored(rows);
      }
    }
    List<Span> better =
        part.stream()
            .filter(
                span -> {
                  Stored stored = present.get(span.key());
                  return stored == null
                      || stored.version() == null
                      || span.version().compareTo(stored.version()) > 0;
                })
            .toList();
    if (!better.isEmpty()) {
      try (PreparedStatement statement = prepareInsert(connection, false, better, keepBetter())) {
        statement.executeUpdate();
      }
    }
    List<SpanKey> conflicting = new ArrayList<>();
    addConflicting(part, present, conflicting);
    return new WriteOutcome(
        counts(part.size() - present.size(), better.size(), part.size()), conflicting);
  }

  /** What is known of a row that is there; it has no version in a table of an older release. */
  private record Stored(@Nullable SpanVersion version, long startedAt) {}

  /** Selects what {@link #stored} reads, of so many keys. */
  private String selectStored(int keys) {
    return "SELECT "
        + sql.keyNames()
        + ", "
        + sql.versionName()
        + ", "
        + sql.name(SpanColumn.STARTED_AT)
        + " FROM "
        + sql.table()
        + " WHERE ("
        + sql.keyNames()
        + ") IN ("
        + String.join(", ", Collections.nCopies(keys, "(?, ?, ?)"))
        + ")";
  }

  /** Binds the keys of the batch; returns the index of the next parameter. */
  private static int bindKeys(PreparedStatement statement, int first, List<Span> batch)
      throws SQLException {
    int index = first;
    for (Span span : batch) {
      statement.setString(index++, span.key().tenantId());
      statement.setString(index++, span.key().traceId());
      statement.setString(index++, span.key().spanId());
    }
    return index;
  }

  private static Map<SpanKey, Stored> stored(ResultSet rows) throws SQLException {
    Map<SpanKey, Stored> stored = new HashMap<>();
    while (rows.next()) {
      byte @Nullable [] version = rows.getBytes(4);
      stored.put(
          new SpanKey(rows.getString(1), rows.getString(2), rows.getString(3)),
          new Stored(version == null ? null : SpanVersion.ofBytes(version), rows.getLong(5)));
    }
    return stored;
  }

  private static void addConflicting(
      List<Span> batch, Map<SpanKey, Stored> present, List<SpanKey> conflicting) {
    for (Span span : batch) {
      Stored stored = present.get(span.key());
      if (stored != null && stored.startedAt() != EpochNanos.of(span.times().startedAt())) {
        conflicting.add(span.key());
      }
    }
  }

  /**
   * @param looks whether the rows that are there are selected before, as a result of its own
   * @param ending what follows the rows
   */
  private PreparedStatement prepareInsert(
      Connection connection, boolean looks, List<Span> batch, String ending) throws SQLException {
    String row = COLUMNS.stream().map(column -> "?").collect(Collectors.joining(", ", "(", ", ?)"));
    PreparedStatement statement =
        connection.prepareStatement(
            (looks ? selectStored(batch.size()) + "; " : "")
                + "INSERT INTO "
                + sql.table()
                + " AS r ("
                + names()
                + ") VALUES "
                + IntStream.range(0, batch.size())
                    .mapToObj(i -> row)
                    .collect(Collectors.joining(", "))
                + ending);
    try {
      int index = looks ? bindKeys(statement, 1, batch) : 1;
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
          index,
          switch (column.type()) {
            case TIME -> Types.BIGINT;
            case NUMBER -> column.scale() == 0 ? Types.BIGINT : Types.NUMERIC;
            default -> Types.VARCHAR;
          });
    } else {
      dialect.bind(statement, index, column, value);
    }
  }
}
