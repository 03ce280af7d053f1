package dev.tracekeep.adapter.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Aggregates;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Projections;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.SpanScan;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.bson.BsonBinary;
import org.bson.BsonDocument;
import org.bson.BsonNull;
import org.bson.BsonString;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;

/** Filters by identity. Each begins with tenant and trace, by which a cluster finds the shard. */
final class SpanKeys {
  static final String TENANT = SpanColumn.TENANT_ID.columnName();
  static final String TRACE = SpanColumn.TRACE_ID.columnName();
  static final String SPAN = SpanColumn.SPAN_ID.columnName();
  private static final String VERSION = SpanColumn.VERSION_NAME;

  /** The key, the start and the version. */
  static final Bson VERSION_ONLY =
      Projections.fields(
          Projections.include(TENANT, TRACE, SPAN, SpanColumn.STARTED_AT.columnName(), VERSION),
          Projections.excludeId());

  /** Keys in one query. */
  private static final int KEYS_PER_QUERY = 1000;

  private SpanKeys() {}

  static BsonDocument of(TraceKey trace) {
    return new BsonDocument(TENANT, new BsonString(trace.tenantId()))
        .append(TRACE, new BsonString(trace.traceId()));
  }

  static BsonDocument of(SpanKey key) {
    return of(key.trace()).append(SPAN, new BsonString(key.spanId()));
  }

  /**
   * The span, if its version is lower or it has none, which "less" would not find; versions are all
   * as long, so they compare by their bytes.
   */
  static Bson olderThan(SpanKey key, SpanVersion version) {
    BsonDocument asGood = new BsonDocument("$gte", new BsonBinary(version.toBytes()));
    return of(key).append(VERSION, new BsonDocument("$not", asGood));
  }

  /** The span, if it still has that version; or still none, where another program wrote it. */
  static Bson unchanged(SpanKey key, @Nullable SpanVersion version) {
    return of(key)
        .append(VERSION, version == null ? BsonNull.VALUE : new BsonBinary(version.toBytes()));
  }

  /** The spans that a scan goes through. */
  static Bson within(SpanScan scan) {
    List<Bson> all = new ArrayList<>();
    scan.tenantId().ifPresent(tenant -> all.add(Filters.eq(TENANT, tenant)));
    scan.after()
        .ifPresent(
            key ->
                all.add(
                    Filters.or(
                        Filters.gt(TENANT, key.tenantId()),
                        Filters.and(
                            Filters.eq(TENANT, key.tenantId()), Filters.gt(TRACE, key.traceId())),
                        Filters.and(of(key.trace()), Filters.gt(SPAN, key.spanId())))));
    scan.upTo()
        .ifPresent(
            key ->
                all.add(
                    Filters.or(
                        Filters.lt(TENANT, key.tenantId()),
                        Filters.and(
                            Filters.eq(TENANT, key.tenantId()), Filters.lt(TRACE, key.traceId())),
                        Filters.and(of(key.trace()), Filters.lte(SPAN, key.spanId())))));
    return all.isEmpty() ? Filters.empty() : Filters.and(all);
  }

  /** The spans of certain traces of one tenant. */
  static Bson inTraces(String tenantId, Collection<String> traceIds) {
    return Filters.and(Filters.eq(TENANT, tenantId), Filters.in(TRACE, traceIds));
  }

  /**
   * The traces that have a document which passes the filter. Asked for by a group, because FerretDB
   * 1 refuses a distinct that may take only so long.
   */
  static Set<String> tracesOf(MongoDatabase database, String table, Bson filter) {
    Set<String> traceIds = new HashSet<>();
    database
        .getCollection(table, BsonDocument.class)
        .aggregate(
            List.of(
                Aggregates.match(filter),
                new BsonDocument("$group", new BsonDocument("_id", new BsonString("$" + TRACE)))))
        .allowDiskUse(true)
        .forEach(group -> traceIds.add(group.getString("_id").getValue()));
    return traceIds;
  }

  /**
   * What is known of a document that is there.
   *
   * @param startedAt null where another program has left it out
   */
  record Stored(SpanVersion version, @Nullable Instant startedAt) {
    static Stored of(SpanCodec.Row row) {
      return new Stored(SpanKeys.version(row), (Instant) row.value(SpanColumn.STARTED_AT));
    }
  }

  /** The versions and starts under which spans are stored; of those there are. */
  static Map<SpanKey, Stored> stored(MongoConnection connection, String table, List<SpanKey> keys) {
    Map<SpanKey, Stored> stored = new HashMap<>();
    // Nothing is left unwritten for the sake of a document that may be rolled back.
    forEachRow(
        connection.settled(),
        table,
        keys,
        VERSION_ONLY,
        row -> stored.put(key(row), Stored.of(row)));
    return stored;
  }

  /** The version of a document, below all others where it has none. */
  static SpanVersion version(SpanCodec.Row row) {
    SpanVersion version = row.version();
    return version == null ? SpanVersion.LOWEST : version;
  }

  static SpanKey key(SpanCodec.Row row) {
    return new SpanKey(
        String.valueOf(row.value(SpanColumn.TENANT_ID)),
        String.valueOf(row.value(SpanColumn.TRACE_ID)),
        String.valueOf(row.value(SpanColumn.SPAN_ID)));
  }

  /** Reads documents by their keys; may show some of other keys. */
  static void forEachRow(
      MongoDatabase database,
      String table,
      List<SpanKey> keys,
      Bson projection,
      Consumer<SpanCodec.Row> action) {
    MongoCollection<SpanCodec.Row> rows = database.getCollection(table, SpanCodec.Row.class);
    for (int i = 0; i < keys.size(); i += KEYS_PER_QUERY) {
      for (Bson filter : anyOf(keys.subList(i, Math.min(keys.size(), i + KEYS_PER_QUERY)))) {
        rows.find(filter).projection(projection).forEach(action);
      }
    }
  }

  /**
   * One filter for each tenant. It also lets a span pass whose id is asked for in another trace:
   * two short lists are cheaper to plan than a thousand pairs, and on the index read as much.
   */
  private static List<Bson> anyOf(List<SpanKey> keys) {
    SortedMap<String, List<SpanKey>> byTenant = new TreeMap<>();
    keys.forEach(k -> byTenant.computeIfAbsent(k.tenantId(), t -> new ArrayList<>()).add(k));
    List<Bson> filters = new ArrayList<>();
    byTenant.forEach(
        (tenant, ofTenant) ->
            filters.add(
                Filters.and(
                    inTraces(
                        tenant, new TreeSet<>(ofTenant.stream().map(SpanKey::traceId).toList())),
                    Filters.in(
                        SPAN, new TreeSet<>(ofTenant.stream().map(SpanKey::spanId).toList())))));
    return filters;
  }
}
