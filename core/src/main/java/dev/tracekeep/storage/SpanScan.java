package dev.tracekeep.storage;

import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which spans a {@linkplain ObservabilityStorage#scanSpans scan} goes through: a part of all keys,
 * in the order of {@link SpanKey}. Ranges that follow each other share a key as the end of the one
 * and the beginning of the next.
 *
 * @param tenantIdOrNull whose spans; null for all tenants
 * @param afterOrNull the key that the scan begins behind; null for the first of all
 * @param upToOrNull the last key that the scan reaches, itself included; null for the last of all
 */
public record SpanScan(
    @Nullable String tenantIdOrNull, @Nullable SpanKey afterOrNull, @Nullable SpanKey upToOrNull) {
  /** Every span of every tenant. */
  public static final SpanScan ALL = new SpanScan(null, null, null);

  /**
   * @throws IllegalArgumentException if the tenant is no id
   */
  public SpanScan {
    if (tenantIdOrNull != null) {
      new TraceKey(tenantIdOrNull, "any"); // refuses a bad tenant by name
    }
  }

  /** Every span of one tenant. */
  public static SpanScan ofTenant(String tenantId) {
    return new SpanScan(tenantId, null, null);
  }

  /** The same, from behind a key on: the last one that a scan before has seen. */
  public SpanScan after(SpanKey key) {
    return new SpanScan(tenantIdOrNull, key, upToOrNull);
  }

  /** The same, up to a key and with it. */
  public SpanScan upTo(SpanKey key) {
    return new SpanScan(tenantIdOrNull, afterOrNull, key);
  }

  /** Whose spans; empty for all tenants. */
  public Optional<String> tenantId() {
    return Optional.ofNullable(tenantIdOrNull);
  }

  /** The key that the scan begins behind. */
  public Optional<SpanKey> after() {
    return Optional.ofNullable(afterOrNull);
  }

  /** The last key that the scan reaches. */
  public Optional<SpanKey> upTo() {
    return Optional.ofNullable(upToOrNull);
  }

  /** Whether a key is gone through: the contract, for stores and for tests. */
  public boolean contains(SpanKey key) {
    return (tenantIdOrNull == null || tenantIdOrNull.equals(key.tenantId()))
        && (afterOrNull == null || key.compareTo(afterOrNull) > 0)
        && (upToOrNull == null || key.compareTo(upToOrNull) <= 0);
  }
}
