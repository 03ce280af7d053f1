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
import java.util.concurrent.atomic.AtomicLong;
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
  private final AtomicLong refused = new AtomicLong();

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
      if (refused.getAndIncrement() == 0) {
        LOG.warn(
            "Span {} of trace {} cannot be kept: {}; others like it are counted only",
            data.getSpanId(),
            data.getTraceId(),
            e.getMessage());
      }
      return null;
    }
  }

  /** How many spans no store can keep. */
  long refused() {
    return refused.get();
  }

  private OtelResource resource(Resource resource) {
    OtelResource known = resources.get(resource);
    if (known == null) {
      known = OtelResource.of(SdkAttributes.of(resource.getAttributes()), 0);
      keep(resources, resource, known);
    }
    return known;
  }

  private OtelScope scope(InstrumentationScopeInfo scope) {
    OtelScope known = scopes.get(scope);
    if (known == null) {
      known =
          OtelScope.of(
              scope.getName(),
              scope.getVersion() == null ? "" : scope.getVersion(),
              SdkAttributes.of(scope.getAttributes()),
              0);
      keep(scopes, scope, known);
    }
    return known;
  }

  private static <K, V> void keep(ConcurrentMap<K, V> kept, K key, V value) {
    if (kept.size() < MAX_KEPT) {
      kept.put(key, value);
    }
  }
}
