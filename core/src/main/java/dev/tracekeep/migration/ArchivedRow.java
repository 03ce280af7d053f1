package dev.tracekeep.migration;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A row that a migration moved into the archive. Values are {@link String}, {@link Number}, {@link
 * Boolean}, {@code byte[]} or null; whatever else the engine has comes as its text.
 *
 * @param migrationId which migration moved it
 * @param archivedAt when, ISO-8601, by the clock of the process that did
 * @param reason why it is not the one that was kept, for people
 * @param key the columns of the key and their values, in the order of the key
 * @param winner what decided for the row that was kept: {@code ended_at}, {@code updated_at},
 *     {@code created_at} and {@code version}, as far as the table has them
 * @param row the whole row, by column, in the order of the table
 */
public record ArchivedRow(
    String migrationId,
    String archivedAt,
    String reason,
    Map<String, @Nullable Object> key,
    Map<String, @Nullable Object> winner,
    Map<String, @Nullable Object> row) {
  /** Copies the maps, whose order is kept. */
  public ArchivedRow {
    key = copy(key);
    winner = copy(winner);
    row = copy(row);
  }

  private static Map<String, @Nullable Object> copy(Map<String, @Nullable Object> values) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }
}
