package dev.tracekeep.adapter.pg;

import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.migration.SpanTable;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What PostgreSQL knows about a table. Names are resolved as a statement would resolve them, along
 * the search path where no schema is given. Stateless and thread-safe.
 */
final class PgCatalog {
  /** PostgreSQL cuts longer names, and so could take one table for another. */
  private static final int LONGEST_NAME = 63 - "_dedupe_archive".length();

  private final SqlDialect dialect;

  PgCatalog(SqlDialect dialect) {
    this.dialect = dialect;
  }

  /**
   * An index of a table.
   *
   * @param qualifiedName quoted and qualified, for statements
   * @param isValid false for what a failed or killed CONCURRENTLY left behind
   * @param isPlainUnique unique at once, for all rows, on columns and not on expressions
   * @param isUnique unique in whatever way
   * @param columns the key columns
   */
  record Index(
      String name,
      String qualifiedName,
      boolean isValid,
      boolean isPlainUnique,
      boolean isUnique,
      boolean isOfConstraint,
      List<String> columns) {

    /** Whether it keeps these columns unique, in whatever order. */
    boolean enforces(List<String> keyColumns) {
      return isPlainUnique
          && columns.stream().sorted().toList().equals(keyColumns.stream().sorted().toList());
    }
  }

  private String name(@Nullable String schema, String table) {
    return (schema == null ? "" : dialect.quote(schema) + ".") + dialect.quote(table);
  }

  private String name(SpanTable table) {
    return name(table.schema(), table.name());
  }

  /** The table as a statement would find it, along the search path where no schema is given. */
  Optional<TableIdentity> resolve(Connection connection, SpanTable table) throws SQLException {
    return new SqlStatement(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid ="
                + " c.relnamespace WHERE c.oid = to_regclass(?)",
            name(table))
        .list(connection, row -> new TableIdentity(row.getString(1), row.getString(2))).stream()
            .findFirst();
  }

  /** What hangs on the table, one line each. */
  List<String> dependents(Connection connection, SpanTable table) throws SQLException {
    List<String> found = new ArrayList<>();
    indexes(connection, table).forEach(index -> found.add("index " + index.name()));
    enabledTriggers(connection, table).keySet().forEach(name -> found.add("trigger " + name));
    new SqlStatement(
            "SELECT DISTINCT 'view ' || r.ev_class::regclass::text FROM pg_depend d JOIN pg_rewrite"
                + " r ON r.oid = d.objid WHERE d.refobjid = to_regclass(?) AND d.classid ="
                + " 'pg_rewrite'::regclass AND r.ev_class <> d.refobjid ORDER BY 1",
            name(table))
        .forEach(connection, row -> found.add(row.getString(1)));
    new SqlStatement(
            "SELECT 'foreign key ' || conname FROM pg_constraint WHERE contype = 'f' AND conrelid ="
                + " to_regclass(?) ORDER BY conname",
            name(table))
        .forEach(connection, row -> found.add(row.getString(1)));
    return found;
  }

  /** The triggers that fire for every row that is moved. */
  List<String> triggersOnDelete(Connection connection, SpanTable table) throws SQLException {
    return new SqlStatement(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(?) AND NOT tgisinternal"
                + " AND tgenabled <> 'D' AND tgtype & 8 <> 0 ORDER BY tgname",
            name(table))
        .list(connection, row -> row.getString(1));
  }

  /** The columns and their types, in order, without those that PostgreSQL computes itself. */
  Map<String, String> columns(Connection connection, @Nullable String schema, String table)
      throws SQLException {
    Map<String, String> columns = new LinkedHashMap<>();
    new SqlStatement(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid ="
                + " to_regclass(?) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER"
                + " BY attnum",
            name(schema, table))
        .forEach(connection, row -> columns.put(row.getString(1), row.getString(2)));
    return columns;
  }

  List<Index> indexes(Connection connection, SpanTable table) throws SQLException {
    return new SqlStatement(
            "SELECT c.relname, i.indexrelid::regclass::text, i.indisvalid AND i.indisready,"
                + " i.indisunique AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL,"
                + " i.indisunique, EXISTS (SELECT 1 FROM pg_constraint o WHERE o.conindid ="
                + " i.indexrelid AND o.conrelid = i.indrelid), ARRAY(SELECT a.attname::text FROM"
                + " unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, place) JOIN pg_attribute a"
                + " ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE k.place <="
                + " i.indnkeyatts ORDER BY k.place) FROM pg_index i JOIN pg_class c ON c.oid ="
                + " i.indexrelid WHERE i.indrelid = to_regclass(?) AND i.indislive ORDER BY"
                + " c.relname",
            name(table))
        .list(
            connection,
            row ->
                new Index(
                    row.getString(1),
                    row.getString(2),
                    row.getBoolean(3),
                    row.getBoolean(4),
                    row.getBoolean(5),
                    row.getBoolean(6),
                    Arrays.asList((String[]) row.getArray(7).getArray())));
  }

  /** The triggers that users made and that fire, with the words that make them fire again. */
  Map<String, String> enabledTriggers(Connection connection, SpanTable table) throws SQLException {
    Map<String, String> triggers = new LinkedHashMap<>();
    new SqlStatement(
            "SELECT tgname, CASE tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE"
                + " REPLICA' ELSE 'ENABLE' END FROM pg_trigger WHERE tgrelid = to_regclass(?) AND"
                + " NOT tgisinternal AND tgenabled <> 'D' ORDER BY tgname",
            name(table))
        .forEach(connection, row -> triggers.put(row.getString(1), row.getString(2)));
    return triggers;
  }

  /** The triggers that can keep a row from being deleted. */
  List<String> triggersBeforeDelete(Connection connection, SpanTable table) throws SQLException {
    return new SqlStatement(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(?) AND NOT tgisinternal"
                + " AND tgenabled <> 'D' AND tgtype & 11 = 11 ORDER BY tgname",
            name(table))
        .list(connection, row -> row.getString(1));
  }

  /** The column that Citus distributes the table by; empty where it does not. */
  Optional<String> distributionColumn(Connection connection, SpanTable table) throws SQLException {
    return new SqlStatement(
            "SELECT column_to_column_name(logicalrelid, partkey) FROM pg_dist_partition WHERE"
                + " logicalrelid = to_regclass(?) AND partmethod = 'h'",
            name(table))
        .list(connection, row -> row.getString(1)).stream().findFirst();
  }

  boolean hasPrimaryKey(Connection connection, SpanTable table) throws SQLException {
    return new SqlStatement(
                "SELECT count(*) FROM pg_index WHERE indrelid = to_regclass(?) AND indisprimary",
                name(table))
            .number(connection)
        > 0;
  }

  /** The columns that take NULL. */
  List<String> nullableColumns(Connection connection, SpanTable table) throws SQLException {
    return new SqlStatement(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(?) AND attnum > 0 AND"
                + " NOT attisdropped AND NOT attnotnull ORDER BY attnum",
            name(table))
        .list(connection, row -> row.getString(1));
  }

  /** The columns that a constraint's comment lists behind its beginning. */
  List<String> columnsInComment(
      Connection connection, SpanTable table, String constraint, String beginning)
      throws SQLException {
    return new SqlStatement(
            "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid ="
                + " to_regclass(?) AND conname = ?",
            name(table),
            constraint)
        .list(connection, row -> String.valueOf(row.getString(1))).stream()
            .filter(comment -> comment.startsWith(beginning))
            .flatMap(comment -> Arrays.stream(comment.substring(beginning.length()).split(",")))
            .filter(column -> !column.isEmpty())
            .toList();
  }

  /** The identity columns that take no value from outside. */
  List<String> generatedIdentities(Connection connection, SpanTable table) throws SQLException {
    return new SqlStatement(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(?) AND attnum > 0 AND"
                + " NOT attisdropped AND attidentity = 'a' ORDER BY attnum",
            name(table))
        .list(connection, row -> row.getString(1));
  }

  // ---- refusals --------------------------------------------------------------------------------

  /** A question about the table, and the sentence for each row that answers it. */
  private record Obstacle(String query, String sentence) {}

  private static final String OF_TABLE = " WHERE c.oid = to_regclass(?)";

  private static final List<Obstacle> OBSTACLES =
      List.of(
          new Obstacle(
              "SELECT CASE c.relkind WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view'"
                  + " WHEN 'f' THEN 'a foreign table' ELSE 'partitioned' END FROM pg_class c"
                  + OF_TABLE
                  + " AND c.relkind <> 'r'",
              "%s is %s: the migration works on plain tables. Name a partition, or copy the spans"
                  + " into a plain table."),
          new Obstacle(
              "SELECT string_agg(inhrelid::regclass::text, ', ' ORDER BY inhrelid) FROM pg_inherits"
                  + " WHERE inhparent = to_regclass(?) AND EXISTS (SELECT 1 FROM pg_class WHERE oid"
                  + " = inhparent AND relkind = 'r') GROUP BY inhparent",
              "%s has tables that inherit from it (%s), and no index keeps a key unique across"
                  + " them."),
          new Obstacle(
              "SELECT string_agg(conrelid::regclass::text || '.' || conname, ', ' ORDER BY conname)"
                  + " FROM pg_constraint WHERE contype = 'f' AND confrelid = to_regclass(?) GROUP"
                  + " BY confrelid",
              "Rows of other tables refer to rows of %s that would move to the archive: drop the"
                  + " foreign keys %s first."),
          new Obstacle(
              "SELECT string_agg(rulename, ', ' ORDER BY rulename) FROM pg_rewrite WHERE ev_class ="
                  + " to_regclass(?) AND rulename <> '_RETURN' GROUP BY ev_class",
              "%s has rules (%s) that rewrite what is done to it: drop them first."),
          new Obstacle(
              "SELECT current_user FROM pg_class c" + OF_TABLE + " AND row_security_active(c.oid)",
              "Row-level security hides rows of %s from the user %s: migrate as its owner or with"
                  + " BYPASSRLS."),
          new Obstacle(
              "SELECT pg_get_userbyid(c.relowner) FROM pg_class c"
                  + OF_TABLE
                  + " AND NOT pg_has_role(c.relowner, 'USAGE')",
              "Only the owner of %s can migrate it: connect as %s."),
          new Obstacle(
              "SELECT string_agg(p.pubname, ', ' ORDER BY p.pubname) FROM pg_class c JOIN"
                  + " pg_publication_tables t ON t.tablename = c.relname AND t.schemaname ="
                  + " c.relnamespace::regnamespace::name JOIN pg_publication p ON p.pubname ="
                  + " t.pubname AND p.pubdelete"
                  + OF_TABLE
                  + " AND c.relreplident IN ('d', 'n') AND NOT EXISTS (SELECT 1 FROM pg_index i"
                  + " WHERE i.indrelid = c.oid AND i.indisprimary AND c.relreplident = 'd') GROUP"
                  + " BY c.oid",
              "%s is published (%s) without a replica identity, so that no row can be deleted:"
                  + " ALTER TABLE … REPLICA IDENTITY FULL first."));

  /** Why the migration cannot be right on this table, one sentence each. */
  List<String> refusals(Connection connection, SpanTable table, String keyName)
      throws SQLException {
    List<String> refusals = new ArrayList<>();
    for (Obstacle obstacle : OBSTACLES) {
      new SqlStatement(obstacle.query(), name(table))
          .forEach(
              connection,
              row -> refusals.add(String.format(obstacle.sentence(), table, row.getString(1))));
    }
    if (table.name().getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME) {
      refusals.add(
          "The name "
              + table.name()
              + " is longer than "
              + LONGEST_NAME
              + " bytes, so the name of its archive would be cut: rename the table.");
    }
    boolean isTaken =
        !new SqlStatement(
                "SELECT 1 FROM pg_class k JOIN pg_class c ON c.relnamespace = k.relnamespace LEFT"
                    + " JOIN pg_index i ON i.indexrelid = k.oid AND i.indrelid = c.oid"
                    + OF_TABLE
                    + " AND k.relname = ? AND (i.indexrelid IS NULL OR (i.indisvalid AND NOT"
                    + " i.indisunique))",
                name(table),
                keyName)
            .list(connection, row -> row.getInt(1))
            .isEmpty();
    if (isTaken) {
      refusals.add(
          "The name " + keyName + " belongs to something else in the schema: rename that.");
    }
    return refusals;
  }
}
