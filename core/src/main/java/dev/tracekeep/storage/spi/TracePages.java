package dev.tracekeep.storage.spi;

import dev.tracekeep.span.Span;
import dev.tracekeep.storage.TraceQuery;
import java.util.List;

/** The pages of a list of traces, for adapters whose engine cannot decide a query by itself. */
public final class TracePages {
  private TracePages() {}

  /**
   * Reads one page.
   *
   * @param <E> how reading fails
   */
  @FunctionalInterface
  public interface Reader<E extends Exception> {
    /** The first heads that the query lists, in its order, at most so many. */
    List<Span> read(TraceQuery query, int limit) throws E;
  }

  /**
   * Counts what all pages of a query show, by reading them one after the other. The order and the
   * place of the query do not count.
   *
   * @param <E> how reading fails
   * @throws E what the reader throws
   */
  public static <E extends Exception> long count(TraceQuery query, Reader<E> heads) throws E {
    TraceQuery.Builder all =
        TraceQuery.builder(query.tenantId()).roots(query.roots()).root(query.root());
    query.anySpan().forEach(all::anySpan);
    query.noSpan().forEach(all::noSpan);
    TraceQuery page = all.build();
    long count = 0;
    while (true) {
      List<Span> found = heads.read(page, TraceQuery.MAX_LIMIT);
      count += found.size();
      if (found.size() < TraceQuery.MAX_LIMIT) {
        return count;
      }
      page = all.cursor(page.cursorBehind(found.get(found.size() - 1))).build();
    }
  }
}
