package dev.tracekeep.adapter.libsql;

import dev.tracekeep.jdbc.SpanTableSql;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.WriteResult;
import dev.tracekeep.storage.spi.OptimisticBulkPolicy;
import dev.tracekeep.storage.spi.WriteOutcome;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Puts spans into the table.
 *
 * <p>A batch of new keys goes in as prepared inserts that leave existing rows alone, which costs
 * what a plain insert costs. Only keys that were there are looked at again. Once a batch met such
 * keys, the next ones are looked up first: a replay then binds three short texts of a span instead
 * of all its values, and writes nothing.
 */
final class SpanWriter {
  /** Keys in one look-up: the text of the statement is parsed each time. */
  private static final int KEYS_PER_LOOKUP = 250;

  /** Large enough for a server, which gets a request for each round. */
  private static final int SPANS_PER_ROUND = 500;

  private final LibSqlDialect dialect;
  private final SpanTableSql sql;
  private final String insert;
  private final String replace;
  private final OptimisticBulkPolicy policy = new OptimisticBulkPolicy();

  SpanWriter(LibSqlDialect dialect, SpanTableSql sql) {
    this.dialect = dialect;
    this.sql = sql;
    String intoTable =
        "INSERT INTO "
            + sql.table()
            + " AS t ("
            + String.join(", ", sql.columnNames())
            + ") VALUES ("
            + sql.columnNames().stream().map(name -> "?").collect(Collectors.joining(", "))
            + ") ON CONFLICT ("
            + sql.keyNames()
            + ") DO ";
    this.insert = intoTable + "NOTHING";
    this.replace =
        intoTable
            + "UPDATE SET "
            + sql.assignments("excluded")
            + " WHERE "
            + sql.beats("excluded", "t");
  }

  /** Stores each span if its key is new or its version greater; the transaction can write. */
  WriteOutcome merge(Connection connection, List<Span> batch) throws SQLException {
    List<Span> rest = batch;
    List<Span> absent = new ArrayList<>();
    List<Span> better = new ArrayList<>();
    List<SpanKey> conflicting = new ArrayList<>();
    if (policy.shouldTryDirect()) {
      rest = existing(batch, write(connection, insert, batch));
    }
    compare(connection, rest, absent, better, conflicting);
    write(connection, insert, absent);
    write(connection, replace, better);
    int inserted = batch.size() - rest.size() + absent.size();
    policy.merged(batch.size() - inserted);
    return new WriteOutcome(
        new WriteResult.Counts(inserted, better.size(), batch.size() - inserted - better.size()),
        conflicting);
  }

  /** Writes over rows that are there, if the version is greater. */
  void replace(Connection connection, List<Span> better) throws SQLException {
    write(connection, replace, better);
  }

  private static List<Span> existing(List<Span> batch, int[] written) {
    return IntStream.range(0, written.length)
        .filter(i -> written[i] == 0)
        .mapToObj(batch::get)
        .toList();
  }

  /** Sorts out which spans have no row, which one of a lower version, and which another start. */
  private void compare(
      Connection connection,
      List<Span> spans,
      List<Span> absent,
      List<Span> better,
      List<SpanKey> conflicting)
      throws SQLException {
    for (int start = 0; start < spans.size(); start += KEYS_PER_LOOKUP) {
      List<Span> chunk = spans.subList(start, Math.min(spans.size(), start + KEYS_PER_LOOKUP));
      boolean[] found = new boolean[chunk.size()];
      versionsOf(chunk)
          .forEach(
              connection,
              row -> {
                int i = row.getInt(1);
                Span span = chunk.get(i);
                byte[] version = row.getBytes(2);
                found[i] = true;
                // An older release leaves the version out.
                if (version == null || span.version().compareTo(SpanVersion.ofBytes(version)) > 0) {
                  better.add(span);
                }
                if (row.getLong(3) != EpochNanos.of(span.times().startedAt())) {
                  conflicting.add(span.key());
                }
              });
      for (int i = 0; i < found.length; i++) {
        if (!found[i]) {
          absent.add(chunk.get(i));
        }
      }
    }
  }

  private SqlStatement versionsOf(List<Span> chunk) {
    SqlStatement statement = new SqlStatement("WITH k (i, tenant, trace, span) AS (VALUES ");
    for (int i = 0; i < chunk.size(); i++) {
      statement.append(
          (i == 0 ? "(" : ", (") + i + ", ?, ?, ?)",
          chunk.get(i).key().tenantId(),
          chunk.get(i).key().traceId(),
          chunk.get(i).key().spanId());
    }
    // CROSS JOIN keeps SQLite from scanning the table and searching the keys in it.
    return statement.append(
        ") SELECT k.i, t."
            + sql.versionName()
            + ", t."
            + sql.name(SpanColumn.STARTED_AT)
            + " FROM k CROSS JOIN "
            + sql.table()
            + " t WHERE t."
            + sql.name(SpanColumn.TENANT_ID)
            + " = k.tenant AND t."
            + sql.name(SpanColumn.TRACE_ID)
            + " = k.trace AND t."
            + sql.name(SpanColumn.SPAN_ID)
            + " = k.span");
  }

  /**
   * Runs a statement for each span; returns how many rows each one touched.
   *
   * <p>In rounds: the driver keeps the values of a round, and while SQLite stores one, another
   * thread works out the versions of the last.
   */
  private int[] write(Connection connection, String statementText, List<Span> spans)
      throws SQLException {
    if (spans.isEmpty()) {
      return new int[0];
    }
    List<SpanColumn> columns = SpanColumn.all();
    int[] touched = new int[spans.size()];
    try (PreparedStatement statement = connection.prepareStatement(statementText)) {
      for (int start = 0; start < spans.size(); start += SPANS_PER_ROUND) {
        for (Span stored : spans.subList(start, Math.min(spans.size(), start + SPANS_PER_ROUND))) {
          for (int i = 0; i < columns.size(); i++) {
            SpanColumn column = columns.get(i);
            dialect.bind(statement, i + 1, column, column.read(stored));
          }
          statement.setBytes(columns.size() + 1, stored.version().toBytes());
          statement.addBatch();
        }
        int[] round = statement.executeBatch();
        System.arraycopy(round, 0, touched, start, round.length);
      }
    }
    return touched;
  }
}
