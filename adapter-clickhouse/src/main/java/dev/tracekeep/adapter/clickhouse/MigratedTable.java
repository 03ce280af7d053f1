package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The table that a migration is about, and what it must become.
 *
 * @param database its database
 * @param own whether it is a store's own, rather than another system's
 * @param given what its columns mean; null to find out by their names
 */
record MigratedTable(
    ClickHouseClient client, String database, String name, boolean own, SpanTable table) {
  private static final Set<String> MIGRATED_ENGINES = Set.of("MergeTree", "ReplacingMergeTree");

  /** Databases in which two tables can change places at once. */
  private static final Set<String> EXCHANGING_DATABASES = Set.of("Atomic", "Replicated", "Shared");

  String qualified(String table) {
    return SqlText.name(database) + "." + SqlText.name(table);
  }

  Optional<TableShape> shape() throws Exception {
    return shape(name);
  }

  Optional<TableShape> shape(String table) throws Exception {
    return TableShape.read(client, database, table);
  }

  SpanTable.Columns columns(TableShape shape) {
    return own
        ? SpanTable.Columns.detect(database + "." + name, shape.columnNames())
        : table.columnsAmong(shape.columnNames());
  }

  /** What names a table of this database for ever; empty if there is none of that name. */
  Optional<String> uuid(String table) throws Exception {
    return client
        .list(
            "SELECT toString(uuid) FROM system.tables WHERE database = "
                + SqlText.literal(database)
                + " AND name = "
                + SqlText.literal(table),
            RowBinaryReader::text)
        .stream()
        .findFirst();
  }

  /** The columns that this release has and the table has not. */
  List<String> missing(TableShape shape) {
    if (!own) {
      return List.of();
    }
    Set<String> present = shape.columnNames();
    return Stream.concat(
            SpanColumn.all().stream().map(SpanColumn::columnName),
            Stream.of(SpanColumn.VERSION_NAME))
        .filter(column -> !present.contains(column))
        .toList();
  }

  /** Whether the versions must be worked out on this side: only it knows the canonical content. */
  boolean versionsAreWorkedOut(TableShape shape) {
    return own && columns(shape).version() == null;
  }

  ConstraintState state(TableShape shape) {
    boolean replaces = shape.replacesBy(columns(shape).key());
    boolean byVersion = !own || shape.versionColumn().equals(SpanColumn.VERSION_NAME);
    return replaces && byVersion ? ConstraintState.PRESENT : ConstraintState.ABSENT;
  }

  DuplicateRows duplicates(TableShape shape, List<String> carried) {
    return new DuplicateRows(shape, columns(shape), carried, versionsAreWorkedOut(shape), name);
  }

  /** The statement that makes the new table beside the old one. */
  String createStatement(TableShape shape) {
    List<String> key = columns(shape).key();
    if (!own) {
      DuplicateRows rows = duplicates(shape, shape.carried());
      return shape.createReplacing(
          DuplicateRows.freshName(name),
          key,
          DuplicateRows.VERSION,
          shape.columnNames().contains(DuplicateRows.VERSION)
              ? List.of()
              // Worked out by the server whoever inserts, and hidden from SELECT *.
              : List.of(
                  SqlText.name(DuplicateRows.VERSION)
                      + " UInt256 MATERIALIZED "
                      + rows.row.version()
                      + " COMMENT 'The greatest of a key stays'"),
          Map.of());
    }
    Set<String> present = shape.columnNames();
    List<String> extra = new ArrayList<>();
    SpanColumn.all().stream()
        .filter(column -> !present.contains(column.columnName()))
        .map(ClickHouseTable::definition)
        .forEach(extra::add);
    ClickHouseTable.ownDefinitions().stream()
        .filter(
            definition -> present.stream().noneMatch(c -> definition.startsWith("`" + c + "` ")))
        .forEach(extra::add);
    extra.add("PROJECTION " + ClickHouseTable.projection());
    Map<String, String> settings = new LinkedHashMap<>();
    for (String setting : ClickHouseTable.SETTINGS.split(", ")) {
      int equals = setting.indexOf('=');
      settings.put(setting.substring(0, equals).strip(), setting.substring(equals + 1).strip());
    }
    return shape.createReplacing(
        DuplicateRows.freshName(name), key, SpanColumn.VERSION_NAME, extra, settings);
  }

  /** All columns of our own table in the types of this release, as far as the table has them. */
  String select(TableShape shape) {
    Set<String> present = shape.columnNames();
    return SpanColumn.all().stream()
        .map(
            column -> {
              String quoted = SqlText.name(column.columnName());
              String type = ClickHouseTable.type(column);
              if (!present.contains(column.columnName())) {
                return "CAST("
                    + standIn(column)
                    + ", '"
                    + type.replace("'", "\\'")
                    + "') AS "
                    + quoted;
              }
              return shape.column(column.columnName()).type().equals(type)
                  ? quoted
                  : "CAST(" + quoted + ", '" + type.replace("'", "\\'") + "') AS " + quoted;
            })
        .collect(Collectors.joining(", "));
  }

  private static String standIn(SpanColumn column) {
    return switch (column.type()) {
      case FLAG -> "false";
      case TEXT_LIST -> "[]";
      default -> "NULL";
    };
  }

  /** Why the table cannot be migrated; empty if it can. */
  List<String> refusals(TableShape shape) throws Exception {
    List<String> refusals = new ArrayList<>();
    if (!MIGRATED_ENGINES.contains(shape.engine())) {
      refusals.add(
          "The engine of "
              + name
              + " is "
              + shape.engine()
              + "; migrated are MergeTree and ReplacingMergeTree. Copy the rows into one of these,"
              + " and the result back.");
    }
    String engine =
        client
            .list(
                "SELECT engine FROM system.databases WHERE name = " + SqlText.literal(database),
                RowBinaryReader::text)
            .get(0);
    if (!EXCHANGING_DATABASES.contains(engine)) {
      refusals.add(
          "The database "
              + database
              + " has the engine "
              + engine
              + ", in which two tables cannot change places. Make one with ENGINE = Atomic, and"
              + " move the table there with RENAME TABLE.");
    }
    if (shape.hasSamplingKey()) {
      refusals.add(
          "The table "
              + name
              + " has a SAMPLE BY, which a table that is sorted by its key alone cannot have.");
    }
    String version = columns(shape).version();
    if (version != null && !shape.column(version).type().equals(ClickHouseTable.VERSION_TYPE)) {
      refusals.add(
          "The column "
              + version
              + " of "
              + name
              + " has the type "
              + shape.column(version).type()
              + ", not "
              + ClickHouseTable.VERSION_TYPE
              + ". Rename it if it means something else.");
    }
    for (SpanColumn column : SpanColumn.all()) {
      boolean needed =
          column.isRequired()
              && column.type() != SpanColumn.Type.FLAG
              && column.type() != SpanColumn.Type.TEXT_LIST;
      if (own && needed && !shape.columnNames().contains(column.columnName())) {
        refusals.add(
            "The table "
                + name
                + " has no column "
                + column.columnName()
                + ", and nothing can stand in for it.");
      }
    }
    return refusals;
  }
}
