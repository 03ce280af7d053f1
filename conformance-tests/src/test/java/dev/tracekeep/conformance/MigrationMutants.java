package dev.tracekeep.conformance;

import dev.tracekeep.migration.ArchiveAudit;
import dev.tracekeep.migration.ArchivedRow;
import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.UndoOptions;
import dev.tracekeep.migration.UndoOptions.DeletedKeys;
import dev.tracekeep.migration.UndoPlan;
import dev.tracekeep.migration.VerifyReport;
import dev.tracekeep.span.Span;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.WriteResult;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Stores that migrate wrongly, or that claim what they do not do. */
final class MigrationMutants {
  private MigrationMutants() {}

  /** Makes a broken migration. */
  private interface Maker {
    DedupeMigration of(ReferenceDatabase database, String table);
  }

  private static Mutant migrating(String fault, Maker maker) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              public DedupeMigration migration(SpanTable table) {
                super.migration(table);
                return maker.of(database, table.name());
              }
            });
  }

  /** What verify makes of its faults. */
  private interface Faults {
    List<String> of(ReferenceDatabase database, List<String> faults, ReferenceTable table);
  }

  private static Mutant verifying(String fault, Faults made) {
    return migrating(
        fault,
        (database, name) ->
            new ReferenceMigration(database, name) {
              @Override
              public VerifyReport verify(String migrationId) {
                VerifyReport r = super.verify(migrationId);
                return new VerifyReport(
                    r.migrationId(),
                    r.rowsBefore(),
                    r.rowsAfter(),
                    r.rowsArchived(),
                    made.of(database, r.faults(), database.create(name)),
                    r.notes());
              }
            });
  }

  /** How verify compares the archived rows with those that were recorded. */
  private interface Comparison {
    boolean isSame(List<ReferenceTable.ArchivedRow> now, List<ReferenceTable.ArchivedRow> then);
  }

  private static Mutant checkingTheArchive(String fault, Comparison comparison) {
    return migrating(
        fault,
        (database, name) ->
            new ReferenceMigration(database, name) {
              @Override
              boolean isArchiveAsRecorded(String migrationId) {
                ReferenceTable table = database.create(name);
                return comparison.isSame(
                    table.archive.stream()
                        .filter(row -> row.migrationId().equals(migrationId))
                        .toList(),
                    table.recorded.getOrDefault(migrationId, List.of()));
              }
            });
  }

  /** Which row of a key stays. */
  private interface Winner {
    ReferenceTable.Row of(List<ReferenceTable.Row> group);
  }

  private static Mutant surviving(String fault, Winner winner) {
    return migrating(
        fault,
        (database, table) ->
            new ReferenceMigration(database, table) {
              @Override
              ReferenceTable.Row winner(List<ReferenceTable.Row> group) {
                return winner.of(group);
              }
            });
  }

  static List<Mutant> all() {
    List<Mutant> mutants = new ArrayList<>();
    mutants.add(
        migrating(
            "dates a migration by another clock than the one it was given",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  Instant now() {
                    return Instant.EPOCH;
                  }
                }));
    mutants.add(surviving("the migration keeps the first row", group -> group.get(0)));
    mutants.add(
        surviving("the migration keeps the last row", group -> group.get(group.size() - 1)));
    mutants.add(
        surviving(
            "the migration keeps the row that ended last",
            group ->
                group.stream()
                    .max(
                        Comparator.comparing(
                            row -> row.span().times().endedAt(),
                            Comparator.nullsFirst(Comparator.naturalOrder())))
                    .orElseThrow()));
    mutants.add(
        migrating(
            "the migration forgets the archive",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  void archiveLosers(
                      ReferenceTable table, String id, int enough, @Nullable ArchiveAudit audit) {
                    super.archiveLosers(table, id, enough, audit);
                    table.archive.clear();
                  }
                }));
    mutants.add(
        migrating(
            "the migration archives the last loser only",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  void archiveLosers(
                      ReferenceTable table, String id, int enough, @Nullable ArchiveAudit audit) {
                    super.archiveLosers(table, id, enough, audit);
                    while (table.archive.size() > 1) {
                      table.archive.remove(0);
                    }
                  }
                }));
    mutants.add(
        migrating(
            "the migration ignores its batch size",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  void archiveLosers(
                      ReferenceTable table, String id, int enough, @Nullable ArchiveAudit audit) {
                    super.archiveLosers(table, id, Integer.MAX_VALUE, audit);
                  }
                }));
    mutants.add(
        migrating(
            "the migration merges keys that differ by case",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  void archiveLosers(
                      ReferenceTable table, String id, int enough, @Nullable ArchiveAudit audit) {
                    super.archiveLosers(table, id, enough, audit);
                    Map<String, Boolean> seen = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
                    table.rows.keySet().removeIf(key -> seen.put(key.toString(), true) != null);
                  }
                }));
    mutants.add(
        migrating(
            "the migration empties the user's column",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  void archiveLosers(
                      ReferenceTable table, String id, int enough, @Nullable ArchiveAudit audit) {
                    super.archiveLosers(table, id, enough, audit);
                    table
                        .rows
                        .values()
                        .forEach(
                            rows ->
                                rows.replaceAll(
                                    row -> new ReferenceTable.Row(row.span(), row.version(), "")));
                  }
                }));
    mutants.add(
        migrating(
            "the plan does what it plans",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationPlan plan(MigrationOptions options) {
                    MigrationPlan plan = super.plan(options);
                    apply(MigrationListener.NONE);
                    return plan;
                  }
                }));
    mutants.add(
        migrating(
            "the report counts groups for rows",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationReport apply(
                      MigrationOptions options, MigrationListener listener) {
                    MigrationReport r = super.apply(options, listener);
                    return new MigrationReport(
                        r.migrationId(),
                        r.table(),
                        r.outcome(),
                        r.rowsBefore(),
                        r.rowsAfter(),
                        r.duplicateGroups(),
                        r.duplicateGroups(),
                        r.archive(),
                        r.elapsed());
                  }
                }));
    mutants.add(
        migrating(
            "a second migrator is let in",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationReport apply(
                      MigrationOptions options, MigrationListener listener) {
                    database.migrator = null;
                    return super.apply(options, listener);
                  }
                }));
    mutants.add(
        migrating(
            "an interrupted migration leaves its lock behind",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationReport apply(
                      MigrationOptions options, MigrationListener listener) {
                    MigrationReport report;
                    boolean ended = false;
                    try {
                      report = super.apply(options, listener);
                      ended = true;
                    } finally {
                      database.migrator = ended ? null : this;
                    }
                    return report;
                  }
                }));
    mutants.add(
        migrating(
            "late duplicates are not looked for",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  void archiveLosers(
                      ReferenceTable table, String id, int enough, @Nullable ArchiveAudit audit) {
                    if (enough != Integer.MAX_VALUE) {
                      super.archiveLosers(table, id, enough, audit);
                    }
                  }
                }));
    mutants.add(
        migrating(
            "undo forgets the archived rows",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationRecord undo(String migrationId, MigrationListener listener) {
                    ReferenceTable table = database.table(name);
                    if (table != null) {
                      table.archive.clear();
                    }
                    return super.undo(migrationId, listener);
                  }
                }));
    mutants.add(
        migrating(
            "undo leaves the constraint",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationRecord undo(String migrationId, MigrationListener listener) {
                    MigrationRecord record = super.undo(migrationId, listener);
                    database.create(name).unique = true;
                    return record;
                  }
                }));
    mutants.add(
        migrating(
            "drop keeps the archive",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public List<String> drop(String migrationId) {
                    ReferenceTable table = database.create(name);
                    List<ReferenceTable.ArchivedRow> kept = List.copyOf(table.archive);
                    List<String> dropped = super.drop(migrationId);
                    table.archive.addAll(kept);
                    return dropped;
                  }
                }));
    mutants.add(
        migrating(
            "drop takes any id",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public List<String> drop(String migrationId) {
                    return List.of("all");
                  }
                }));
    mutants.add(
        verifying(
            "verify finds every finished migration sound", (database, faults, table) -> List.of()));
    mutants.add(
        checkingTheArchive(
            "verify counts the archived rows and does not look at them",
            (now, then) -> now.size() == then.size()));
    mutants.add(
        checkingTheArchive(
            "verify looks for each archived row and does not count it",
            (now, then) -> Set.copyOf(now).equals(Set.copyOf(then))));
    mutants.add(
        checkingTheArchive(
            "verify asks that all archived rows are as they were, and not that all are there",
            (now, then) -> then.containsAll(now)));
    mutants.add(
        verifying(
            "verify does not look at the constraint",
            (database, faults, table) ->
                faults.stream().filter(fault -> !fault.contains("not unique")).toList()));
    mutants.add(
        verifying(
            "verify does not look for duplicates",
            (database, faults, table) ->
                faults.stream().filter(fault -> !fault.contains("duplicates")).toList()));
    mutants.add(
        verifying(
            "verify takes rows that were added since for a fault",
            (database, faults, table) ->
                table.rowCount()
                        > table.journal.get(0).rowsBefore() - table.journal.get(0).rowsArchived()
                    ? List.of("There are more rows than there were.")
                    : faults));
    mutants.add(
        migrating(
            "does not name the triggers that fire",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationPlan plan(MigrationOptions options) {
                    ReferenceTable table = database.create(name);
                    String trigger = table.keepingTrigger;
                    table.keepingTrigger = null;
                    MigrationPlan plan = super.plan(options);
                    table.keepingTrigger = trigger;
                    return plan;
                  }
                }));
    mutants.add(
        migrating(
            "archives rows that a trigger keeps in the table",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  void archiveLosers(
                      ReferenceTable table, String id, int enough, @Nullable ArchiveAudit audit) {
                    if (table.keepingTrigger != null) {
                      ReferenceTable.Row kept = table.rows.values().iterator().next().get(0);
                      table.archive.add(new ReferenceTable.ArchivedRow(kept, id, kept.span()));
                    }
                    super.archiveLosers(table, id, enough, audit);
                  }
                }));
    mutants.add(
        migrating(
            "takes what is in the archive for what was moved",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  void archiveLosers(
                      ReferenceTable table, String id, int enough, @Nullable ArchiveAudit audit) {
                    super.archiveLosers(table, id, enough, audit);
                    table.recorded.put(
                        id,
                        new ArrayList<>(
                            table.archive.stream()
                                .filter(row -> row.migrationId().equals(id))
                                .toList()));
                  }
                }));
    mutants.add(
        verifying(
            "verify takes rows that were deleted meanwhile for lost",
            (database, faults, table) ->
                table.rowCount()
                        < table.journal.get(0).rowsBefore() - table.journal.get(0).rowsArchived()
                    ? List.of("There are fewer rows than there were.")
                    : faults));
    mutants.add(
        migrating(
            "drops what is not sound",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public List<String> drop(String migrationId) {
                    ReferenceTable table = database.create(name);
                    table.recorded.put(
                        migrationId,
                        table.archive.stream()
                            .filter(row -> row.migrationId().equals(migrationId))
                            .toList());
                    table.unique = true;
                    return super.drop(migrationId);
                  }
                }));
    mutants.add(
        Mutant.of(
            "the store's own table, named, has a journal of its own",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  private boolean isNamed;

                  @Override
                  public DedupeMigration migration() {
                    return new ReferenceMigration(database, config.table()) {
                      @Override
                      public List<MigrationRecord> history() {
                        return isNamed ? List.of() : super.history();
                      }
                    };
                  }

                  @Override
                  public DedupeMigration migration(SpanTable table) {
                    isNamed = table.name().equals(config.table());
                    return super.migration(table);
                  }
                }));
    mutants.add(
        migrating(
            "a listener's exception is made one of the store's",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationReport apply(
                      MigrationOptions options, MigrationListener listener) {
                    try {
                      return super.apply(options, listener);
                    } catch (IllegalArgumentException e) {
                      throw new StorageException(FailureKind.CONFIGURATION, e.getMessage(), e);
                    }
                  }
                }));
    mutants.add(
        migrating(
            "undo sees nothing that stands in its way",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public UndoPlan planUndo(String migrationId) {
                    UndoPlan plan = super.planUndo(migrationId);
                    return new UndoPlan(
                        migrationId,
                        plan.rowsToRestore(),
                        plan.rowsOfDeletedKeys(),
                        plan.changedKeys(),
                        List.of());
                  }
                }));
    mutants.add(
        migrating(
            "undo brings back what was deleted since",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationRecord undo(
                      String migrationId, UndoOptions options, MigrationListener listener) {
                    return super.undo(
                        migrationId, new UndoOptions(DeletedKeys.COME_BACK), listener);
                  }
                }));
    mutants.add(
        migrating(
            "undo leaves what was deleted since, though it was asked for",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationRecord undo(
                      String migrationId, UndoOptions options, MigrationListener listener) {
                    return super.undo(migrationId, UndoOptions.DEFAULT, listener);
                  }
                }));
    mutants.add(
        migrating(
            "says that no key was changed since",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public UndoPlan planUndo(String migrationId) {
                    UndoPlan plan = super.planUndo(migrationId);
                    return new UndoPlan(
                        migrationId,
                        plan.rowsToRestore(),
                        plan.rowsOfDeletedKeys(),
                        0,
                        plan.obstacles());
                  }
                }));
    mutants.add(
        migrating(
            "hands over all archived rows but one",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public void archived(String migrationId, Consumer<ArchivedRow> each) {
                    List<ArchivedRow> rows = new ArrayList<>();
                    super.archived(migrationId, rows::add);
                    rows.stream().skip(1).forEach(each);
                  }
                }));
    mutants.add(
        migrating(
            "tells the audit nothing",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationReport apply(
                      MigrationOptions options, MigrationListener listener) {
                    return super.apply(options.withAudit(null), listener);
                  }
                }));
    mutants.add(
        migrating(
            "wraps what the listener throws",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationReport apply(
                      MigrationOptions options, MigrationListener listener) {
                    try {
                      return super.apply(options, listener);
                    } catch (IllegalArgumentException e) {
                      throw new StorageException(
                          FailureKind.CONFIGURATION, String.valueOf(e.getMessage()), e);
                    }
                  }
                }));
    mutants.add(
        migrating(
            "plans a step that does not run",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationPlan plan(MigrationOptions options) {
                    MigrationPlan plan = super.plan(options);
                    List<MigrationPlan.Step> steps = new ArrayList<>(plan.steps());
                    if (plan.isNeeded()) {
                      steps.add(1, new MigrationPlan.Step(MigrationStep.ADD_COLUMNS, null));
                    }
                    return new MigrationPlan(
                        plan.table(),
                        plan.rows(),
                        plan.keys(),
                        plan.duplicateGroups(),
                        plan.surplusRows(),
                        plan.constraint(),
                        steps,
                        plan.refusals(),
                        plan.unfinishedMigrationId());
                  }
                }));
    mutants.add(
        Mutant.of(
            "a table of an older release is opened without its columns",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  boolean addColumns(ReferenceTable table) {
                    return true;
                  }
                }));
    mutants.add(
        Mutant.of(
            "columns are added although the policy says check",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  boolean addColumns(ReferenceTable table) {
                    table.lacking.clear();
                    return true;
                  }
                }));
    mutants.add(
        migrating(
            "the plan names no column that is missing",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public MigrationPlan plan() {
                    MigrationPlan plan = super.plan();
                    return new MigrationPlan(
                        plan.table(),
                        plan.rows(),
                        plan.keys(),
                        plan.duplicateGroups(),
                        plan.surplusRows(),
                        plan.constraint(),
                        plan.steps(),
                        plan.refusals(),
                        plan.unfinishedMigrationId());
                  }
                }));
    mutants.add(
        migrating(
            "verify finds every migration sound, also one that never was",
            (database, name) ->
                new ReferenceMigration(database, name) {
                  @Override
                  public VerifyReport verify(String migrationId) {
                    return new VerifyReport(migrationId, 0, 0, 0, List.of());
                  }
                }));
    mutants.add(
        Mutant.of(
            "migrates although it was told to check",
            (database, config, capabilities) ->
                new ReferenceStorage(
                    database,
                    StorageConfig.fromProperties(
                        Map.of(
                            "url",
                            config.uri().raw(),
                            "table",
                            config.table(),
                            "max-span-bytes",
                            String.valueOf(config.maxSpanBytes()))),
                    capabilities)));
    mutants.add(
        Mutant.of(
            "clearing takes the archive along",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public void dangerouslyClearAll() {
                    super.dangerouslyClearAll();
                    database.create(config.table()).archive.clear();
                  }
                }));
    mutants.add(
        Mutant.of(
            "clears every table of the database",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public void dangerouslyClearAll() {
                    super.dangerouslyClearAll();
                    database.create("kit_other").rows.clear();
                  }
                }));
    mutants.add(
        Mutant.of(
            "says that it was opened when it was made",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public InitReport init() {
                    InitReport report = super.init();
                    return report.outcome() == InitReport.Outcome.CREATED
                        ? new InitReport(InitReport.Outcome.OPENED, report.table(), null)
                        : report;
                  }
                }));
    mutants.add(Mutant.claiming(Capability.ENFORCED_UNIQUENESS));
    mutants.add(Mutant.claiming(Capability.EXACT_WRITE_COUNTS));
    mutants.add(Mutant.claiming(Capability.DELETION_IS_REMEMBERED));
    mutants.add(Mutant.of("claims ATOMIC_BATCH and writes span by span", SpanBySpan::new));
    return mutants;
  }

  private static final class SpanBySpan extends ReferenceStorage {
    SpanBySpan(ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities) {
      super(database, config, capabilities);
    }

    @Override
    public WriteResult batchCreateSpans(List<Span> spans) {
      List<Span> read = new ArrayList<>();
      try {
        spans.forEach(read::add);
      } catch (RuntimeException e) {
        super.batchCreateSpans(read);
        throw e;
      }
      return super.batchCreateSpans(read);
    }
  }
}
