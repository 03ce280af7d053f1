package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.migration.ArchivedRow;
import dev.tracekeep.migration.ColumnRole;
import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.UndoOptions;
import dev.tracekeep.migration.UndoPlan;
import dev.tracekeep.migration.VerifyReport;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.EngineFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * The checks of other systems' tables have teeth. The reference storage has no such tables, so
 * DuckDB's migration is broken on purpose instead: in what it hears, or in what it says.
 */
final class ForeignTableMutationTest {
  /**
   * A migration that is broken in one way.
   *
   * @param better whether an archived row {@code a} would have stayed in the place of the row
   *     {@code t}; empty where the rule itself is not broken
   */
  private record Fault(
      String name,
      UnaryOperator<SpanTable> heard,
      UnaryOperator<DedupeMigration> said,
      String better) {}

  private static Fault hearing(String name, UnaryOperator<SpanTable> heard) {
    return new Fault(name, heard, UnaryOperator.identity(), "");
  }

  private static Fault saying(String name, UnaryOperator<DedupeMigration> said) {
    return new Fault(name, UnaryOperator.identity(), said, "");
  }

  private static Fault keeping(String name, String better) {
    return new Fault(name, UnaryOperator.identity(), UnaryOperator.identity(), better);
  }

  /** A column taken for what it is not, where nothing else was said. */
  private static UnaryOperator<SpanTable> taking(String column, ColumnRole role) {
    return table -> {
      Map<ColumnRole, String> named = new LinkedHashMap<>(table.named());
      named.putIfAbsent(role, column);
      return table.withNamed(named);
    };
  }

  private static final List<Fault> FAULTS =
      List.of(
          hearing(
              "does not hear what columns are said to mean", table -> table.withNamed(Map.of())),
          hearing("takes every row for completed", taking("note", ColumnRole.ENDED_AT)),
          hearing("does not rank by the update", taking("note", ColumnRole.UPDATED_AT)),
          keeping("ranks times of text as text", "a.updated_at > t.updated_at"),
          keeping(
              "does not look at which copy says more",
              "a.updated_at = t.updated_at AND strlen(a.note) > strlen(t.note)"),
          keeping(
              "looks at the columns of a copy, and not at its text",
              "a.updated_at = t.updated_at AND a.span_id LIKE 'text%'"),
          saying("plans without refusals", to -> new Telling(to, List.of(), null, null)),
          saying("plans without notes", to -> new Telling(to, null, List.of(), null)),
          saying(
              "has one reason for all",
              to -> new Telling(to, null, null, "as new as another copy that was kept")));

  private static @Nullable Fault current;

  /** The database of the check that runs. */
  private static @Nullable String url;

  /** Found by no build: it is no top-level class, and is not named like a test. */
  static final class Victim extends StorageConformanceKit {
    @Override
    protected StorageFixture openFixture() {
      return new Broken(DuckDbFixture.inMemory());
    }
  }

  @Test
  void everyFault_isFound() {
    assertThat(failures()).as("checks that fail without a fault").isEmpty();
    Map<String, List<String>> killers = new LinkedHashMap<>();
    try {
      for (Fault fault : FAULTS) {
        current = fault;
        killers.put(fault.name(), failures());
      }
    } finally {
      current = null;
    }
    killers.forEach((fault, checks) -> System.out.println("mutant: " + fault + ": " + checks));
    assertThat(killers.values()).as("%s", killers).noneMatch(List::isEmpty);
  }

  private static List<String> failures() {
    TreeSet<String> failed = new TreeSet<>();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(
                    Arrays.stream(ForeignTableChecks.class.getDeclaredMethods())
                        .filter(method -> method.isAnnotationPresent(Test.class))
                        .map(method -> DiscoverySelectors.selectMethod(Victim.class, method))
                        .toList())
                .filters(EngineFilter.includeEngines("junit-jupiter"))
                .configurationParameter("tracekeep.conformance.directory", "none")
                .build(),
            new TestExecutionListener() {
              @Override
              public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                if (result.getStatus() == TestExecutionResult.Status.FAILED) {
                  failed.add(
                      test.getSource()
                          .filter(MethodSource.class::isInstance)
                          .map(source -> ((MethodSource) source).getMethodName())
                          .orElse("the start of the kit"));
                }
              }
            });
    return List.copyOf(failed);
  }

  /** DuckDB with the current fault. */
  private record Broken(StorageFixture fixture) implements StorageFixture {
    @Override
    public String name() {
      return fixture.name();
    }

    @Override
    public EngineAccess access() {
      return fixture.access();
    }

    @Override
    public TestDatabase newDatabase() throws Exception {
      TestDatabase database = fixture.newDatabase();
      url = database.properties().get("url");
      return database;
    }

    @Override
    public StorageProvider provider() {
      StorageProvider sound = fixture.provider();
      return new StorageProvider() {
        @Override
        public String name() {
          return sound.name();
        }

        @Override
        public List<String> uriPrefixes() {
          return sound.uriPrefixes();
        }

        @Override
        public ObservabilityStorage open(StorageConfig config) {
          return broken(sound.open(config));
        }
      };
    }

    private static ObservabilityStorage broken(ObservabilityStorage sound) {
      return (ObservabilityStorage)
          Proxy.newProxyInstance(
              ObservabilityStorage.class.getClassLoader(),
              new Class<?>[] {ObservabilityStorage.class},
              (proxy, method, arguments) -> {
                Fault fault = current;
                if (fault != null
                    && method.getName().equals("migration")
                    && arguments != null
                    && arguments[0] instanceof SpanTable table) {
                  DedupeMigration migration = sound.migration(fault.heard().apply(table));
                  return fault
                      .said()
                      .apply(
                          fault.better().isEmpty()
                              ? migration
                              : new Keeping(migration, fault.better()));
                }
                try {
                  return method.invoke(sound, arguments);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }
  }

  /** A migration that does as another one does. */
  private abstract static class Forwarding implements DedupeMigration {
    final DedupeMigration to;

    Forwarding(DedupeMigration to) {
      this.to = to;
    }

    @Override
    public MigrationPlan plan(MigrationOptions options) {
      return to.plan(options);
    }

    @Override
    public MigrationReport apply(MigrationOptions options, MigrationListener listener) {
      return to.apply(options, listener);
    }

    @Override
    public VerifyReport verify(String migrationId) {
      return to.verify(migrationId);
    }

    @Override
    public UndoPlan planUndo(String migrationId) {
      return to.planUndo(migrationId);
    }

    @Override
    public MigrationRecord undo(
        String migrationId, UndoOptions options, MigrationListener listener) {
      return to.undo(migrationId, options, listener);
    }

    @Override
    public void archived(String migrationId, Consumer<ArchivedRow> each) {
      to.archived(migrationId, each);
    }

    @Override
    public List<String> drop(String migrationId) {
      return to.drop(migrationId);
    }

    @Override
    public List<MigrationRecord> history() {
      return to.history();
    }
  }

  /** Lets an archived row stay in the place of the one that was kept, where it is "better". */
  private static final class Keeping extends Forwarding {
    private final String better;

    Keeping(DedupeMigration to, String better) {
      super(to);
      this.better = better;
    }

    @Override
    public MigrationReport apply(MigrationOptions options, MigrationListener listener) {
      MigrationReport report = to.apply(options, listener);
      try (Connection connection = DriverManager.getConnection(String.valueOf(url));
          Statement statement = connection.createStatement()) {
        boolean canBe;
        try (ResultSet columns =
            statement.executeQuery(
                "SELECT count(*) = 2 FROM duckdb_columns() WHERE table_name = 'kit_foreign' AND"
                    + " column_name IN ('note', 'updated_at') AND data_type = 'VARCHAR'")) {
          columns.next();
          canBe = columns.getBoolean(1);
        }
        if (canBe && report.rowsArchived() > 0) {
          statement.execute(
              "UPDATE kit_foreign AS t SET note = a.note FROM kit_foreign_dedupe_archive a WHERE"
                  + " a.trace_id = t.trace_id AND a.span_id = t.span_id AND "
                  + better);
        }
      } catch (SQLException e) {
        throw new IllegalStateException("The fault could not be made", e);
      }
      return report;
    }
  }

  /** Says something else than the migration: what is null is said as it is. */
  private static final class Telling extends Forwarding {
    private final @Nullable List<String> refusals;
    private final @Nullable List<String> notes;
    private final @Nullable String reason;

    Telling(
        DedupeMigration to,
        @Nullable List<String> refusals,
        @Nullable List<String> notes,
        @Nullable String reason) {
      super(to);
      this.refusals = refusals;
      this.notes = notes;
      this.reason = reason;
    }

    @Override
    public MigrationPlan plan(MigrationOptions options) {
      MigrationPlan plan = to.plan(options);
      return new MigrationPlan(
          plan.table(),
          plan.rows(),
          plan.keys(),
          plan.duplicateGroups(),
          plan.surplusRows(),
          plan.constraint(),
          plan.steps(),
          refusals == null ? plan.refusals() : refusals,
          plan.unfinishedMigrationId(),
          notes == null ? plan.details() : plan.details().withNotes(notes),
          plan.missingColumns());
    }

    @Override
    public void archived(String migrationId, Consumer<ArchivedRow> each) {
      to.archived(
          migrationId,
          row ->
              each.accept(
                  new ArchivedRow(
                      row.migrationId(),
                      row.archivedAt(),
                      reason == null ? row.reason() : reason,
                      row.key(),
                      row.winner(),
                      row.row())));
    }
  }
}
