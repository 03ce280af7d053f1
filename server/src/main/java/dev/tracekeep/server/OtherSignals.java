package dev.tracekeep.server;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Metrics and logs, which exporters send to the same ports: passed over with success, so that
 * nobody repeats them, or refused. Thread-safe.
 */
final class OtherSignals {
  private static final Logger LOG = LoggerFactory.getLogger(OtherSignals.class);

  private final boolean accepted;
  private final ServerMetrics metrics;
  private final Set<String> told = ConcurrentHashMap.newKeySet();

  OtherSignals(boolean accepted, ServerMetrics metrics) {
    this.accepted = accepted;
    this.metrics = metrics;
  }

  /**
   * Takes note of a request.
   *
   * @throws Refusal if such requests are refused
   */
  void accept(String signal) {
    metrics.passedOver(signal);
    if (!accepted) {
      throw new Refusal(Refusal.Kind.NOT_FOUND, "this server keeps traces, and no " + signal);
    }
    if (told.add(signal)) {
      LOG.warn("Something sends {} here: they are passed over, only traces are kept", signal);
    }
  }
}
