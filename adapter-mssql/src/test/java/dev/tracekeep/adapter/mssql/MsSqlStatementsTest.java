package dev.tracekeep.adapter.mssql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.jdbc.KeyConstraint;
import dev.tracekeep.jdbc.SpanTableSql;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.StorageConfig;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The statements themselves, without a server; long lists of columns are cut to their names. */
class MsSqlStatementsTest {
  private static final MsSqlDialect DIALECT = new MsSqlDialect();
  private static final StorageConfig CONFIG =
      StorageConfig.fromProperties(
          Map.of("url", "jdbc:sqlserver://db", "schema", "traces", "table", "spans"));
  private static final SpanTableSql SQL = new SpanTableSql(DIALECT, "[traces].[spans]");
  private static final SpanWriter WRITER = new SpanWriter(SQL, DIALECT, Duration.ofSeconds(60));

  private static MsSqlMigration migration() {
    return new MsSqlMigration(DIALECT, new MsSqlConnections(CONFIG), CONFIG);
  }

  private static String cut(String statement) {
    return statement
        .replace(SQL.assignments("s"), "ASSIGNMENTS")
        .replace(SQL.columnDefinitions(), "DEFINITIONS")
        .replace(
            SQL.columnNames().stream().map(name -> "s." + name).collect(Collectors.joining(", ")),
            "STAGED")
        .replace(String.join(", ", SQL.columnNames()), "COLUMNS");
  }

  @Test
  void table_hasAClusteredKeyAndTimesForPeople() {
    String statement =
        cut(new MsSqlStorage(CONFIG, new MsSqlConnections(CONFIG)).createTableStatement());
    assertThat(statement)
        .startsWith("CREATE TABLE [traces].[spans] (DEFINITIONS, [started_at_utc] AS DATEADD(")
        .contains(
            "[ended_at_utc] AS DATEADD(NANOSECOND, CAST([ended_at] % 1000000000 AS int),"
                + " DATEADD(SECOND, CAST([ended_at] / 1000000000 % 60 AS int), DATEADD(MINUTE,"
                + " CAST([ended_at] / 1000000000 / 60 AS int), DATETIME2FROMPARTS(1970, 1, 1, 0, 0,"
                + " 0, 0, 7))))")
        .endsWith(
            ", CONSTRAINT [spans_key] PRIMARY KEY CLUSTERED ([tenant_id], [trace_id], [span_id]))");
    assertThat(SQL.definition(SpanColumn.TRACE_ID))
        .isEqualTo("[trace_id] varchar(131) COLLATE Latin1_General_BIN2 NOT NULL");
    assertThat(SQL.definition(SpanColumn.INPUT))
        .isEqualTo("[input] nvarchar(max) COLLATE Latin1_General_BIN2");
    assertThat(SQL.definition(SpanColumn.ENDED_AT)).isEqualTo("[ended_at] bigint");
    assertThat(SQL.definition(SpanColumn.IS_EVENT)).isEqualTo("[is_event] bit NOT NULL");
    assertThat(SQL.versionDefinition()).isEqualTo("[version] binary(29) NOT NULL");
  }

  @Test
  void indexes_areFilteredWhereTheyCan() {
    assertThat(new MsSqlStorage(CONFIG, new MsSqlConnections(CONFIG)).indexes().values())
        .containsExactly(
            "CREATE INDEX [spans_started] ON [traces].[spans] ([tenant_id], [started_at] DESC,"
                + " [trace_id], [span_id]) INCLUDE ([parent_span_id]) WHERE [parent_span_id] IS"
                + " NULL",
            "CREATE INDEX [spans_ended] ON [traces].[spans] ([tenant_id], [ended_at] DESC,"
                + " [trace_id], [span_id]) INCLUDE ([parent_span_id]) WHERE [parent_span_id] IS"
                + " NULL",
            "CREATE INDEX [spans_root] ON [traces].[spans] ([tenant_id], [trace_id], [started_at],"
                + " [span_id]) INCLUDE ([parent_span_id]) WHERE [parent_span_id] IS NULL",
            "CREATE INDEX [spans_error] ON [traces].[spans] ([tenant_id], [trace_id]) WHERE [error]"
                + " IS NOT NULL",
            "CREATE INDEX [spans_failed] ON [traces].[spans] ([tenant_id], [started_at] DESC,"
                + " [trace_id], [span_id]) WHERE [error] IS NOT NULL",
            "CREATE INDEX [spans_span] ON [traces].[spans] ([tenant_id], [started_at] DESC)"
                + " INCLUDE ([parent_span_id])");
  }

  @Test
  void merge_updatesWhatIsBetterAndInsertsWhatIsNew() {
    assertThat(cut(WRITER.updateFrom("#stage")))
        .isEqualTo(
            "UPDATE t SET ASSIGNMENTS FROM [traces].[spans] t JOIN #stage s ON t.[tenant_id] ="
                + " s.[tenant_id] AND t.[trace_id] = s.[trace_id] AND t.[span_id] = s.[span_id]"
                + " WHERE (t.[version] IS NULL OR s.[version] > t.[version])");
    assertThat(cut(WRITER.insertFrom("#stage")))
        .isEqualTo(
            "INSERT INTO [traces].[spans] (COLUMNS) SELECT STAGED FROM #stage s WHERE NOT EXISTS"
                + " (SELECT 1 FROM [traces].[spans] t WITH (UPDLOCK, HOLDLOCK) WHERE t.[tenant_id]"
                + " = s.[tenant_id] AND t.[trace_id] = s.[trace_id] AND t.[span_id] ="
                + " s.[span_id])");
    assertThat(WRITER.newOrBetter())
        .isEqualTo(
            "SELECT k.[position], CASE WHEN (t.[version] IS NULL OR k.[version] > t.[version])"
                + " THEN 1 ELSE 0 END, CASE WHEN k.[started_at] <> t.[started_at] THEN 1 ELSE 0"
                + " END FROM #tracekeep_stage_keys k LEFT JOIN [traces].[spans] t ON"
                + " t.[tenant_id] = k.[tenant_id] AND t.[trace_id] = k.[trace_id] AND t.[span_id]"
                + " = k.[span_id] WHERE (t.[version] IS NULL OR k.[version] > t.[version]) OR"
                + " k.[started_at] <> t.[started_at] ORDER BY k.[position]");
  }

  /** The limit is 2,100, and the driver takes some for itself. */
  @Test
  void parameters_ofTheLargestStatements_areBelowTheLimit() {
    String few = WRITER.mergeFew(SpanWriter.SMALL_BATCH);
    assertThat(few.chars().filter(c -> c == '?').count())
        .isEqualTo(53L * SpanWriter.SMALL_BATCH)
        .isLessThan(2_000);
    assertThat(cut(few))
        .startsWith(
            "DECLARE @stage TABLE (DEFINITIONS); DECLARE @replaced int, @created int; INSERT")
        .contains(
            "; SELECT s.[tenant_id], s.[trace_id], s.[span_id] FROM @stage s JOIN [traces].[spans]"
                + " t ON t.[tenant_id] = s.[tenant_id] AND t.[trace_id] = s.[trace_id] AND"
                + " t.[span_id] = s.[span_id] WHERE s.[started_at] <> t.[started_at]; UPDATE t")
        .endsWith("SET @created = @@ROWCOUNT; SELECT @replaced, @created");
  }

  @Test
  void migration_comparesKeysByteByByte() {
    assertThat(migration().keyPart("t.[traceId]"))
        .isEqualTo("((CAST(t.[traceId] AS nvarchar(1700)) + N'.') COLLATE Latin1_General_BIN2)");
    assertThat(
            migration()
                .constraintStatement(
                    new SpanTable("dbo", "mastra_ai_spans", null),
                    new KeyConstraint("mastra_ai_spans_key", List.of("traceId", "spanId"), false)))
        .isEqualTo(
            "CREATE UNIQUE INDEX [mastra_ai_spans_key] ON [dbo].[mastra_ai_spans] ([traceId],"
                + " [spanId])");
    assertThat(migration().createTableAs("[a]", "SELECT t.[x] FROM [s] t"))
        .isEqualTo(
            "SELECT made.* INTO [a] FROM (SELECT t.[x] FROM [s] t) made CROSS JOIN (SELECT 1 AS"
                + " one) once");
  }

  @Test
  void key_thatIsTooLongForAnIndex_isRefusedWithTheWayOut() {
    MsSqlCatalog.Column wide =
        new MsSqlCatalog.Column("traceId", "nvarchar", 1_800, 0, 0, false, "Latin1_General_CI_AS");
    MsSqlCatalog.Column endless =
        new MsSqlCatalog.Column("spanId", "varchar", -1, 0, 0, false, "Latin1_General_CI_AS");
    MsSqlCatalog.Column narrow =
        new MsSqlCatalog.Column("spanId", "nvarchar", 800, 0, 0, false, "Latin1_General_CI_AS");
    SpanTable table = SpanTable.named("dbo.s");
    assertThat(MsSqlCatalog.keyRefusal(table, "[dbo].[s]", List.of(narrow, narrow))).isEmpty();
    assertThat(MsSqlCatalog.keyRefusal(table, "[dbo].[s]", List.of(wide, narrow)))
        .contains(
            "The key of dbo.s (traceId nvarchar(900) COLLATE Latin1_General_CI_AS, spanId"
                + " nvarchar(400) COLLATE Latin1_General_CI_AS) has up to 2600 bytes, and an index"
                + " takes 1700: shorten the columns first, with ALTER TABLE [dbo].[s] ALTER COLUMN"
                + " [traceId] nvarchar(425) NOT NULL.");
    assertThat(MsSqlCatalog.keyRefusal(table, "[dbo].[s]", List.of(narrow, endless)))
        .hasValueSatisfying(
            reason ->
                assertThat(reason)
                    .contains("has no limit", "ALTER COLUMN [spanId] varchar(850) NOT NULL"));
  }

  /** Names of indexes as Babelfish keeps them, taken from one. */
  @Test
  void indexName_isFoundOnBothServers() {
    assertThat(MsSqlCatalog.isNamed("A_T_STARTED", "a_t_started", "a_t")).isTrue();
    assertThat(
            MsSqlCatalog.isNamed(
                "a_t_starteda_t8f65e3386d5b9daa2a0b6d26aa5f1472", "a_t_started", "a_t"))
        .isTrue();
    assertThat(
            MsSqlCatalog.isNamed(
                "tracekeep_spans_startedtracekee9e9a7b6a9052a10d4ffebcee591d38f8",
                "tracekeep_spans_started",
                "tracekeep_spans"))
        .isTrue();
    assertThat(MsSqlCatalog.isNamed("a_t_started2", "a_t_started", "a_t")).isFalse();
  }

  /** What the address says wins; the driver would have it the other way round. */
  @Test
  void properties_doNotOverrideTheAddress() {
    StorageConfig config =
        StorageConfig.fromProperties(
            Map.of(
                "url", "jdbc:sqlserver://db;UserName=own;lockTimeout=5;encrypt=false",
                "username", "other",
                "password", "secret",
                "connect-timeout", "500ms",
                "statement-timeout", "1500ms",
                "lock-timeout", "250ms"));
    assertThat(
            new MsSqlConnections(config)
                .properties(config.statementTimeout(), config.lockTimeout()))
        .isEqualTo(
            Map.of(
                "password", "secret",
                "loginTimeout", "1",
                "applicationName", "tracekeep",
                "queryTimeout", "2",
                "socketTimeout", "12000"));
  }
}
