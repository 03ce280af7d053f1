package dev.tracekeep.adapter.libsql;

import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.storage.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets one migrator at a time at a database.
 *
 * <p>SQLite has no lock but the one that keeps all writers out, and writers are to go on. So it is
 * the operating system's lock on a file beside the database, which is released when its process
 * ends, however it ends. The file stays, empty: deleting it would let a second migrator lock a file
 * of the same name while the first still has the deleted one.
 */
final class MigratorLocks {
  private static final Logger LOG = LoggerFactory.getLogger(MigratorLocks.class);

  /**
   * What this process has locked: the operating system knows processes, not threads, and closing a
   * second channel to a file would release the first one's lock.
   */
  private static final Set<Object> HELD = ConcurrentHashMap.newKeySet();

  private final @Nullable Path side;
  private final Object key;

  /**
   * @param database the file; null for a database in memory
   * @param url its address, which stores share that share a database in memory
   */
  MigratorLocks(@Nullable Path database, String url) {
    this.side =
        database == null ? null : database.resolveSibling(database.getFileName() + "-migration");
    this.key = side != null ? side : url.contains("cache=shared") ? url : this;
  }

  MigratorLock take() throws IOException {
    if (!HELD.add(key)) {
      throw taken("another thread of this process");
    }
    boolean locked = false;
    try {
      MigratorLock lock = side == null ? () -> HELD.remove(key) : lock(side);
      locked = true;
      return lock;
    } finally {
      if (!locked) {
        HELD.remove(key);
      }
    }
  }

  private MigratorLock lock(Path path) throws IOException {
    FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = null;
    try {
      lock = channel.tryLock();
      if (lock == null) {
        String holder = Files.readString(path).strip();
        throw taken(holder.isEmpty() ? "another process" : "the process " + holder);
      }
      String me = Long.toString(ProcessHandle.current().pid());
      channel.write(ByteBuffer.wrap(me.getBytes(StandardCharsets.US_ASCII)));
    } finally {
      if (lock == null) {
        channel.close();
      }
    }
    return () -> {
      try (channel) {
        channel.truncate(0);
      } catch (IOException e) {
        LOG.warn("The lock file {} could not be closed: {}", path, e.getMessage());
      } finally {
        HELD.remove(key);
      }
    };
  }

  private static StorageException taken(String holder) {
    return MigratorLock.taken("The database", holder);
  }
}
