package dev.tracekeep.cli;

import dev.tracekeep.span.Json;
import dev.tracekeep.storage.WriteResult;
import dev.tracekeep.text.Style;
import dev.tracekeep.text.Wording;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What an import came to.
 *
 * @param files how many inputs were read
 * @param failedFiles how many inputs could not be read, or not to their end
 * @param read how many spans were found in them
 * @param accepted how many of these the store has taken, counting a span once per batch
 * @param repeated how many stood in a batch with a better version of the same span
 * @param counts what changed in the store; null if it cannot say
 * @param refused how many lines or spans were refused
 * @param warnings how many oddities were reported that cost nothing
 * @param elapsed how long it took
 */
record ImportSummary(
    int files,
    int failedFiles,
    long read,
    long accepted,
    long repeated,
    WriteResult.@Nullable Counts counts,
    long refused,
    long warnings,
    Duration elapsed) {

  int exitCode() {
    if (refused == 0 && failedFiles == 0) {
      return ExitCode.OK;
    }
    return accepted > 0 ? ExitCode.PARTIAL : ExitCode.FAILURE;
  }

  void print(Console console, String store) {
    double seconds = Math.max(1e-3, elapsed.toNanos() / 1e9);
    console
        .out()
        .println(
            String.format(
                Locale.ROOT,
                "%s read from %s in %s (%,d spans/s)",
                Wording.counted(read, "span", "spans"),
                Wording.counted(files, "file", "files"),
                Wording.duration(elapsed, console.glyphs()),
                Math.round(read / seconds)));
    Facts facts = new Facts();
    if (counts == null) {
      facts.add("stored", accepted);
    } else {
      facts.add("new", counts.created());
      facts.add("replaced", counts.replaced());
      facts.add("unchanged", counts.unchanged());
    }
    if (repeated > 0) {
      facts.add("repeated", repeated);
    }
    facts.add("refused", refused);
    if (failedFiles > 0) {
      facts.add("files not read", failedFiles);
    }
    facts.print(console);
    console.out().println(verdict(console, store));
  }

  private String verdict(Console console, String store) {
    if (counts != null && counts.created() == 0 && counts.replaced() == 0 && read > 0) {
      return console.styled(Style.GOOD, "Nothing changed:")
          + " every span was there already, in "
          + store
          + ".";
    }
    return accepted > 0 ? "Stored in " + store + "." : "Nothing was stored in " + store + ".";
  }

  Json document() {
    Json.ObjectBuilder document =
        Json.objectBuilder()
            .put("files", files)
            .put("failedFiles", failedFiles)
            .put("read", read)
            .put("accepted", accepted)
            .put("repeated", repeated);
    document.put("created", counts == null ? Json.NULL : Json.of(counts.created()));
    document.put("replaced", counts == null ? Json.NULL : Json.of(counts.replaced()));
    document.put("unchanged", counts == null ? Json.NULL : Json.of(counts.unchanged()));
    return document
        .put("refused", refused)
        .put("warnings", warnings)
        .put("elapsedMillis", elapsed.toMillis())
        .build();
  }
}
