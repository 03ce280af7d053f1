package dev.tracekeep.adapter.mssql;

import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.migration.SpanTable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the server knows about a table, which is named as a statement would name it, quoted.
 * Stateless and thread-safe.
 */
final class MsSqlCatalog {
  /**
   * The column that tells rows apart while a table is migrated that has no identity column of its
   * own. It belongs to no row, so nobody else is shown it.
   */
  static final String ROW_COLUMN = "dedupe_row";

  /** The bytes of a key of a nonclustered index, since SQL Server 2016. */
  static final int LONGEST_KEY = 1_700;

  /** The bytes of a key of a clustered index. */
  static final int LONGEST_CLUSTERED_KEY = 900;

  /** An identifier has at most 128 characters. */
  private static final int LONGEST_NAME = 128 - "_dedupe_archive".length();

  /**
   * A column.
   *
   * @param bytes the most that a value has; -1 where there is no limit
   * @param collation how text is compared; null where it is none
   */
  record Column(
      String name,
      String type,
      int bytes,
      int precision,
      int scale,
      boolean isIdentity,
      @Nullable String collation) {

    /** The type as a definition has it. */
    String definition() {
      String definition =
          switch (type) {
            case "nchar", "nvarchar" -> type + "(" + (bytes < 0 ? "max" : bytes / 2) + ")";
            case "char", "varchar", "binary", "varbinary" ->
                type + "(" + (bytes < 0 ? "max" : bytes) + ")";
            case "decimal", "numeric" -> type + "(" + precision + ", " + scale + ")";
            case "datetime2", "datetimeoffset", "time" -> type + "(" + scale + ")";
            default -> type;
          };
      return collation == null ? definition : definition + " COLLATE " + collation;
    }

    /** Whether values that differ in case or in blanks at the end are taken for the same. */
    boolean isComparedLoosely() {
      return collation != null
          && !collation.toLowerCase(Locale.ROOT).endsWith("_bin2")
          && !collation.toLowerCase(Locale.ROOT).endsWith("_bin");
    }

    boolean hasNoLimit() {
      return bytes < 0 || type.equals("text") || type.equals("ntext") || type.equals("image");
    }
  }

  /**
   * A unique index.
   *
   * @param isOfConstraint whether it backs a primary key or a unique constraint
   */
  record UniqueIndex(
      String name, boolean isDisabled, boolean isOfConstraint, List<String> columns) {
    /** Whether it keeps these columns unique, in whatever order, directly or byte by byte. */
    boolean enforces(List<String> keyColumns) {
      return !isDisabled
          && sorted(columns.stream().map(UniqueIndex::plain).toList()).equals(sorted(keyColumns));
    }

    /** The columns, each by its own name where a computed one stands for it. */
    List<String> plainColumns() {
      return columns.stream().map(UniqueIndex::plain).toList();
    }

    private static String plain(String column) {
      return column.toLowerCase(Locale.ROOT).endsWith(EXACT)
          ? column.substring(0, column.length() - EXACT.length())
          : column;
    }

    private static List<String> sorted(List<String> names) {
      return names.stream().map(name -> name.toLowerCase(Locale.ROOT)).sorted().toList();
    }
  }

  /** What the name of a computed column ends with that has another one's bytes. */
  private static final String EXACT = "_exact";

  static String exactName(String column) {
    return column + EXACT;
  }

  /** Names of columns as keys, found in whatever case: so a statement finds them. */
  static final class ByName<V> extends LinkedHashMap<String, V> {
    private static final long serialVersionUID = 1L;

    @Override
    public boolean containsKey(@Nullable Object name) {
      return keySet().stream().anyMatch(key -> key.equalsIgnoreCase(String.valueOf(name)));
    }
  }

  /** All columns that have values of their own, in order; without {@value #ROW_COLUMN}. */
  Map<String, Column> columns(Connection connection, String table) throws SQLException {
    Map<String, Column> columns = new ByName<>();
    // Only the standard's view has the case in which a name was given, on Babelfish.
    new SqlStatement(
            "SELECT n.COLUMN_NAME, TYPE_NAME(c.user_type_id), c.max_length, c.precision, c.scale,"
                + " c.is_identity, c.collation_name FROM sys.columns c JOIN"
                + " INFORMATION_SCHEMA.COLUMNS n ON n.TABLE_SCHEMA ="
                + " OBJECT_SCHEMA_NAME(c.object_id) AND n.TABLE_NAME = OBJECT_NAME(c.object_id) AND"
                + " LOWER(n.COLUMN_NAME) = LOWER(c.name) WHERE c.object_id = OBJECT_ID(?) AND"
                + " c.is_computed = 0 AND c.name <> ? ORDER BY c.column_id",
            table,
            ROW_COLUMN)
        .forEach(
            connection,
            row ->
                columns.put(
                    row.getString(1),
                    new Column(
                        row.getString(1),
                        row.getString(2),
                        row.getInt(3),
                        row.getInt(4),
                        row.getInt(5),
                        row.getBoolean(6),
                        row.getString(7))));
    return columns;
  }

  /** Whether the table has a column of that name, computed ones included. */
  boolean hasColumn(Connection connection, String table, String column) throws SQLException {
    return new SqlStatement(
                "SELECT count(*) FROM sys.columns c WHERE c.object_id = OBJECT_ID(?)"
                    + " AND LOWER(c.name) = LOWER(?)",
                table,
                column)
            .number(connection)
        > 0;
  }

  /** Whether a column takes NULL. */
  boolean isNullable(Connection connection, String table, String column) throws SQLException {
    return new SqlStatement(
                "SELECT count(*) FROM sys.columns c WHERE c.object_id = OBJECT_ID(?)"
                    + " AND LOWER(c.name) = LOWER(?) AND c.is_nullable = 1",
                table,
                column)
            .number(connection)
        > 0;
  }

  /** The identity column that the table has of its own. */
  Optional<String> identity(Connection connection, String table) throws SQLException {
    return columns(connection, table).values().stream()
        .filter(Column::isIdentity)
        .map(Column::name)
        .findFirst();
  }

  /** The names of the constraints that are the column's default. */
  List<String> defaultConstraints(Connection connection, String table, String column)
      throws SQLException {
    return new SqlStatement(
            "SELECT d.name FROM sys.default_constraints d JOIN sys.columns c ON c.object_id ="
                + " d.parent_object_id AND c.column_id = d.parent_column_id WHERE"
                + " d.parent_object_id = OBJECT_ID(?) AND LOWER(c.name) = LOWER(?)",
            table,
            column)
        .list(connection, row -> row.getString(1));
  }

  /** The unique indexes that hold for all rows. */
  List<UniqueIndex> uniqueIndexes(Connection connection, String table) throws SQLException {
    Map<String, UniqueIndex> indexes = new LinkedHashMap<>();
    new SqlStatement(
            "SELECT i.name, i.is_disabled, i.is_primary_key, i.is_unique_constraint, c.name FROM"
                + " sys.indexes i JOIN sys.index_columns k ON k.object_id = i.object_id AND"
                + " k.index_id = i.index_id JOIN sys.columns c ON c.object_id = k.object_id AND"
                + " c.column_id = k.column_id WHERE i.object_id = OBJECT_ID(?) AND i.is_unique = 1"
                + " AND i.has_filter = 0 AND k.key_ordinal > 0 ORDER BY i.name, k.key_ordinal",
            table)
        .forEach(
            connection,
            row -> {
              String name = row.getString(1);
              UniqueIndex index = indexes.get(name);
              if (index == null) {
                index =
                    new UniqueIndex(
                        name,
                        row.getBoolean(2),
                        row.getBoolean(3) || row.getBoolean(4),
                        new ArrayList<>());
                indexes.put(name, index);
              }
              index.columns().add(row.getString(5));
            });
    return List.copyOf(indexes.values());
  }

  /** The names of all indexes. */
  List<String> indexNames(Connection connection, String table) throws SQLException {
    return new SqlStatement(
            "SELECT i.name FROM sys.indexes i WHERE i.object_id = OBJECT_ID(?) AND i.name IS NOT"
                + " NULL",
            table)
        .list(connection, row -> row.getString(1));
  }

  /**
   * Whether an index that was found has that name. Babelfish puts the table's name and a digest
   * behind it, and where that is too long for PostgreSQL, a digest of all that.
   */
  static boolean isNamed(String found, String name, String table) {
    if (found.equalsIgnoreCase(name)) {
      return true;
    }
    String longer = (name + table).toLowerCase(Locale.ROOT) + md5(name.toLowerCase(Locale.ROOT));
    return found.equals(longer)
        || longer.length() > 63 && found.equals(longer.substring(0, 31) + md5(longer));
  }

  private static String md5(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has MD5", e);
    }
  }

  boolean isHeap(Connection connection, String table) throws SQLException {
    return new SqlStatement(
                "SELECT count(*) FROM sys.indexes i WHERE i.object_id = OBJECT_ID(?) AND i.type IN"
                    + " (1, 5)",
                table)
            .number(connection)
        == 0;
  }

  // ---- refusals --------------------------------------------------------------------------------

  /** A question about the table, and the sentence for each row that answers it. */
  private record Obstacle(String query, String sentence) {}

  private static final List<Obstacle> OBSTACLES =
      List.of(
          new Obstacle(
              "SELECT v.name FROM sys.views v WHERE v.object_id = OBJECT_ID(?)",
              "%s is a view: the migration works on tables. Name the table behind %s."),
          new Obstacle(
              "SELECT t.name FROM sys.tables t WHERE t.object_id = OBJECT_ID(?) AND t.temporal_type"
                  + " <> 0",
              "%s is system-versioned, so that its history would keep what is moved: ALTER TABLE %s"
                  + " SET (SYSTEM_VERSIONING = OFF) first."),
          new Obstacle(
              "SELECT f.name FROM sys.foreign_keys f WHERE f.referenced_object_id = OBJECT_ID(?)",
              "Rows of other tables refer to rows of %s that would move to the archive: drop the"
                  + " foreign key %s first."),
          new Obstacle(
              "SELECT g.name FROM sys.triggers g WHERE g.parent_id = OBJECT_ID(?) AND"
                  + " g.is_instead_of_trigger = 1 AND g.is_disabled = 0",
              "%s has the trigger %s, which does something else instead of what is asked: disable"
                  + " it first."),
          new Obstacle(
              "SELECT c.name FROM sys.columns c WHERE c.object_id = OBJECT_ID(?)"
                  + " AND TYPE_NAME(c.user_type_id) IN ('timestamp', 'rowversion')",
              "The column of %s named %s is a rowversion, which cannot be put back: drop it"
                  + " first."),
          new Obstacle(
              "SELECT c.name FROM sys.columns c WHERE c.object_id = OBJECT_ID(?) AND"
                  + " TYPE_NAME(c.user_type_id) IN ('xml', 'sql_variant', 'geography', 'geometry',"
                  + " 'hierarchyid')",
              "Rows of %s cannot be compared by the column %s, whose type has no text that SQL"
                  + " Server hashes: change it to nvarchar(max) first."),
          new Obstacle(
              "SELECT USER_NAME() WHERE HAS_PERMS_BY_NAME(?, 'OBJECT', 'ALTER') = 0",
              "To migrate %s takes the permission to alter it: grant it to %s, or migrate as its"
                  + " owner."));

  /** Why the migration cannot be right on this table, one sentence each. */
  List<String> refusals(Connection connection, SpanTable table, String qualified)
      throws SQLException {
    List<String> refusals = new ArrayList<>();
    for (Obstacle obstacle : OBSTACLES) {
      new SqlStatement(obstacle.query(), qualified)
          .forEach(
              connection,
              row -> refusals.add(String.format(obstacle.sentence(), table, row.getString(1))));
    }
    if (table.name().length() > LONGEST_NAME) {
      refusals.add(
          "The name "
              + table.name()
              + " is longer than "
              + LONGEST_NAME
              + " characters, so its archive cannot have a name: rename the table.");
    }
    return refusals;
  }

  /** Why these columns cannot be the key of an index, and the way out; empty if they can. */
  static Optional<String> keyRefusal(SpanTable table, String qualified, List<Column> key) {
    boolean noLimit = key.stream().anyMatch(Column::hasNoLimit);
    int bytes = key.stream().mapToInt(Column::bytes).sum();
    if (!noLimit && bytes <= LONGEST_KEY) {
      return Optional.empty();
    }
    int share = LONGEST_KEY / key.size();
    List<String> ways =
        key.stream()
            .filter(column -> column.hasNoLimit() || column.bytes() > share)
            .map(
                column ->
                    "ALTER TABLE "
                        + qualified
                        + " ALTER COLUMN ["
                        + column.name()
                        + "] "
                        + (column.type().startsWith("n")
                            ? "nvarchar(" + share / 2 + ")"
                            : "varchar(" + share + ")")
                        + " NOT NULL")
            .toList();
    return Optional.of(
        "The key of "
            + table
            + " ("
            + String.join(", ", key.stream().map(c -> c.name() + " " + c.definition()).toList())
            + ") has "
            + (noLimit ? "no limit" : "up to " + bytes + " bytes")
            + ", and an index takes "
            + LONGEST_KEY
            + ": shorten the columns first, with "
            + String.join("; ", ways)
            + ".");
  }
}
