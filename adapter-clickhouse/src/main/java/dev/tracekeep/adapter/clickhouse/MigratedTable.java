package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.dedupe.ArchiveNames;
import dev.tracekeep.dedupe.EventStores;
import dev.tracekeep.dedupe.RowCounts;
import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.dedupe.TableLook;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationPlan.Details;
import dev.tracekeep.migration.MigrationPlan.Group;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a look at the table of a migration found, and what the table must become. */
final class MigratedTable implements TableLook {
  private static final Set<String> MIGRATED_ENGINES = Set.of("MergeTree", "ReplacingMergeTree");

  /** Databases in which two tables can change places at once. */
  private static final Set<String> EXCHANGING_DATABASES = Set.of("Atomic", "Replicated", "Shared");

  private final ClickHouseClient client;
  private final SpanTable asked;
  private final TableIdentity identity;
  private final boolean own;
  private final @Nullable TableShape shape;
  private @Nullable RowCounts counts;
  private long startAndEnd;
  private long kindsOfEvent;

  private MigratedTable(
      ClickHouseClient client,
      SpanTable asked,
      TableIdentity identity,
      boolean own,
      @Nullable TableShape shape) {
    this.client = client;
    this.asked = asked;
    this.identity = identity;
    this.own = own;
    this.shape = shape;
  }

  /**
   * @param ownName the name of the store's own table, in the database of its connections
   */
  static MigratedTable look(ClickHouseClient client, SpanTable asked, String ownName)
      throws Exception {
    String current = client.list("SELECT currentDatabase()", RowBinaryReader::text).get(0);
    String database = asked.schema() == null ? current : asked.schema();
    return new MigratedTable(
        client,
        asked,
        new TableIdentity(database, asked.name()),
        database.equals(current) && asked.name().equals(ownName),
        TableShape.read(client, database, asked.name()).orElse(null));
  }

  // ---- as every engine's -----------------------------------------------------------------------

  @Override
  public TableIdentity identity() {
    return identity;
  }

  @Override
  public boolean exists() {
    return shape != null;
  }

  @Override
  public boolean isOwn() {
    return own;
  }

  @Override
  public List<String> keyColumns() {
    return columns(shape()).key();
  }

  @Override
  public List<String> columnNames() {
    return List.copyOf(shape().columnNames());
  }

  @Override
  public List<String> missingColumns() {
    if (!own) {
      return List.of();
    }
    Set<String> present = shape().columnNames();
    return Stream.concat(
            SpanColumn.all().stream().map(SpanColumn::columnName),
            Stream.of(SpanColumn.VERSION_NAME))
        .filter(Predicate.not(present::contains))
        .toList();
  }

  @Override
  public ConstraintState constraint() {
    boolean replaces = shape().replacesBy(keyColumns());
    boolean byVersion = !own || shape().versionColumn().equals(SpanColumn.VERSION_NAME);
    return replaces && byVersion ? ConstraintState.PRESENT : ConstraintState.ABSENT;
  }

  /** No: the column cannot be absent in a row, and a table without the column lacks it. */
  @Override
  public boolean hasRowsWithoutVersion() {
    return false;
  }

  @Override
  public RowCounts counts() throws Exception {
    if (counts == null) {
      DuplicateRows rows = duplicates(shape(), shape().carried(), "");
      client.forEachLong(
          rows.count(qualified(name()), kindColumn()), MigratorSession.PLANNING, this::readCounts);
    }
    return Objects.requireNonNull(counts);
  }

  /** The column that tells kinds of events apart; empty if there is none. */
  private String kindColumn() {
    return own ? "" : EventStores.kindColumn(columnNames()).orElse("");
  }

  private void readCounts(RowBinaryReader row) throws java.io.IOException {
    long rows = row.number();
    long keys = row.number();
    long groups = row.number();
    long withoutKey = row.number();
    long withoutTenant = row.number();
    startAndEnd = row.number();
    kindsOfEvent = row.number();
    List<Group> largest = new ArrayList<>();
    for (int left = row.count(); left > 0; left--) {
      long size = -row.number();
      List<String> key = new ArrayList<>();
      for (int part = row.count(); part > 0; part--) {
        key.add(row.text());
      }
      largest.add(new Group(key, size));
    }
    // Copies that the engine has not merged yet are no duplicates: every read shows one.
    boolean merges = constraint() == ConstraintState.PRESENT;
    counts =
        new RowCounts(
            merges ? keys : rows,
            keys,
            merges ? 0 : groups,
            withoutKey,
            withoutTenant,
            0,
            merges ? List.of() : largest);
  }

  @Override
  public Details details() throws Exception {
    RowCounts known = counts();
    List<String> notes = new ArrayList<>();
    EventStores.note(startAndEnd, known.keys()).ifPresent(notes::add);
    List<Long> bytes =
        client.list(
            "SELECT toUInt64(sum(bytes_on_disk)), toUInt64(sum(rows)) FROM system.parts WHERE active"
                + where("table"),
            row -> row.number() / Math.max(1, row.number()));
    return new Details(
        known.largestGroups(),
        bytes.get(0) * known.surplus(),
        dependents(),
        null,
        "None: a new table takes the old one's place at once. Inserts that are under way are waited"
            + " for and taken over.",
        notes);
  }

  private List<String> dependents() throws Exception {
    return client.list(
        "SELECT 'index ' || name FROM system.data_skipping_indices WHERE 1"
            + where("table")
            + " UNION ALL SELECT 'projection ' || name FROM system.projections WHERE 1"
            + where("table")
            + " UNION ALL SELECT 'view ' || arrayJoin(dependencies_table) FROM system.tables WHERE 1"
            + where("name"),
        RowBinaryReader::text);
  }

  private String where(String nameColumn) {
    return SqlText.fill(
        " AND database = <database> AND <column> = <name>",
        Map.of(
            "database", SqlText.literal(database()),
            "column", nameColumn,
            "name", SqlText.literal(name())));
  }

  @Override
  public List<String> refusals() throws Exception {
    if (constraint() == ConstraintState.PRESENT) {
      return List.of();
    }
    List<String> refusals = new ArrayList<>();
    if (!MIGRATED_ENGINES.contains(shape().engine())) {
      refusals.add(
          "The engine of %s is %s; migrated are MergeTree and ReplacingMergeTree. Copy the rows into"
                  .formatted(name(), shape().engine())
              + " one of these, and the result back.");
    }
    String engine =
        client
            .list(
                "SELECT engine FROM system.databases WHERE name = " + SqlText.literal(database()),
                RowBinaryReader::text)
            .get(0);
    if (!EXCHANGING_DATABASES.contains(engine)) {
      refusals.add(
          "The database %s has the engine %s, in which two tables cannot change places. Make one"
                  .formatted(database(), engine)
              + " with ENGINE = Atomic, and move the table there with RENAME TABLE.");
    }
    if (shape().hasSamplingKey()) {
      refusals.add(
          "The table "
              + name()
              + " has a SAMPLE BY, which a table that is sorted by its key alone cannot have.");
    }
    String version = columns(shape()).version();
    if (version != null && !shape().column(version).type().equals(ClickHouseTable.VERSION_TYPE)) {
      refusals.add(
          "The column %s of %s has the type %s, not %s. Rename it if it means something else."
              .formatted(
                  version, name(), shape().column(version).type(), ClickHouseTable.VERSION_TYPE));
    }
    if (own) {
      refuseMissing(refusals);
    } else if (version == null) {
      refuseTimes(refusals);
      refuseEvents(refusals);
    }
    return refusals;
  }

  private void refuseMissing(List<String> refusals) {
    for (SpanColumn column : SpanColumn.all()) {
      boolean needed =
          column.isRequired()
              && column.type() != SpanColumn.Type.FLAG
              && column.type() != SpanColumn.Type.TEXT_LIST;
      if (needed && !shape().columnNames().contains(column.columnName())) {
        refusals.add(
            "The table %s has no column %s, and nothing can stand in for it."
                .formatted(name(), column.columnName()));
      }
    }
  }

  private void refuseTimes(List<String> refusals) {
    SpanTable.Columns columns = columns(shape());
    Stream.of(columns.endedAt(), columns.updatedAt(), columns.createdAt())
        .filter(Objects::nonNull)
        .filter(column -> !RowExpressions.isTime(shape().column(column).type()))
        .forEach(
            column ->
                refusals.add(
                    "The column %s of %s has the type %s, whose values are no times."
                        .formatted(column, name(), shape().column(column).type())));
  }

  private void refuseEvents(List<String> refusals) throws Exception {
    counts();
    if (kindsOfEvent > 0) {
      refusals.add(EventStores.refusal(identity, kindColumn()));
    }
  }

  // ---- names -----------------------------------------------------------------------------------

  ClickHouseClient client() {
    return client;
  }

  String database() {
    return identity.schema() == null ? "" : identity.schema();
  }

  String name() {
    return identity.name();
  }

  String qualified(String table) {
    return SqlText.name(database()) + "." + SqlText.name(table);
  }

  TableShape shape() {
    if (shape == null) {
      throw new IllegalStateException("There is no table " + identity);
    }
    return shape;
  }

  Optional<TableShape> shape(String table) throws Exception {
    return TableShape.read(client, database(), table);
  }

  /** What names a table of this database for ever; empty if there is none of that name. */
  Optional<String> uuid(String table) throws Exception {
    return client
        .list(
            SqlText.fill(
                "SELECT toString(uuid) FROM system.tables WHERE database = <d> AND name = <n>",
                Map.of("d", SqlText.literal(database()), "n", SqlText.literal(table))),
            RowBinaryReader::text)
        .stream()
        .findFirst();
  }

  // ---- what the rule reads, and what the table becomes
  // -------------------------------------------

  SpanTable.Columns columns(TableShape of) {
    return own
        ? SpanTable.Columns.detect(identity.toString(), of.columnNames())
        : asked.columnsAmong(of.columnNames());
  }

  /** Whether the versions must be worked out on this side: only it knows the whole content. */
  boolean versionsAreWorkedOut(TableShape of) {
    return own && columns(of).version() == null;
  }

  /**
   * @param archive the archive's name; empty for the usual one
   */
  DuplicateRows duplicates(TableShape of, List<String> carried, String archive) {
    return new DuplicateRows(
        of,
        new RowExpressions(of, columns(of), carried, own, versionsAreWorkedOut(of)),
        name(),
        archive.isEmpty() ? ArchiveNames.archive(name()) : archive);
  }

  /** The statement that makes the new table beside the old one. */
  String createStatement(TableShape of) {
    List<String> key = columns(of).key();
    String fresh = DuplicateRows.freshName(name());
    Set<String> present = of.columnNames();
    if (!own) {
      return of.createReplacing(
          fresh,
          key,
          DuplicateRows.VERSION,
          present.contains(DuplicateRows.VERSION)
              ? List.of()
              // Worked out by the server whoever inserts, and hidden from SELECT *.
              : List.of(
                  SqlText.name(DuplicateRows.VERSION)
                      + " UInt256 MATERIALIZED "
                      + duplicates(of, of.carried(), "").row.version()
                      + " COMMENT 'The greatest of a key stays'"),
          Map.of());
    }
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
    return of.createReplacing(fresh, key, SpanColumn.VERSION_NAME, extra, settings);
  }

  /** All columns of our own table in the types of this release, as far as the table has them. */
  String select(TableShape of) {
    Set<String> present = of.columnNames();
    return SpanColumn.all().stream()
        .map(
            column -> {
              String quoted = SqlText.name(column.columnName());
              String type = ClickHouseTable.type(column);
              boolean there = present.contains(column.columnName());
              return there && of.column(column.columnName()).type().equals(type)
                  ? quoted
                  : "CAST(%s, '%s') AS %s"
                      .formatted(
                          there ? quoted : standIn(column), type.replace("'", "\\'"), quoted);
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
}
