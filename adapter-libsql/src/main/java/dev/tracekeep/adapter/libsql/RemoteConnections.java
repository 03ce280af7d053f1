package dev.tracekeep.adapter.libsql;

import dev.tracekeep.adapter.libsql.HranaStream.Step;
import dev.tracekeep.dedupe.MigratorLease;
import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.storage.StorageConfig;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The connections to a libSQL server. */
final class RemoteConnections implements LibSqlConnections {
  private final StorageConfig config;
  private final LibSqlAddress.Server address;
  private final Turns turns = new Turns();
  private final Pool<HranaStream> streams;

  private final MigratorClaims claims = new MigratorClaims(this);

  /** Of a migration of this store that is under way. */
  private volatile @Nullable MigratorLease lease;

  RemoteConnections(StorageConfig config, LibSqlAddress.Server address) {
    this.config = config;
    this.address = address;
    this.streams =
        new Pool<>(config.poolSize(), config.connectTimeout(), this::open, HranaStream::isFresh);
  }

  private HranaStream open() {
    return new HranaStream(address, config);
  }

  @Override
  public boolean isShared() {
    return true;
  }

  @Override
  public String engineName() {
    return "libSQL server, SQLite";
  }

  @Override
  public <T extends @Nullable Object> T read(Work<T> work) throws Exception {
    return Turns.repeating(
        config.lockTimeout(), () -> streams.lend(stream -> work.on(HranaConnection.over(stream))));
  }

  @Override
  public <T extends @Nullable Object> T transact(Work<T> work) throws Exception {
    return transact(config.lockTimeout(), work);
  }

  @Override
  public <T extends @Nullable Object> T transact(Duration lockTimeout, Work<T> work)
      throws Exception {
    return turns.exclusively(
        lockTimeout,
        () -> Turns.repeating(lockTimeout, () -> streams.lend(stream -> transact(stream, work))));
  }

  /** What fails here ends the stream, and the server takes back what was done in it. */
  private <T extends @Nullable Object> T transact(HranaStream stream, Work<T> work)
      throws Exception {
    Connection connection = HranaConnection.over(stream);
    stream.execute(new Step("BEGIN IMMEDIATE", List.of()));
    T result = work.on(connection);
    MigratorLease held = lease;
    if (held != null && !claims.renew(connection, held.owner())) {
      throw held.lost();
    }
    stream.execute(new Step("COMMIT", List.of()));
    return result;
  }

  @Override
  public MigratorLock lockMigrators() throws Exception {
    MigratorLease taken = MigratorLease.take("The database", claims, config.lockTimeout());
    lease = taken;
    return () -> {
      lease = null;
      taken.close();
    };
  }

  @Override
  public void close() throws SQLException {
    turns.lastly(streams::close);
  }
}
