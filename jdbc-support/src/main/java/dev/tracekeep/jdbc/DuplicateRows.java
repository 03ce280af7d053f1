package dev.tracekeep.jdbc;

import static dev.tracekeep.dedupe.ArchiveNames.ARCHIVED_AT;
import static dev.tracekeep.dedupe.ArchiveNames.MIGRATION_ID;
import static dev.tracekeep.dedupe.ArchiveNames.REASON;
import static dev.tracekeep.dedupe.ArchiveNames.WINNER_CREATED_AT;
import static dev.tracekeep.dedupe.ArchiveNames.WINNER_DIGEST;
import static dev.tracekeep.dedupe.ArchiveNames.WINNER_ENDED_AT;
import static dev.tracekeep.dedupe.ArchiveNames.WINNER_UPDATED_AT;
import static dev.tracekeep.dedupe.ArchiveNames.WINNER_VERSION;

import dev.tracekeep.dedupe.ArchiveNames;
import dev.tracekeep.dedupe.RowCounts;
import dev.tracekeep.migration.ArchivedRow;
import dev.tracekeep.migration.MigrationPlan.Group;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import java.sql.Blob;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a table that share their key with a better row: how they are found, ranked, moved to
 * the archive and brought back. Every method is one or two statements in the caller's transaction.
 */
final class DuplicateRows {
  private static final String LOSERS_UPTO = "losers_upto";
  private static final String ROW = LosingRows.ROW;
  private static final String RANK = "dedupe_rank";
  private static final int LARGEST_GROUPS = 5;
  private static final int ROWS_MEASURED = 1000;

  private final MigrationDialect engine;
  private final SpanTable table;
  private final SpanTable.Columns columns;
  private final List<String> carried;
  private final Map<String, String> types;
  private final String archiveName;
  private final String source;
  private final String archive;
  private final String work;
  private final String staged;

  /**
   * @param table the table as the engine calls it
   * @param columns what the columns mean; only columns that are there
   * @param carried all columns that a row takes along into the archive
   * @param types the table's columns and their types
   * @param archive the archive's name
   */
  DuplicateRows(
      MigrationDialect engine,
      SpanTable table,
      SpanTable.Columns columns,
      List<String> carried,
      Map<String, String> types,
      String archive) {
    this.engine = engine;
    this.table = table;
    this.columns = columns;
    this.carried = carried;
    this.types = types;
    this.archiveName = archive;
    this.source = engine.qualified(table);
    this.archive = engine.qualified(table, archive);
    this.work = engine.qualified(table, workName(table));
    this.staged = engine.qualified(table, stagedName(table));
  }

  static String workName(SpanTable table) {
    return table.name() + "_dedupe_keys";
  }

  private static String stagedName(SpanTable table) {
    return table.name() + "_dedupe_losers";
  }

  // ---- counting --------------------------------------------------------------------------------

  /**
   * Groups the table by its key.
   *
   * @param withoutVersion whether rows without a version are counted
   */
  RowCounts count(Connection connection, boolean withoutVersion) throws SQLException {
    String noTenant = columns.tenantId() == null ? "1 = 0" : quote(columns.tenantId()) + " IS NULL";
    String noKey = quote(columns.traceId()) + " IS NULL OR " + quote(columns.spanId()) + " IS NULL";
    String noVersion =
        withoutVersion && columns.version() != null
            ? "sum(CASE WHEN " + quote(columns.version()) + " IS NULL THEN 1 ELSE 0 END)"
            : "0";
    return new SqlStatement(
            "SELECT coalesce(sum(n), 0), count(*), coalesce(sum(CASE WHEN n > 1 THEN 1 ELSE 0"
                + " END), 0),"
                + (" coalesce(sum(CASE WHEN " + noKey + " THEN n ELSE 0 END), 0),")
                + (" coalesce(sum(CASE WHEN " + noTenant + " THEN n ELSE 0 END), 0),")
                + " coalesce(sum(v), 0) FROM (SELECT "
                + (comparedKey() + ", count(*) AS n, " + noVersion + " AS v FROM " + source)
                + (" GROUP BY " + comparedKeyParts() + ") g"))
        .list(
            connection,
            row ->
                new RowCounts(
                    row.getLong(1),
                    row.getLong(2),
                    row.getLong(3),
                    row.getLong(4),
                    row.getLong(5),
                    row.getLong(6),
                    List.of()))
        .get(0);
  }

  /** Whether rows of one key differ in a column. */
  boolean tellsRowsOfAKeyApart(Connection connection, String column) throws SQLException {
    return new SqlStatement(
                "SELECT count(*) FROM (SELECT "
                    + (comparedKey() + " FROM " + source + " GROUP BY " + comparedKeyParts())
                    + (" HAVING count(DISTINCT " + quote(column) + ") > 1) g"))
            .number(connection)
        > 0;
  }

  /** How many keys have one running and one completed row, and no other. */
  long pairs(Connection connection) throws SQLException {
    return new SqlStatement(
            "SELECT count(*) FROM (SELECT "
                + (comparedKey() + " FROM " + source + " GROUP BY " + comparedKeyParts())
                + " HAVING count(*) = 2 AND sum(CASE WHEN "
                + (isEnd(quote(columns.endedAt())) + " THEN 1 ELSE 0 END) = 1) g"))
        .number(connection);
  }

  /** The keys with the most rows, largest first. */
  List<Group> largestGroups(Connection connection) throws SQLException {
    int parts = columns.key().size();
    return new SqlStatement(
            "SELECT "
                + (key("g.") + ", g.losers + 1 AS copies FROM (" + findStatement() + ") g")
                + (" ORDER BY copies DESC, " + key("g."))
                + engine.dialect().limit(LARGEST_GROUPS))
        .list(
            connection,
            row -> {
              List<String> key = new ArrayList<>();
              for (int i = 1; i <= parts; i++) {
                key.add(String.valueOf(row.getString(i)));
              }
              return new Group(key, row.getLong(parts + 1));
            });
  }

  /** How many bytes the values of a row have as text, on average of some; 0 of no rows. */
  long averageBytes(Connection connection) throws SQLException {
    return new SqlStatement(
            "SELECT coalesce(avg(s.bytes), 0) FROM (SELECT "
                + (bytes() + " AS bytes FROM " + source + " t")
                + (engine.dialect().limitUnordered(ROWS_MEASURED) + ") s"))
        .number(connection);
  }

  /** Counts and hashes the table's rows, over the carried columns. */
  HashedRows hash(Connection connection) throws SQLException {
    return hash(connection, source, new SqlStatement("1 = 1"));
  }

  /** The same of the rows that a migration moved to the archive. */
  HashedRows hashArchived(Connection connection, String migrationId) throws SQLException {
    if (archiveColumns(connection).isEmpty()) {
      return new HashedRows(0, null);
    }
    return hash(
        connection, archive, new SqlStatement("t." + quote(MIGRATION_ID) + " = ?", migrationId));
  }

  private HashedRows hash(Connection connection, String rows, SqlStatement condition)
      throws SQLException {
    List<String> columnsSql = carried.stream().map(c -> "t." + quote(c)).toList();
    return engine.hash(connection, rows, columnsSql, condition);
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

  /** Of how many keys a migration moved rows. */
  long archivedKeys(Connection connection, String migrationId) throws SQLException {
    String key =
        columns.key().stream()
            .filter(carried::contains)
            .map(c -> engine.keyPart(quote(c)) + " AS " + quote(c))
            .collect(Collectors.joining(", "));
    return new SqlStatement(
            "SELECT count(*) FROM (SELECT DISTINCT "
                + (key + " FROM " + archive + " WHERE " + quote(MIGRATION_ID) + " = ?) k"),
            migrationId)
        .number(connection);
  }

  // ---- the archive -----------------------------------------------------------------------------

  private Map<String, String> archiveColumns(Connection connection) throws SQLException {
    return engine.columns(connection, table.schema(), archiveName);
  }

  /**
   * Makes the archive, or gives an older one the columns that the table has by now.
   *
   * @param audited whether the rows of every batch will be asked for
   */
  void createArchive(Connection connection, boolean audited) throws SQLException {
    Map<String, String> existing = archiveColumns(connection);
    if (existing.isEmpty()) {
      createEmpty(connection, archive, list("t.", carried));
      if ((audited || engine.looksForBatches()) && engine.indexesText()) {
        String batch = quote(MIGRATION_ID) + ", " + quote(ARCHIVED_AT);
        new SqlStatement(
                "CREATE INDEX "
                    + (quote(archiveName + "_batch") + " ON " + archive + " (" + batch + ")"))
            .execute(connection);
      }
      return;
    }
    Map<String, String> wanted = new LinkedHashMap<>();
    carried.forEach(column -> wanted.put(column, Objects.requireNonNull(types.get(column))));
    ArchiveNames.TEXT_COLUMNS.forEach(
        name -> wanted.put(name, engine.dialect().columnType(SpanColumn.NAME)));
    wanted.put(WINNER_VERSION, engine.dialect().versionType());
    for (Map.Entry<String, String> column : wanted.entrySet()) {
      if (existing.keySet().stream().noneMatch(column.getKey()::equalsIgnoreCase)) {
        new SqlStatement(
                "ALTER TABLE "
                    + archive
                    + " ADD "
                    + quote(column.getKey())
                    + " "
                    + column.getValue())
            .execute(connection);
      }
    }
  }

  /** Makes a table of some columns of the table's alias {@code t} and those that tell why. */
  private void createEmpty(Connection connection, String name, String columnsSql)
      throws SQLException {
    List<String> told = new ArrayList<>();
    ArchiveNames.TEXT_COLUMNS.forEach(
        column -> told.add("CAST(NULL AS " + textType() + ") AS " + quote(column)));
    told.add("CAST(NULL AS " + engine.dialect().versionType() + ") AS " + quote(WINNER_VERSION));
    new SqlStatement(
            engine.createTableAs(
                name,
                "SELECT "
                    + (columnsSql + ", " + String.join(", ", told))
                    + (" FROM " + source + " t WHERE 1 = 0")))
        .execute(connection);
  }

  /** Makes the table in which the losers of one batch are told apart from what they lost to. */
  void createStaged(Connection connection) throws SQLException {
    dropIfThere(connection, stagedName(table), staged);
    createEmpty(connection, staged, "t." + rowId(connection) + " AS " + ROW);
  }

  /** Whether a table has the archive's name that is none. */
  boolean isArchiveTaken(Connection connection) throws SQLException {
    Map<String, String> existing = archiveColumns(connection);
    return !existing.isEmpty()
        && existing.keySet().stream().noneMatch(MIGRATION_ID::equalsIgnoreCase);
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
   * Writes the rows of keys with more than one row into the work table, with a running count of
   * losers that cuts them into batches of whole keys. Returns how many losers there are.
   *
   * <p>A row's address may have become another row's by the time its batch is moved: then rows are
   * ranked that are not all of a key, and those that lose do so to a row that is there. What a
   * batch misses is moved under the last lock.
   */
  long findDuplicates(Connection connection) throws SQLException {
    dropIfThere(connection, workName(table), work);
    String numbered =
        "SELECT "
            + (key("g.") + ", sum(g.losers) OVER (ORDER BY " + key("g."))
            + (" ROWS UNBOUNDED PRECEDING) AS "
                + LOSERS_UPTO
                + " FROM ("
                + findStatement()
                + ") g");
    new SqlStatement(
            engine.createTableAs(
                work,
                "SELECT t."
                    + (rowId(connection) + " AS " + ROW + ", k." + LOSERS_UPTO)
                    + (" FROM "
                        + source
                        + " t JOIN ("
                        + numbered
                        + ") k ON "
                        + sameKey("t.", "k."))))
        .execute(connection);
    if (engine.usesIndexes()) {
      new SqlStatement(
              "CREATE INDEX "
                  + (quote(workName(table) + "_upto") + " ON " + work + " (" + LOSERS_UPTO + ")"))
          .execute(connection);
      engine.analyze(connection, work);
    }
    return losersFound(connection);
  }

  /** How many losers the work table has. */
  long losersFound(Connection connection) throws SQLException {
    return new SqlStatement("SELECT coalesce(max(" + LOSERS_UPTO + "), 0) FROM " + work)
        .number(connection);
  }

  private String rowId(Connection connection) throws SQLException {
    return engine.rowId(connection, table);
  }

  /** The same key on both sides; the right one has it as it is compared already. */
  private String sameKey(String left, String right) {
    return columns.key().stream()
        .map(c -> engine.keyPart(left + quote(c)) + " = " + right + quote(c))
        .collect(Collectors.joining(" AND "));
  }

  void dropWorkTables(Connection connection) throws SQLException {
    dropIfThere(connection, workName(table), work);
    dropIfThere(connection, stagedName(table), staged);
  }

  private void dropIfThere(Connection connection, String name, String qualified)
      throws SQLException {
    if (!engine.columns(connection, table.schema(), name).isEmpty()) {
      new SqlStatement("DROP TABLE " + qualified).execute(connection);
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

  /** Moves the losers of one batch; returns them. */
  HashedRows moveBatch(Connection connection, String migrationId, long from, long end, Instant now)
      throws SQLException {
    String batch =
        "SELECT k."
            + (ROW + " FROM " + work + " k WHERE k." + LOSERS_UPTO + " > ? AND k." + LOSERS_UPTO)
            + " <= ?";
    SqlStatement rows =
        new SqlStatement(" WHERE " + engine.isAmong("t." + rowId(connection), batch), from, end);
    return move(connection, migrationId, rows, now);
  }

  /** Moves all losers there are now; returns them. */
  HashedRows moveAll(Connection connection, String migrationId, Instant now) throws SQLException {
    SqlStatement any = new SqlStatement("SELECT count(*) FROM (" + findStatement() + ") k");
    if (any.number(connection) == 0) {
      return HashedRows.NONE;
    }
    SqlStatement rows =
        new SqlStatement(" JOIN (" + findStatement() + ") k ON " + sameKey("t.", "k."));
    return move(connection, migrationId, rows, now);
  }

  private HashedRows move(Connection connection, String migrationId, SqlStatement rows, Instant now)
      throws SQLException {
    List<String> told = new ArrayList<>(ArchiveNames.TEXT_COLUMNS);
    told.add(WINNER_VERSION);
    return engine.moveLosers(
        connection,
        new LosingRows(
            table,
            archive,
            carried.stream().map(this::quote).toList(),
            told.stream().map(this::quote).toList(),
            losers(rowId(connection), migrationId, rows, now),
            staged,
            new SqlStatement(ofMigration("t."), migrationId)
                .append(" AND t." + quote(ARCHIVED_AT) + " = ?", now.toString())));
  }

  /** Selects {@link #ROW} and, under their names, everything that the archive tells of a loser. */
  private SqlStatement losers(String rowId, String migrationId, SqlStatement rows, Instant now) {
    String text = textType();
    return new SqlStatement(
            "SELECT x."
                + ROW
                + (", CAST(? AS " + text + ") AS " + quote(MIGRATION_ID))
                + (", CAST(? AS " + text + ") AS " + quote(ARCHIVED_AT))
                + (", " + reason() + " AS " + quote(REASON) + ", ")
                + winner(WINNER_ENDED_AT, columns.endedAt())
                + ", "
                + winner(WINNER_UPDATED_AT, columns.updatedAt())
                + ", "
                + winner(WINNER_CREATED_AT, columns.createdAt())
                + (", CAST(x.dedupe_digest AS " + text + ") AS " + quote(WINNER_DIGEST) + ", ")
                + (columns.version() == null
                    ? "CAST(NULL AS " + engine.dialect().versionType() + ")"
                    : "x." + winnerName(columns.version()))
                + (" AS " + quote(WINNER_VERSION) + " FROM ("),
            migrationId,
            now.toString())
        .append(ranked(rowId, rows))
        .append(") x WHERE x." + RANK + " > 1");
  }

  private SqlStatement ranked(String rowId, SqlStatement rows) {
    String window =
        " OVER (PARTITION BY "
            + columns.key().stream()
                .map(c -> engine.keyPart("t." + quote(c)))
                .collect(Collectors.joining(", "))
            + (" ORDER BY " + order() + ", t." + rowId + " DESC)");
    StringBuilder select = new StringBuilder("SELECT t." + rowId + " AS " + ROW);
    for (String column : decisive()) {
      String first = "first_value(t." + quote(column) + ")" + window;
      select.append(", " + first + " AS " + winnerName(column));
    }
    if (columns.version() == null) {
      // Why it lost: whether by what it says, and no time.
      select.append(
          ", " + columnsPresent() + " AS dedupe_present, " + bytes() + " AS dedupe_bytes");
      select.append(", first_value(" + columnsPresent() + ")" + window + " AS dedupe_most_present");
      select.append(", first_value(" + bytes() + ")" + window + " AS dedupe_most_bytes");
    }
    select.append(", first_value(" + engine.digest(content()) + ")" + window + " AS dedupe_digest");
    decisive().forEach(column -> select.append(", t.").append(quote(column)));
    select.append(", row_number()" + window + " AS " + RANK + " FROM " + source + " t");
    return new SqlStatement(select.toString()).append(rows);
  }

  private List<String> content() {
    return carried.stream().map(c -> "t." + quote(c)).toList();
  }

  private String columnsPresent() {
    return content().stream()
        .map(c -> "CASE WHEN " + c + " IS NULL THEN 0 ELSE 1 END")
        .collect(Collectors.joining(" + ", "(", ")"));
  }

  private String bytes() {
    return content().stream()
        .map(c -> "CASE WHEN " + c + " IS NULL THEN 0 ELSE " + engine.textLength(c) + " END")
        .collect(Collectors.joining(" + ", "(", ")"));
  }

  /** The copy that says more: more columns that are not null, then more text. */
  private List<String> weight() {
    return List.of(columnsPresent() + " DESC", bytes() + " DESC");
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
      order.add("CASE WHEN " + isEnd("t." + quote(columns.endedAt())) + " THEN 0 ELSE 1 END");
      addTime(order, columns.updatedAt());
      addTime(order, columns.createdAt());
      order.addAll(weight());
      engine.contentOrder(content()).forEach(term -> order.add(term + " DESC"));
    }
    return String.join(", ", order);
  }

  private String isEnd(String columnSql) {
    return engine.isEnd(columnSql, Objects.requireNonNullElse(types.get(columns.endedAt()), ""));
  }

  private List<String> timeOrder(String columnSql, String column) {
    return engine.timeOrder(columnSql, Objects.requireNonNullElse(types.get(column), ""));
  }

  private void addTime(List<String> order, @Nullable String column) {
    if (column != null) {
      timeOrder("t." + quote(column), column).stream()
          .map(SqlDialect::descendingNullsLast)
          .forEach(order::add);
    }
  }

  /** Says what the order decided by, in the order's own terms. */
  private String reason() {
    String ended = quote(columns.endedAt());
    StringBuilder reason =
        new StringBuilder(
            "CASE WHEN NOT ("
                + (isEnd("x." + ended) + ") AND (" + isEnd("x." + winnerName(columns.endedAt())))
                + (") THEN '" + ArchiveNames.RUNNING + "'"));
    appendOlder(reason, columns.updatedAt());
    appendOlder(reason, columns.createdAt());
    if (columns.version() == null) {
      reason.append(
          " WHEN x.dedupe_present < x.dedupe_most_present OR (x.dedupe_present ="
              + " x.dedupe_most_present"
              + (" AND x.dedupe_bytes < x.dedupe_most_bytes) THEN '"
                  + ArchiveNames.SAYS_LESS
                  + "'"));
    }
    return reason.append(" ELSE '" + ArchiveNames.AS_NEW + "' END").toString();
  }

  private void appendOlder(StringBuilder reason, @Nullable String column) {
    if (column == null) {
      return;
    }
    List<String> mine = timeOrder("x." + quote(column), column);
    List<String> winners = timeOrder("x." + winnerName(column), column);
    List<String> older = new ArrayList<>();
    String same = "";
    for (int i = 0; i < mine.size(); i++) {
      String left = mine.get(i);
      String right = winners.get(i);
      older.add(
          same
              + (left + " < " + right)
              + (" OR " + same + left + " IS NULL AND " + right + " IS NOT NULL"));
      same = same + "(" + left + " = " + right + " OR (" + left + " IS NULL AND " + right;
      same += " IS NULL)) AND ";
    }
    reason.append(
        " WHEN (" + String.join(") OR (", older) + ") THEN '" + ArchiveNames.older(column) + "'");
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

  // ---- back ------------------------------------------------------------------------------------

  private String ofMigration(String alias) {
    return alias + quote(MIGRATION_ID) + " = ?";
  }

  /** Archived rows have the key as it was, and it is compared as a key is. */
  private String sameKeyAsArchived() {
    return archivedKey().stream()
        .map(c -> engine.keyPart("t." + quote(c)) + " = " + engine.keyPart("a." + quote(c)))
        .collect(Collectors.joining(" AND "));
  }

  private String keyIsThere() {
    return engine.isIn(
        archivedKey().stream().map(c -> engine.keyPart(archive + "." + quote(c))).toList(),
        source,
        archivedKey().stream().map(c -> engine.keyPart("t." + quote(c))).toList());
  }

  /** How many archived rows have a key that is still in the table. */
  long archivedOfPresentKeys(Connection connection, String migrationId) throws SQLException {
    if (archiveColumns(connection).isEmpty()) {
      return 0;
    }
    return new SqlStatement(
            "SELECT count(*) FROM "
                + (archive + " WHERE " + ofMigration("") + " AND " + keyIsThere()),
            migrationId)
        .number(connection);
  }

  /** Of how many keys the row that was kept is not what it was when the others were moved. */
  long changedKeys(Connection connection, String migrationId) throws SQLException {
    if (!archiveColumns(connection).containsKey(WINNER_DIGEST)) {
      return 0; // moved by a release that wrote no digests
    }
    String key =
        columns.key().stream()
            .filter(carried::contains)
            .map(c -> engine.keyPart("a." + quote(c)) + " AS " + quote(c))
            .collect(Collectors.joining(", "));
    String digest = "CAST(" + engine.digest(content()) + " AS " + textType() + ")";
    return new SqlStatement(
            "SELECT count(*) FROM (SELECT DISTINCT "
                + (key + " FROM " + archive + " a JOIN " + source + " t ON " + sameKeyAsArchived())
                + (" WHERE " + ofMigration("a.") + " AND " + digest + " <> a.")
                + (quote(WINNER_DIGEST) + ") k"),
            migrationId)
        .number(connection);
  }

  /**
   * Puts the archived rows back into the table and out of the archive; returns how many.
   *
   * @param deletedKeys whether also rows whose key is not in the table any more
   */
  long restore(Connection connection, String migrationId, boolean deletedKeys) throws Exception {
    if (archiveColumns(connection).isEmpty()) {
      return 0;
    }
    // Rows that come back change nothing about which keys are there.
    String wanted = ofMigration("") + (deletedKeys ? "" : " AND " + keyIsThere());
    long rows =
        engine.restoring(
            connection,
            table,
            c ->
                (long)
                    new SqlStatement(
                            "INSERT INTO "
                                + (source + " (" + list("", carried) + ") SELECT ")
                                + (list("", carried) + " FROM " + archive + " WHERE " + wanted),
                            migrationId)
                        .execute(c));
    new SqlStatement("DELETE FROM " + archive + " WHERE " + wanted, migrationId)
        .execute(connection);
    return rows;
  }

  /** Deletes what a migration has in the archive; drops the archive where nothing else is in it. */
  List<String> dropArchived(Connection connection, String migrationId) throws SQLException {
    if (archiveColumns(connection).isEmpty()) {
      return List.of();
    }
    long rows =
        new SqlStatement("DELETE FROM " + archive + " WHERE " + ofMigration(""), migrationId)
            .execute(connection);
    if (new SqlStatement("SELECT count(*) FROM " + archive).number(connection) == 0) {
      new SqlStatement("DROP TABLE " + archive).execute(connection);
      return List.of(archiveName);
    }
    return rows == 0 ? List.of() : List.of(rows + " rows of " + archiveName);
  }

  // ---- reading the archive ---------------------------------------------------------------------

  /** Hands over the archived rows of a migration, in the order in which they were moved. */
  void forEachArchived(Connection connection, String migrationId, Consumer<ArchivedRow> each)
      throws SQLException {
    if (!archiveColumns(connection).isEmpty()) {
      readArchived(
          connection,
          new SqlStatement(ofMigration("a.") + " ORDER BY a." + quote(ARCHIVED_AT), migrationId),
          each);
    }
  }

  /** The same for the rows of one batch, in any order, up to a limit. */
  void forEachArchived(
      Connection connection,
      String migrationId,
      Instant batch,
      long limit,
      Consumer<ArchivedRow> each)
      throws SQLException {
    SqlStatement rows =
        new SqlStatement(
            ofMigration("a.") + " AND a." + quote(ARCHIVED_AT) + " = ?",
            migrationId,
            batch.toString());
    if (limit < Integer.MAX_VALUE) {
      rows.append(" ORDER BY " + list("a.", archivedKey()) + engine.dialect().limit((int) limit));
    }
    readArchived(connection, rows, each);
  }

  private List<String> archivedKey() {
    return columns.key().stream().filter(carried::contains).toList();
  }

  private void readArchived(Connection connection, SqlStatement rows, Consumer<ArchivedRow> each)
      throws SQLException {
    List<String> extras = new ArrayList<>(ArchiveNames.TEXT_COLUMNS);
    extras.add(WINNER_VERSION);
    List<String> present = List.copyOf(archiveColumns(connection).keySet());
    List<String> read =
        Stream.concat(carried.stream(), extras.stream().filter(present::contains)).toList();
    List<String> key = archivedKey();
    new SqlStatement("SELECT " + list("a.", read) + " FROM " + archive + " a WHERE ")
        .append(rows)
        .forEach(
            connection,
            found -> {
              Map<String, @Nullable Object> values = new LinkedHashMap<>();
              for (int i = 0; i < read.size(); i++) {
                values.put(read.get(i), value(found, i + 1));
              }
              each.accept(archivedRow(values, key));
            });
  }

  private ArchivedRow archivedRow(Map<String, @Nullable Object> values, List<String> key) {
    Map<String, @Nullable Object> winner = new LinkedHashMap<>();
    if (columns.version() == null) {
      winner.put("ended_at", values.get(WINNER_ENDED_AT));
      winner.put("updated_at", values.get(WINNER_UPDATED_AT));
      winner.put("created_at", values.get(WINNER_CREATED_AT));
    } else {
      winner.put("version", values.get(WINNER_VERSION));
    }
    Map<String, @Nullable Object> keyValues = new LinkedHashMap<>();
    key.forEach(column -> keyValues.put(column, values.get(column)));
    Map<String, @Nullable Object> row = new LinkedHashMap<>();
    carried.forEach(column -> row.put(column, values.get(column)));
    return new ArchivedRow(
        String.valueOf(values.get(MIGRATION_ID)),
        String.valueOf(values.get(ARCHIVED_AT)),
        String.valueOf(values.get(REASON)),
        keyValues,
        winner,
        row);
  }

  private static @Nullable Object value(ResultSet row, int index) throws SQLException {
    Object value = row.getObject(index);
    if (value == null
        || value instanceof String
        || value instanceof Number
        || value instanceof Boolean
        || value instanceof byte[]) {
      return value;
    }
    return value instanceof Blob blob
        ? blob.getBytes(1, Math.toIntExact(blob.length()))
        : row.getString(index);
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
