package dev.tracekeep.jdbc;

import dev.tracekeep.migration.SpanTable;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Rows that lose, and where they go. All names are quoted, and those of tables qualified.
 *
 * @param table the table that they are in, as the engine calls it
 * @param archive the archive
 * @param carried the columns that the archive has of a row, under the table's names
 * @param told the archive's other columns: which migration moved the row, when, why, and to what it
 *     lost
 * @param ranking selects {@value #ROW}, which is {@link MigrationDialect#rowId}, and the columns of
 *     {@code told}, of each row that loses
 * @param staged a table of those columns, empty but for what an earlier call left, for engines that
 *     move in more than one statement
 * @param ofThisBatch a condition on the archive's alias {@code t}: the rows that this call puts
 *     there
 */
public record LosingRows(
    SpanTable table,
    String archive,
    List<String> carried,
    List<String> told,
    SqlStatement ranking,
    String staged,
    SqlStatement ofThisBatch) {
  /** The column of a row's name. */
  public static final String ROW = "dedupe_row";

  /** Copies the lists. */
  public LosingRows {
    carried = List.copyOf(carried);
    told = List.copyOf(told);
  }

  /** Columns in a list, each behind an alias such as {@code t.}. */
  public static String list(String alias, List<String> columns) {
    return columns.stream().map(column -> alias + column).collect(Collectors.joining(", "));
  }

  /** The carried columns, each behind an alias. */
  public List<String> carried(String alias) {
    return carried.stream().map(column -> alias + column).toList();
  }
}
