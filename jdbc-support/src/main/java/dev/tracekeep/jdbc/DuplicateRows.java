package dev.tracekeep.jdbc;

import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rows of a table that share their key with a better row: how they are found, ranked, moved to
 * the archive and brought back. Every method is one or two statements in the caller's transaction.
 */
final class DuplicateRows {
  private static final Logger LOG = LoggerFactory.getLogger("dev.tracekeep.migration");

  private static final String MIGRATION_ID = "dedupe_migration_id";
  private static final String ARCHIVED_AT = "dedupe_archived_at";
  private static final String REASON = "dedupe_reason";
  private static final String WINNER_VERSION = "dedupe_winner_version";
  private static final String LOSERS_UPTO = "losers_upto";
  private static final String ROW = "dedupe_row";
  private static final String RANK = "dedupe_rank";

  private final MigrationDialect engine;
  private final SpanTable table;
  private final SpanTable.Columns columns;
  private final List<String> carried;
  private final String source;
  private final String archive;
  private final String work;

  /**
   * @param columns what the columns mean; only columns that are there
   * @param carried all columns that a row takes along into the archive
   */
  DuplicateRows(
      MigrationDialect engine, SpanTable table, SpanTable.Columns columns, List<String> carried) {
    this.engine = engine;
    this.table = table;
    this.columns = columns;
    this.carried = carried;
    this.source = engine.qualified(table);
    this.archive = engine.qualified(table, archiveName(table));
    this.work = engine.qualified(table, table.name() + "_dedupe_keys");
  }

  static String archiveName(SpanTable table) {
    return table.name() + "_dedupe_archive";
  }

  DuplicateRows withColumns(List<String> value) {
    return new DuplicateRows(engine, table, columns, value);
  }

  SpanTable.Columns columns() {
    return columns;
  }

  // ---- counting --------------------------------------------------------------------------------

  /** How many rows, keys, keys with more than one row, and rows without a key there are. */
  record Counts(long rows, long keys, long groups, long rowsWithoutKey) {}

  Counts count(Connection connection) throws SQLException {
    String withoutKey =
        columns.key().stream().map(c -> quote(c) + " IS NULL").collect(Collectors.joining(" OR "));
    return new SqlStatement(
            "SELECT coalesce(sum(n), 0), count(*), coalesce(sum(CASE WHEN n > 1 THEN 1 ELSE 0 END), 0),"
                + " coalesce(sum(CASE WHEN "
                + withoutKey
                + " THEN n ELSE 0 END), 0)"
                + " FROM (SELECT "
                + comparedKey()
                + ", count(*) AS n FROM "
                + source
                + " GROUP BY "
                + comparedKeyParts()
                + ") g")
        .list(
            connection,
            row -> new Counts(row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4)))
        .get(0);
  }

  long rows(Connection connection) throws SQLException {
    return new SqlStatement("SELECT count(*) FROM " + source).number(connection);
  }

  long archived(Connection connection, String migrationId) throws SQLException {
    if (archiveColumns(connection).isEmpty()) {
      return 0;
    }
    return new SqlStatement(
            "SELECT count(*) FROM " + archive + " WHERE " + quote(MIGRATION_ID) + " = ?",
            migrationId)
        .number(connection);
  }

  /** The hash of the table's rows as a multiset, over the carried columns. */
  String hash(Connection connection) throws SQLException {
    return engine.addHashes(hash(connection, source, new SqlStatement("1 = 1")), null);
  }

  /** The same over the table's rows and the archived rows together. */
  String hashWithArchive(Connection connection, String migrationId) throws SQLException {
    return engine.addHashes(
        hash(connection),
        hash(
            connection,
            archive,
            new SqlStatement("t." + quote(MIGRATION_ID) + " = ?", migrationId)));
  }

  private @Nullable String hash(Connection connection, String rows, SqlStatement condition)
      throws SQLException {
    List<String> columnsSql = carried.stream().map(c -> "t." + quote(c)).toList();
    return engine.multisetHash(connection, rows, columnsSql, condition);
  }

  // ---- the archive -----------------------------------------------------------------------------

  private Map<String, String> archiveColumns(Connection connection) throws SQLException {
    return engine.columns(connection, table.schema(), archiveName(table));
  }

  /** Makes the archive, or gives an older one the columns that the table has by now. */
  void createArchive(Connection connection) throws SQLException {
    Map<String, String> existing = archiveColumns(connection);
    if (existing.isEmpty()) {
      String text = engine.dialect().columnType(SpanColumn.NAME);
      List<String> extra = new ArrayList<>();
      archiveExtras().forEach(name -> extra.add("CAST(NULL AS " + text + ") AS " + quote(name)));
      extra.add("CAST(NULL AS " + engine.dialect().versionType() + ") AS " + quote(WINNER_VERSION));
      new SqlStatement(
              engine.createTableAs(
                  archive,
                  "SELECT "
                      + list("t.", carried)
                      + ", "
                      + String.join(", ", extra)
                      + " FROM "
                      + source
                      + " t WHERE 1 = 0"))
          .execute(connection);
      return;
    }
    Map<String, String> types = engine.columns(connection, table.schema(), table.name());
    for (String column : carried) {
      if (!existing.containsKey(column)) {
        new SqlStatement(
                "ALTER TABLE " + archive + " ADD " + quote(column) + " " + types.get(column))
            .execute(connection);
      }
    }
  }

  /** The text columns that tell why a row is in the archive; the winner's version comes last. */
  private static List<String> archiveExtras() {
    return List.of(
        MIGRATION_ID,
        ARCHIVED_AT,
        REASON,
        "dedupe_winner_ended_at",
        "dedupe_winner_updated_at",
        "dedupe_winner_created_at");
  }

  // ---- finding and moving ----------------------------------------------------------------------

  /** Selects the keys that have more than one row, and how many rows of them lose. */
  String findStatement() {
    return "SELECT "
        + comparedKey()
        + ", count(*) - 1 AS losers FROM "
        + source
        + " GROUP BY "
        + comparedKeyParts()
        + " HAVING count(*) > 1";
  }

  /**
   * Writes the keys with more than one row into the work table, with a running count of losers that
   * cuts them into batches. Returns how many losers there are.
   */
  long findDuplicates(Connection connection) throws SQLException {
    dropWorkTable(connection);
    new SqlStatement(
            engine.createTableAs(
                work,
                "SELECT "
                    + key("g.")
                    + ", sum(g.losers) OVER (ORDER BY "
                    + key("g.")
                    + " ROWS UNBOUNDED PRECEDING) AS "
                    + LOSERS_UPTO
                    + " FROM ("
                    + findStatement()
                    + ") g"))
        .execute(connection);
    return new SqlStatement("SELECT coalesce(max(" + LOSERS_UPTO + "), 0) FROM " + work)
        .number(connection);
  }

  void dropWorkTable(Connection connection) throws SQLException {
    if (!engine.columns(connection, table.schema(), table.name() + "_dedupe_keys").isEmpty()) {
      new SqlStatement("DROP TABLE " + work).execute(connection);
    }
  }

  /** Where a batch ends that starts behind {@code from}: after whole keys, at least one. */
  long endOfBatch(Connection connection, long from, int batchRows) throws SQLException {
    long end =
        new SqlStatement(
                "SELECT coalesce(max("
                    + LOSERS_UPTO
                    + "), 0) FROM "
                    + work
                    + " WHERE "
                    + LOSERS_UPTO
                    + " <= ?",
                from + batchRows)
            .number(connection);
    return end > from
        ? end
        : new SqlStatement(
                "SELECT min(" + LOSERS_UPTO + ") FROM " + work + " WHERE " + LOSERS_UPTO + " > ?",
                from)
            .number(connection);
  }

  /** Moves the losers of one batch of keys; returns of how many keys. */
  long moveBatch(Connection connection, String migrationId, long from, long end, Instant now)
      throws SQLException {
    SqlStatement keys =
        new SqlStatement(
            "SELECT * FROM " + work + " WHERE " + LOSERS_UPTO + " > ? AND " + LOSERS_UPTO + " <= ?",
            from,
            end);
    return move(connection, migrationId, keys, now);
  }

  /** Moves all losers there are now; returns of how many keys. */
  long moveAll(Connection connection, String migrationId, Instant now) throws SQLException {
    return move(connection, migrationId, new SqlStatement(findStatement()), now);
  }

  private long move(Connection connection, String migrationId, SqlStatement keys, Instant now)
      throws SQLException {
    long groups =
        new SqlStatement("SELECT count(*) FROM (").append(keys).append(") k").number(connection);
    if (groups > 0) {
      SqlStatement losers = losers(engine.rowId(connection, table), migrationId, keys, now);
      List<String> targets = new ArrayList<>(carried);
      targets.addAll(archiveExtras());
      targets.add(WINNER_VERSION);
      engine.moveLosers(connection, source, archive, list("", targets), losers);
    }
    return groups;
  }

  /** Selects {@link #ROW} and, under their names, everything that the archive keeps of a loser. */
  private SqlStatement losers(String rowId, String migrationId, SqlStatement keys, Instant now) {
    return new SqlStatement(
            "SELECT x."
                + ROW
                + ", "
                + list("x.", carried)
                + ", CAST(? AS "
                + textType()
                + ") AS "
                + quote(MIGRATION_ID)
                + ", CAST(? AS "
                + textType()
                + ") AS "
                + quote(ARCHIVED_AT)
                + ", "
                + reason()
                + " AS "
                + quote(REASON)
                + ", "
                + winner("dedupe_winner_ended_at", columns.endedAt())
                + ", "
                + winner("dedupe_winner_updated_at", columns.updatedAt())
                + ", "
                + winner("dedupe_winner_created_at", columns.createdAt())
                + ", "
                + (columns.version() == null
                    ? "CAST(NULL AS " + engine.dialect().versionType() + ")"
                    : "x." + winnerName(columns.version()))
                + " AS "
                + quote(WINNER_VERSION)
                + " FROM (",
            migrationId,
            now.toString())
        .append(ranked(rowId, keys))
        .append(") x WHERE x." + RANK + " > 1");
  }

  private SqlStatement ranked(String rowId, SqlStatement keys) {
    String window =
        " OVER (PARTITION BY "
            + columns.key().stream()
                .map(c -> engine.keyPart("t." + quote(c)))
                .collect(Collectors.joining(", "))
            + " ORDER BY "
            + order()
            + ", t."
            + rowId
            + " DESC)";
    StringBuilder select = new StringBuilder("SELECT t." + rowId + " AS " + ROW);
    carried.forEach(column -> select.append(", t.").append(quote(column)));
    for (String column : decisive()) {
      select
          .append(", first_value(t.")
          .append(quote(column))
          .append(')')
          .append(window)
          .append(" AS ")
          .append(winnerName(column));
    }
    // What decides may be newer than the carried columns: an added version column is.
    decisive().stream()
        .filter(column -> !carried.contains(column))
        .forEach(column -> select.append(", t.").append(quote(column)));
    select
        .append(", row_number()")
        .append(window)
        .append(" AS " + RANK + " FROM ")
        .append(source)
        .append(" t JOIN (");
    String sameKey =
        columns.key().stream()
            .map(c -> engine.keyPart("t." + quote(c)) + " = k." + quote(c))
            .collect(Collectors.joining(" AND "));
    return new SqlStatement(select.toString()).append(keys).append(") k ON " + sameKey);
  }

  private List<String> decisive() {
    List<String> decisive = new ArrayList<>(List.of(columns.endedAt()));
    for (@Nullable String column :
        new @Nullable String[] {columns.updatedAt(), columns.createdAt(), columns.version()}) {
      if (column != null) {
        decisive.add(column);
      }
    }
    return decisive;
  }

  /** The one rule, up to rows of the same content. A version column has it packed. */
  private String order() {
    List<String> order = new ArrayList<>();
    if (columns.version() != null) {
      order.add(SqlDialect.descendingNullsLast("t." + quote(columns.version())));
    } else {
      order.add("CASE WHEN t." + quote(columns.endedAt()) + " IS NULL THEN 1 ELSE 0 END");
      addTime(order, columns.updatedAt());
      addTime(order, columns.createdAt());
      order.add(engine.contentOrder(carried.stream().map(c -> "t." + quote(c)).toList()) + " DESC");
    }
    return String.join(", ", order);
  }

  private void addTime(List<String> order, @Nullable String column) {
    if (column != null) {
      engine.timeOrder("t." + quote(column)).stream()
          .map(SqlDialect::descendingNullsLast)
          .forEach(order::add);
    }
  }

  private String reason() {
    StringBuilder reason = new StringBuilder("CASE");
    reason
        .append(" WHEN x.")
        .append(quote(columns.endedAt()))
        .append(" IS NULL AND x.")
        .append(winnerName(columns.endedAt()))
        .append(" IS NOT NULL THEN 'running, and another copy is completed'");
    appendOlder(reason, columns.updatedAt());
    appendOlder(reason, columns.createdAt());
    return reason.append(" ELSE 'as new as another copy that was kept' END").toString();
  }

  private void appendOlder(StringBuilder reason, @Nullable String column) {
    if (column != null) {
      String mine = "x." + quote(column);
      String winners = "x." + winnerName(column);
      reason
          .append(" WHEN ")
          .append(mine)
          .append(" < ")
          .append(winners)
          .append(" OR (")
          .append(mine)
          .append(" IS NULL AND ")
          .append(winners)
          .append(" IS NOT NULL) THEN 'older ")
          .append(column)
          .append(" than another copy'");
    }
  }

  private String winner(String name, @Nullable String column) {
    return "CAST("
        + (column == null ? "NULL" : "x." + winnerName(column))
        + " AS "
        + textType()
        + ") AS "
        + quote(name);
  }

  private String winnerName(String column) {
    return quote("dedupe_winner_of_" + column);
  }

  /** Selects the best row of each key with all columns: how a table with duplicates is read. */
  String selectBest(String columnsSql) {
    return "SELECT "
        + columnsSql
        + " FROM (SELECT t.*, row_number() OVER (PARTITION BY "
        + columns.key().stream()
            .map(c -> engine.keyPart("t." + quote(c)))
            .collect(Collectors.joining(", "))
        + " ORDER BY "
        + order()
        + ") AS "
        + RANK
        + " FROM "
        + source
        + " t) b WHERE b."
        + RANK
        + " = 1";
  }

  // ---- back, and telling -----------------------------------------------------------------------

  /** Puts the archived rows back into the table and out of the archive; returns how many. */
  long restore(Connection connection, String migrationId) throws SQLException {
    if (archiveColumns(connection).isEmpty()) {
      return 0;
    }
    String ofMigration = " WHERE " + quote(MIGRATION_ID) + " = ?";
    engine.beforeRestore(connection, table);
    long rows =
        new SqlStatement(
                "INSERT INTO "
                    + source
                    + " ("
                    + list("", carried)
                    + ") SELECT "
                    + list("", carried)
                    + " FROM "
                    + archive
                    + ofMigration,
                migrationId)
            .execute(connection);
    engine.afterRestore(connection, table);
    new SqlStatement("DELETE FROM " + archive + ofMigration, migrationId).execute(connection);
    return rows;
  }

  /**
   * Logs archived rows up to the limit, then says once that there are more; returns how many so
   * far.
   */
  int logArchived(Connection connection, String migrationId, int alreadyLogged, int limit)
      throws SQLException {
    List<String> shown = columns.key().stream().filter(carried::contains).toList();
    int[] seen = {0};
    new SqlStatement(
            "SELECT "
                + list("", shown)
                + ", "
                + quote(REASON)
                + " FROM "
                + archive
                + " WHERE "
                + quote(MIGRATION_ID)
                + " = ? ORDER BY "
                + quote(ARCHIVED_AT)
                + ", "
                + list("", shown)
                + engine.dialect().limit(limit + 1),
            migrationId)
        .forEach(
            connection,
            row -> {
              int number = ++seen[0];
              if (number > alreadyLogged && number <= limit) {
                List<String> key = new ArrayList<>();
                for (int i = 1; i <= shown.size(); i++) {
                  key.add(row.getString(i));
                }
                LOG.info(
                    "{}: moved {} to {}: {}",
                    table,
                    String.join("/", key),
                    archiveName(table),
                    row.getString(shown.size() + 1));
              } else if (number == limit + 1 && alreadyLogged <= limit) {
                LOG.info(
                    "{}: more rows are moved than are logged one by one; {} has them all",
                    table,
                    archiveName(table));
              }
            });
    return seen[0];
  }

  private String textType() {
    return engine.dialect().columnType(SpanColumn.NAME);
  }

  private String key(String alias) {
    return list(alias, columns.key());
  }

  /** The parts of the key as they are to be compared, each under its column's name. */
  private String comparedKey() {
    return columns.key().stream()
        .map(c -> engine.keyPart(quote(c)) + " AS " + quote(c))
        .collect(Collectors.joining(", "));
  }

  private String comparedKeyParts() {
    return columns.key().stream()
        .map(c -> engine.keyPart(quote(c)))
        .collect(Collectors.joining(", "));
  }

  private String list(String alias, List<String> names) {
    return names.stream().map(c -> alias + quote(c)).collect(Collectors.joining(", "));
  }

  private String quote(String identifier) {
    return engine.dialect().quote(identifier);
  }
}
