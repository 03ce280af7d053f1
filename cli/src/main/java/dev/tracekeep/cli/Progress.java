package dev.tracekeep.cli;

import dev.tracekeep.text.Glyphs;
import dev.tracekeep.text.Printable;
import dev.tracekeep.text.Wording;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * Tells on standard error how far long work is: a bar on a terminal, a line now and then elsewhere.
 * Messages printed through it do not run into the bar. Thread-safe.
 */
abstract class Progress implements AutoCloseable {
  /** What is counted, and how many of it make the unit that is shown. */
  enum Unit {
    BYTES(" MiB", 1L << 20),
    ROWS(" rows", 1);

    private final String label;
    private final long size;

    Unit(String label, long size) {
      this.label = label;
      this.size = size;
    }
  }

  final PrintWriter err;

  private Progress(PrintWriter err) {
    this.err = err;
  }

  /** Progress as the console can show it; nothing is shown before the first task. */
  static Progress on(Console console) {
    return console.terminal().interactive() ? new Bar(console) : new Lines(console.err());
  }

  /**
   * Starts a task, and ends the one before.
   *
   * @param total how much there is to do; -1 where nobody knows
   */
  abstract void begin(String task, long total, Unit unit);

  /** How much of the task is done, with a note that may be empty. */
  abstract void at(long done, String note);

  /** Prints a line for the user. */
  abstract void message(String text);

  /** Ends the last task. */
  @Override
  public abstract void close();

  private static final class Bar extends Progress {
    private static final String CLEAR_LINE = "\r\u001b[K";
    private static final int REFRESH_MILLIS = 200;

    private final Terminal terminal;
    private final Thread onExit = new Thread(this::wipe, "tracekeep-wipe-progress-bar");
    private @Nullable ProgressBar bar;
    private boolean drawn;
    private boolean wiped;

    Bar(Console console) {
      super(console.err());
      this.terminal = console.terminal();
      // Ctrl-C in the middle of a bar: the prompt of the shell must not stand behind half a bar.
      Runtime.getRuntime().addShutdownHook(onExit);
    }

    @Override
    void begin(String task, long total, Unit unit) {
      endTask();
      if (total <= 0 && unit == Unit.ROWS) {
        // One statement of the engine, which is not heard of until it ends: a bar would only stand.
        draw(task + terminal.glyphs().ellipsis());
        return;
      }
      ProgressBar next =
          new ProgressBarBuilder()
              .setTaskName(task)
              .setInitialMax(total)
              .setUnit(unit.label, unit.size)
              .setStyle(
                  terminal.glyphs() == Glyphs.UNICODE
                      ? ProgressBarStyle.UNICODE_BLOCK
                      : ProgressBarStyle.ASCII)
              .showSpeed()
              .setUpdateIntervalMillis(REFRESH_MILLIS)
              .setConsumer(new DelegatingProgressBarConsumer(this::draw, terminal.width() - 1))
              .build();
      synchronized (this) {
        bar = next;
      }
    }

    private synchronized void draw(String line) {
      if (!wiped) {
        err.print("\r" + line);
        err.flush();
        drawn = true;
      }
    }

    private synchronized void wipe() {
      clear();
      wiped = true;
    }

    private synchronized void clear() {
      if (drawn) {
        err.print(CLEAR_LINE);
        err.flush();
        drawn = false;
      }
    }

    @Override
    void at(long done, String note) {
      ProgressBar current;
      synchronized (this) {
        current = bar;
      }
      if (current != null) {
        current.stepTo(done);
        current.setExtraMessage(note.isEmpty() ? "" : " " + note);
      }
    }

    @Override
    synchronized void message(String text) {
      clear();
      err.println(Printable.lines(text));
      err.flush();
    }

    private void endTask() {
      ProgressBar ending;
      synchronized (this) {
        ending = bar;
        bar = null;
      }
      if (ending != null) {
        // Not under our lock: it waits for its drawing thread, which wants that lock.
        ending.close();
      }
      clear();
    }

    @Override
    public void close() {
      endTask();
      wipe();
      try {
        Runtime.getRuntime().removeShutdownHook(onExit);
      } catch (IllegalStateException e) {
        // The JVM is going down already, and the hook has done its work.
      }
    }
  }

  private static final class Lines extends Progress {
    private static final long INTERVAL = Duration.ofSeconds(5).toNanos();

    private String task = "";
    private long total = -1;
    private Unit unit = Unit.ROWS;
    private long startedAt;
    private long nextAt;

    Lines(PrintWriter err) {
      super(err);
    }

    @Override
    synchronized void begin(String name, long howMuch, Unit counted) {
      task = name;
      total = howMuch;
      unit = counted;
      startedAt = System.nanoTime();
      nextAt = startedAt + INTERVAL;
    }

    @Override
    synchronized void at(long done, String note) {
      if (System.nanoTime() - nextAt < 0) {
        return;
      }
      nextAt = System.nanoTime() + INTERVAL;
      String share = total > 0 ? String.format(Locale.ROOT, " (%d %%)", 100 * done / total) : "";
      share += rest(done, Math.max(1, System.nanoTime() - startedAt));
      message(
          String.format(Locale.ROOT, "%s: %,d%s%s", task, done / unit.size, unit.label, share)
              + (note.isEmpty() ? "" : ", " + note));
    }

    /** The rate, and how long it will take at that rate. */
    private String rest(long done, long nanos) {
      double perSecond = done / unit.size / (nanos / 1e9);
      if (perSecond < 1 || total <= done) {
        return "";
      }
      Duration left = Duration.ofSeconds(Math.round((total - done) / unit.size / perSecond));
      return String.format(
          Locale.ROOT,
          ", %,.0f%s/s, %s left",
          perSecond,
          unit.label,
          Wording.duration(left, Glyphs.ASCII));
    }

    @Override
    synchronized void message(String text) {
      err.println(Printable.lines(text));
      err.flush();
    }

    @Override
    public void close() {
      // Nothing is left on the screen that would have to go.
    }
  }
}
