package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.SpanPosition;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.spi.RootConditions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Lists traces without FINAL. The projection of roots gives candidates in the order of the list; it
 * may hold rows that were replaced or deleted meanwhile. Then the traces of the candidates alone
 * are read by key, light columns only, and a candidate stays if it is the newest row of the first
 * root of its trace. Nothing is missed: the newest row of a root that is asked for is a candidate
 * itself.
 */
final class RootList {
  /** At most so many candidates are looked at in one turn. */
  private static final int MAX_WINDOW = 4000;

  private final ClickHouseClient client;
  private final RootQuery statements;

  /**
   * @param source what is read: the table, quoted, or a subquery
   */
  RootList(ClickHouseClient client, String source) {
    this.client = client;
    this.statements = new RootQuery(source);
  }

  /** A light row and its version. */
  private record Candidate(Span span, SpanVersion version) {
    static Candidate read(RowBinaryReader row) throws IOException {
      Span span = SpanRows.read(row, SpanColumn.light());
      return new Candidate(span, SpanRows.readVersion(row));
    }
  }

  /** What a trace is by now. */
  private record FirstRoot(String spanId, SpanVersion version, boolean hasError) {}

  /** The first roots that the query asks for, in order. */
  List<Span> list(TraceQuery query, int limit) throws Exception {
    List<Span> roots = new ArrayList<>();
    SpanPosition after = query.after().orElse(null);
    int window = limit;
    while (true) {
      List<Candidate> candidates =
          client.list(statements.candidates(query, after, window), Candidate::read);
      addCurrent(roots, candidates, query);
      if (roots.size() >= limit || candidates.size() < window) {
        return roots.subList(0, Math.min(roots.size(), limit));
      }
      after = query.order().positionOf(candidates.get(candidates.size() - 1).span());
      window = Math.min(2 * window, MAX_WINDOW);
    }
  }

  private void addCurrent(List<Span> roots, List<Candidate> candidates, TraceQuery query)
      throws Exception {
    List<Candidate> matching =
        candidates.stream().filter(candidate -> query.matches(candidate.span())).toList();
    Optional<Boolean> childError = RootConditions.of(query).hasChildError();
    Map<String, FirstRoot> now = firstRoots(query.tenantId(), matching);
    Set<String> added = new HashSet<>();
    for (Candidate candidate : matching) {
      String trace = candidate.span().key().traceId();
      FirstRoot first = now.get(trace);
      if (first != null
          && first.spanId().equals(candidate.span().key().spanId())
          && first.version().equals(candidate.version())
          && childError.map(wanted -> wanted == first.hasError()).orElse(true)
          && added.add(trace)) {
        roots.add(candidate.span());
      }
    }
  }

  private Map<String, FirstRoot> firstRoots(String tenantId, List<Candidate> candidates)
      throws Exception {
    Set<String> traces = new TreeSet<>();
    candidates.forEach(candidate -> traces.add(candidate.span().key().traceId()));
    Map<String, FirstRoot> roots = new HashMap<>();
    if (!traces.isEmpty()) {
      client.forEach(
          statements.firstRoots(tenantId, traces),
          row ->
              roots.put(
                  row.text(), new FirstRoot(row.text(), SpanRows.readVersion(row), row.flag())));
    }
    return roots;
  }
}
