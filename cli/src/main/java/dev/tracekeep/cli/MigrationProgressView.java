package dev.tracekeep.cli;

import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationProgress;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.text.Printable;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Shows how far a migration is: one task for each step. */
final class MigrationProgressView implements MigrationListener {
  private final Progress progress;
  private @Nullable MigrationStep current;

  MigrationProgressView(Progress progress) {
    this.progress = progress;
  }

  @Override
  public void onProgress(MigrationProgress now) {
    Long total = now.rowsTotal();
    if (now.step() != current) {
      current = now.step();
      // The description would leave no room for the bar beside it.
      String task = now.step().name().toLowerCase(Locale.ROOT).replace('_', ' ');
      progress.begin(task, total == null ? -1 : total, Progress.Unit.ROWS);
    }
    progress.at(now.rowsDone(), Printable.line(now.statement()));
  }
}
