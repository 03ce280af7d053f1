package dev.tracekeep.storage.spi;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.MemberTest;
import dev.tracekeep.storage.RootPresence;
import dev.tracekeep.storage.SpanCondition;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.UnsupportedCapabilityException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a store without {@link Capability#SPAN_FILTERS} makes of a {@link TraceQuery}: conditions on
 * the root that it narrows by. Where several are of one kind the first one narrows; {@link
 * TraceQuery#matches(dev.tracekeep.span.Span)} decides. What such a store cannot answer is refused.
 * Immutable and thread-safe.
 */
public final class RootConditions {
  private static final SpanFilter FAILED = SpanFilter.builder().present(SpanColumn.ERROR).build();

  private TimeRange startedAt = TimeRange.ALL;
  private TimeRange endedAt = TimeRange.ALL;
  private @Nullable SpanStatus status;
  private final Map<SpanColumn, String> equal = new EnumMap<>(SpanColumn.class);
  private final List<String> tags = new ArrayList<>();
  private final Map<String, Json> metadata = new TreeMap<>();
  private final Map<String, Json> scope = new TreeMap<>();
  private final @Nullable Boolean hasChildError;
  private final boolean decidedByNarrowing;

  private RootConditions(TraceQuery query) {
    if (query.roots() == RootPresence.MISSING) {
      throw refused("traces without a root");
    }
    if (query.root().columns().stream().anyMatch(SpanColumn::isHeavy)) {
      throw refused(
          "filters on " + query.root().columns().stream().filter(SpanColumn::isHeavy).toList());
    }
    boolean some = isFailure(query.anySpan(), "anySpan");
    boolean none = isFailure(query.noSpan(), "noSpan");
    if (some && none) {
      throw refused("an error in some span and in none");
    }
    this.hasChildError = some ? Boolean.TRUE : none ? Boolean.FALSE : null;
    boolean allNarrow = true;
    for (SpanCondition condition : query.root().conditions()) {
      allNarrow &= narrowBy(condition);
    }
    this.decidedByNarrowing = allNarrow;
  }

  /**
   * The conditions of a query.
   *
   * @throws UnsupportedCapabilityException if there are others
   */
  public static RootConditions of(TraceQuery query) {
    return new RootConditions(query);
  }

  private static boolean isFailure(List<SpanFilter> filters, String kind) {
    if (!filters.stream().allMatch(FAILED::equals)) {
      throw refused(kind + " filters but for an error");
    }
    return !filters.isEmpty();
  }

  private static UnsupportedCapabilityException refused(String what) {
    return new UnsupportedCapabilityException(
        Capability.SPAN_FILTERS,
        "This store does not list traces by "
            + what
            + ": it does not declare "
            + Capability.SPAN_FILTERS
            + ".");
  }

  /** Returns whether the condition is decided by what was narrowed by. */
  private boolean narrowBy(SpanCondition condition) {
    if (condition instanceof SpanCondition.TimeWithin time) {
      boolean first;
      if (time.column() == SpanColumn.STARTED_AT) {
        first = startedAt.equals(TimeRange.ALL);
        startedAt = first ? time.range() : startedAt;
      } else {
        first = time.column() == SpanColumn.ENDED_AT && endedAt.equals(TimeRange.ALL);
        endedAt = first ? time.range() : endedAt;
      }
      return first && !time.range().equals(TimeRange.ALL);
    }
    if (condition instanceof SpanCondition.StatusIs wanted) {
      boolean first = status == null;
      status = first ? wanted.status() : status;
      return first;
    }
    if (condition instanceof SpanCondition.TextIs text
        && text.anyOf().size() == 1
        && text.column() != SpanColumn.PARENT_SPAN_ID) {
      return equal.putIfAbsent(text.column(), text.anyOf().get(0)) == null;
    }
    if (condition instanceof SpanCondition.HasTag tag) {
      return tags.add(tag.tag());
    }
    if (condition instanceof SpanCondition.Member member
        && member.path().size() == 1
        && member.test() instanceof MemberTest.EqualTo equalTo) {
      Map<String, Json> members = member.column() == SpanColumn.METADATA ? metadata : scope;
      if (member.column() == SpanColumn.METADATA || member.column() == SpanColumn.SCOPE) {
        members.putIfAbsent(member.path().get(0), equalTo.value());
      }
    }
    return false;
  }

  /** When the root started. */
  public TimeRange startedAt() {
    return startedAt;
  }

  /** When the root ended; anything but {@link TimeRange#ALL} leaves running roots out. */
  public TimeRange endedAt() {
    return endedAt;
  }

  /** How the root stands; empty for any. */
  public Optional<SpanStatus> status() {
    return Optional.ofNullable(status);
  }

  /** The text columns that must have exactly this value; unmodifiable. */
  public Map<SpanColumn, String> equal() {
    return Collections.unmodifiableMap(equal);
  }

  /** The tags that must all be there; unmodifiable. */
  public List<String> tags() {
    return Collections.unmodifiableList(tags);
  }

  /** The top-level keys of the metadata and the values they must have; unmodifiable, sorted. */
  public Map<String, Json> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  /** The top-level keys of the scope and the values they must have; unmodifiable, sorted. */
  public Map<String, Json> scope() {
    return Collections.unmodifiableMap(scope);
  }

  /** Whether any span of the trace must (or must not) have an error; empty for either. */
  public Optional<Boolean> hasChildError() {
    return Optional.ofNullable(hasChildError);
  }

  /** Whether a root that passes all of these but {@link #hasChildError()} passes the query's. */
  public boolean isDecidedByNarrowing() {
    return decidedByNarrowing;
  }
}
