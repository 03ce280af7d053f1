package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.dedupe.MigratorLease;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Where the claims of migrators are kept. ClickHouse has neither a lock that lives as long as a
 * client nor a compare-and-set; what it has is inserts that are seen by every later read. So a
 * migrator writes a claim with an end, by the server's clock, and has the lease only if it then
 * sees no other claim that is alive: of two that claim at once the later one sees the first, and
 * both may step back, but never go on together. A killed migrator's claim ends half of {@code
 * lock-timeout} later: after one second at least, after ten at most.
 *
 * <p>What it cannot rule out: a migrator that is frozen for longer between asking for its lease and
 * sending its statement. Nothing is lost then, because no statement of a migration drops a row that
 * is not elsewhere, and all are counted before the tables change places.
 */
final class MigratorClaims implements MigratorLease.Claims {
  private static final String NAME = "tracekeep_migrator";

  /** Long enough for a server that is busy with a large copy, and for a machine that is. */
  private static final Duration LONGEST = Duration.ofSeconds(10);

  /** Not shorter than a pause of a busy process. */
  private static final Duration SHORTEST = Duration.ofSeconds(1);

  /** Another migrator waits for lock-timeout: by then a dead one's claim must have ended. */
  private static final int OF_PATIENCE = 2;

  private final ClickHouseClient client;
  private final Duration length;
  private final Map<String, String> names;

  MigratorClaims(ClickHouseClient client, String database, String table, Duration patience) {
    Duration share = patience.dividedBy(OF_PATIENCE);
    this.length =
        share.compareTo(SHORTEST) < 0 ? SHORTEST : share.compareTo(LONGEST) < 0 ? share : LONGEST;
    this.client = client;
    this.names =
        Map.of(
            "claims", SqlText.name(database) + "." + SqlText.name(NAME),
            "table", SqlText.literal(table),
            "end", "now64(3, 'UTC') + INTERVAL " + length.toMillis() + " MILLISECOND");
  }

  private String sql(String template, String owner) {
    Map<String, String> all = new HashMap<>(names);
    all.put("owner", SqlText.literal(owner));
    all.put(
        "alive",
        SqlText.fill(
            """
            (SELECT owner FROM <claims> WHERE table_name = <table>
              GROUP BY owner HAVING argMax(ends_at, number) > now64(3, 'UTC'))""",
            all));
    all.put(
        "next",
        SqlText.fill(
            """
            <table>, <owner>,
            (SELECT count() FROM <claims> WHERE table_name = <table> AND owner = <owner>)""",
            all));
    return SqlText.fill(template, all);
  }

  void createIfAbsent() throws Exception {
    client.execute(
        sql(
            """
            CREATE TABLE IF NOT EXISTS <claims>
              (table_name String, owner String, number UInt64, ends_at DateTime64(3, 'UTC'))
            ENGINE = MergeTree ORDER BY (table_name, owner, number)
            TTL toDateTime(ends_at) + INTERVAL 1 DAY""",
            ""));
  }

  @Override
  public Duration length() {
    return length;
  }

  private boolean isAlone(String owner) throws Exception {
    return client.number(sql("SELECT count() FROM <alive> WHERE owner != <owner>", owner)) == 0;
  }

  @Override
  public boolean claim(String owner) throws Exception {
    if (!isAlone(owner)) {
      return false;
    }
    client.execute(sql("INSERT INTO <claims> SELECT <next>, <end>", owner));
    if (isAlone(owner)) {
      return true;
    }
    release(owner);
    return false;
  }

  @Override
  public boolean renew(String owner) throws Exception {
    // A claim that has ended is not renewed: another may have been made since.
    client.execute(
        sql("INSERT INTO <claims> SELECT <next>, <end> WHERE <owner> IN <alive>", owner));
    return client.number(sql("SELECT count() FROM <alive> WHERE owner = <owner>", owner)) > 0;
  }

  @Override
  public void release(String owner) throws Exception {
    // Not long ago: such a row would be over its TTL, and gone before anybody has read it.
    client.execute(sql("INSERT INTO <claims> SELECT <next>, now64(3, 'UTC')", owner));
  }
}
