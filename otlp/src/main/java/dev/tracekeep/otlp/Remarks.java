package dev.tracekeep.otlp;

import java.util.ArrayList;
import java.util.List;

/**
 * What was odd about the parts of a span, resource or scope: what was left out, or taken in another
 * way than it was written. Only the first of them are kept, so that a million bad attributes take
 * no memory. Not thread-safe.
 */
final class Remarks {
  /** As many as a person reads. */
  private static final int MAX_KEPT = 5;

  private final List<String> kept = new ArrayList<>(0);
  private long count;

  void add(String remark) {
    if (!kept.contains(remark)) {
      count++;
      if (kept.size() < MAX_KEPT) {
        kept.add(remark);
      }
    }
  }

  /** The first remarks, and how many more there were. */
  List<String> all() {
    if (count <= kept.size()) {
      return kept;
    }
    List<String> all = new ArrayList<>(kept);
    all.add("and " + (count - kept.size()) + " more like these");
    return all;
  }
}
