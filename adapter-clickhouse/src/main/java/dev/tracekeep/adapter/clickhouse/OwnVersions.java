package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.util.ArrayList;
import java.util.List;

/**
 * The versions of rows that have none. Their last part is a hash of the content, which SQL cannot
 * work out: so the rows pass through this process once, one at a time, and what goes back is a hash
 * and a version for each.
 */
final class OwnVersions {
  private static final int HASH_WIDTH = 16;

  /** Small enough for any heap, large enough not to make too many parts. */
  private static final int ROWS = 50_000;

  private final MigratorSession session;
  private final String versions;
  private final List<byte[]> hashes = new ArrayList<>();
  private final List<byte[]> worked = new ArrayList<>();

  private OwnVersions(MigratorSession session, String versions) {
    this.session = session;
    this.versions = versions;
  }

  /**
   * Works out the versions of rows and writes them down.
   *
   * @param select our own columns and, last, the hash of the row
   */
  static void write(MigratorSession session, String versions, String select) throws Exception {
    OwnVersions writer = new OwnVersions(session, versions);
    session.forEach(select, writer::accept);
    writer.flush();
  }

  private void accept(RowBinaryReader row) throws Exception {
    try {
      worked.add(SpanRows.read(row, SpanColumn.all()).version().toBytes());
    } catch (InvalidSpanException e) {
      throw new StorageException(
          FailureKind.INVALID,
          "A row of the table is no span: "
              + e.getMessage()
              + ". Mend or delete it, then run the migration again.",
          e);
    }
    hashes.add(row.unsigned(HASH_WIDTH));
    if (hashes.size() == ROWS) {
      flush();
    }
  }

  private void flush() throws Exception {
    if (hashes.isEmpty()) {
      return;
    }
    session
        .client()
        .insert(
            versions,
            List.of("h", "version"),
            out -> {
              for (int i = 0; i < hashes.size(); i++) {
                out.unsigned(hashes.get(i), HASH_WIDTH);
                out.unsigned(worked.get(i), SpanRows.VERSION_WIDTH);
                out.endRow();
              }
            });
    hashes.clear();
    worked.clear();
  }
}
