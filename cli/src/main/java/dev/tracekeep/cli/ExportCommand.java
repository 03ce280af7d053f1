package dev.tracekeep.cli;

import dev.tracekeep.document.SpanLine;
import dev.tracekeep.span.Span;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.SpanScan;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "export",
    description = {
      "Write spans to a file, one line of JSON for each, with nothing left out.",
      "'tracekeep import' of it changes nothing where they came from. All filters must hold."
    },
    footer = {
      "",
      "The file is for its owner alone, since prompts are in clear in it. It is there when all of",
      "it is written; a file that is there already stays as it is."
    })
final class ExportCommand implements Callable<Integer> {
  private static final String STANDARD_OUTPUT = "-";

  private final CommandContext context;

  @Parameters(paramLabel = "FILE", description = "The new file; - is standard output.")
  private String file = "";

  @Mixin private TraceFilters filters = new TraceFilters();
  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  ExportCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    SpanFilter.Builder wanted = SpanFilter.builder();
    filters.content().conditions().forEach(wanted::condition);
    filters.course().conditions().forEach(wanted::condition);
    SpanFilter filter = wanted.build();
    try (ObservabilityStorage storage = store.openForReading(context)) {
      if (file.equals(STANDARD_OUTPUT)) {
        PrintWriter out = context.console().out();
        scan(storage, filter, span -> out.print(SpanLine.of(span) + "\n"));
        return ExitCode.OK;
      }
      return toFile(storage, filter);
    }
  }

  private int toFile(ObservabilityStorage storage, SpanFilter filter) {
    Path target = Path.of(file).toAbsolutePath();
    Path unfinished = target.resolveSibling(target.getFileName() + ".unfinished");
    if (Files.exists(target)) {
      throw new CommandFailure(ExitCode.USAGE, "There is a file " + file + ". Name a new one.");
    }
    try {
      long spans;
      try (Writer out = create(unfinished)) {
        spans = scan(storage, filter, span -> write(out, SpanLine.of(span) + "\n"));
      }
      Files.move(unfinished, target);
      new Facts().add("spans written", spans).print(context.console());
      return ExitCode.OK;
    } catch (FileAlreadyExistsException e) {
      throw new CommandFailure(
          ExitCode.FAILURE,
          "There is a file "
              + e.getFile()
              + ", of an export that is under way or was cut off. Delete it, then try again.");
    } catch (UncheckedIOException | IOException e) {
      discard(unfinished);
      throw new CommandFailure(
          ExitCode.FAILURE, file + " cannot be written: " + e.getMessage() + ". It is not there.");
    } catch (RuntimeException e) {
      discard(unfinished);
      throw e;
    }
  }

  private static Writer create(Path path) throws IOException {
    boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    FileAttribute<?>[] ofTheOwner =
        posix
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            }
            : new FileAttribute<?>[0];
    OutputStream out =
        Channels.newOutputStream(
            Files.newByteChannel(
                path,
                EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                ofTheOwner));
    return new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8), 1 << 16);
  }

  private static void write(Writer out, String line) {
    try {
      out.write(line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void discard(Path unfinished) {
    try {
      Files.deleteIfExists(unfinished);
    } catch (IOException e) {
      context.console().message(unfinished + " cannot be deleted: " + e.getMessage());
    }
  }

  /** Returns how many spans passed. */
  private long scan(ObservabilityStorage storage, SpanFilter filter, Consumer<Span> each) {
    long[] spans = {0};
    try (Progress progress = Progress.on(context.console())) {
      progress.begin("Exporting", -1, Progress.Unit.ROWS);
      storage.scanSpans(
          SpanScan.ofTenant(store.tenant()),
          stored -> {
            if (filter.matches(stored.span())) {
              each.accept(stored.span());
              progress.at(++spans[0], "");
            }
          });
    }
    return spans[0];
  }
}
