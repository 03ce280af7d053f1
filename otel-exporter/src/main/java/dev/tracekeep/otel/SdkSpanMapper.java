package dev.tracekeep.otel;

import dev.tracekeep.conventions.Conventions;
import dev.tracekeep.conventions.OtelResource;
import dev.tracekeep.conventions.OtelScope;
import dev.tracekeep.conventions.OtelSpanMapper;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Span;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes spans of the SDK's. A process has one resource and some dozen scopes, so both are made
 * once. Thread-safe.
 */
final class SdkSpanMapper {
  private static final Logger LOG = LoggerFactory.getLogger(SdkSpanMapper.class);

  /** Scopes that are made up for each request must not fill the memory. */
  private static final int MAX_KEPT = 1_000;

  private final String tenant;
  private final OtelSpanMapper mapper;
  private final ConcurrentMap<Resource, OtelResource> resources = new ConcurrentHashMap<>();
  private final ConcurrentMap<InstrumentationScopeInfo, OtelScope> scopes =
      new ConcurrentHashMap<>();
  private final AtomicBoolean refused = new AtomicBoolean();

  SdkSpanMapper(String tenant, Conventions conventions) {
    this.tenant = tenant;
    this.mapper = new OtelSpanMapper(conventions);
  }

  /** The span; null, with a line in the log, if no store can keep it. */
  @Nullable Span map(SpanData data) {
    try {
      return mapper.map(
          SdkSpan.of(tenant, data),
          resource(data.getResource()),
          scope(data.getInstrumentationScopeInfo()));
    } catch (InvalidSpanException e) {
      // The first of many is enough to find the cause.
      if (refused.compareAndSet(false, true)) {
        LOG.warn(
            "Span {} of trace {} cannot be kept: {}; others like it are not logged",
            data.getSpanId(),
            data.getTraceId(),
            e.getMessage());
      }
      return null;
    }
  }

  private OtelResource resource(Resource resource) {
    return made(
        resources, resource, made -> OtelResource.of(SdkAttributes.of(made.getAttributes()), 0));
  }

  private OtelScope scope(InstrumentationScopeInfo scope) {
    return made(
        scopes,
        scope,
        made ->
            OtelScope.of(
                made.getName(),
                made.getVersion() == null ? "" : made.getVersion(),
                SdkAttributes.of(made.getAttributes()),
                0));
  }

  private static <K, V> V made(ConcurrentMap<K, V> kept, K key, Function<K, V> make) {
    V known = kept.get(key);
    if (known == null) {
      known = make.apply(key);
      if (kept.size() < MAX_KEPT) {
        kept.put(key, known);
      }
    }
    return known;
  }
}
