package dev.tracekeep.server;

import dev.tracekeep.storage.WriteResult;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What the server has done since it was started. Thread-safe. */
final class ServerMetrics {
  private final Map<String, LongAdder> counters = new ConcurrentSkipListMap<>();
  private final AtomicLong bytesInFlight = new AtomicLong();

  private void add(String series, long count) {
    if (count > 0) {
      counters.computeIfAbsent(series, key -> new LongAdder()).add(count);
    }
  }

  void answered(String protocol, int code) {
    add("tracekeep_requests_total{protocol=\"" + protocol + "\",code=\"" + code + "\"}", 1);
  }

  void received(int spans, long bytes) {
    add("tracekeep_received_spans_total", spans);
    add("tracekeep_received_bytes_total", bytes);
  }

  void refused(long spans) {
    add("tracekeep_refused_spans_total", spans);
  }

  void passedOver(String signal) {
    add("tracekeep_other_requests_total{signal=\"" + signal + "\"}", 1);
  }

  void committed(int spans, WriteResult result) {
    add("tracekeep_commits_total", 1);
    add("tracekeep_committed_spans_total", spans - result.rejected().size());
    WriteResult.Counts counts = result.counts();
    if (counts != null) {
      add("tracekeep_committed_total{outcome=\"created\"}", counts.created());
      add("tracekeep_committed_total{outcome=\"replaced\"}", counts.replaced());
      add("tracekeep_committed_total{outcome=\"unchanged\"}", counts.unchanged());
    }
  }

  void commitFailed() {
    add("tracekeep_failed_commits_total", 1);
  }

  void pruned(long traces) {
    add("tracekeep_pruned_traces_total", traces);
  }

  /** How much of requests is in memory, in bytes as they were sent or unpacked. */
  AtomicLong bytesInFlight() {
    return bytesInFlight;
  }

  /** The text that Prometheus reads, version 0.0.4 of its format. */
  String text() {
    StringBuilder text = new StringBuilder();
    String name = "";
    for (Map.Entry<String, LongAdder> counter : counters.entrySet()) {
      String series = counter.getKey();
      String own = series.contains("{") ? series.substring(0, series.indexOf('{')) : series;
      if (!own.equals(name)) {
        name = own;
        text.append("# TYPE ").append(name).append(" counter\n");
      }
      text.append(series).append(' ').append(counter.getValue().sum()).append('\n');
    }
    return text.append("# TYPE tracekeep_request_bytes_in_flight gauge\n")
        .append("tracekeep_request_bytes_in_flight ")
        .append(bytesInFlight.get())
        .append('\n')
        .toString();
  }
}
