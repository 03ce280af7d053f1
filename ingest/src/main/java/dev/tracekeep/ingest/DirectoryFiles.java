package dev.tracekeep.ingest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder that one process writes to at a time, which a lock on a file in it sees to. Prompts
 * stand in these files in clear, so folder and files are their owner's alone from the moment they
 * exist.
 */
final class DirectoryFiles implements LetterFiles {
  private static final String LOCK = "lock";

  private final Path directory;
  private final @Nullable FileChannel lockFile;

  private DirectoryFiles(Path directory, @Nullable FileChannel lockFile) {
    this.directory = directory;
    this.lockFile = lockFile;
  }

  /** Makes the folder if it is not there, and locks it against other writers. */
  static DirectoryFiles forWriting(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      try {
        Files.createDirectories(directory.toAbsolutePath().getParent());
        Files.createDirectory(directory, ownerOnly(directory, "rwx------"));
      } catch (FileAlreadyExistsException e) {
        if (!Files.isDirectory(directory)) {
          throw new IOException(directory + " is a file: the dead-letter log needs a folder", e);
        }
      }
    }
    FileChannel channel =
        FileChannel.open(
            directory.resolve(LOCK),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            ownerOnly(directory, "rw-------"));
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null; // another log of this process
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    if (lock == null) {
      channel.close();
      throw new IOException(
          "The dead-letter log "
              + directory
              + " is in use by a running program. Stop it first, or give each program a folder of"
              + " its own");
    }
    return new DirectoryFiles(directory, channel);
  }

  /** Opens the folder to look at it, whoever writes to it. */
  static DirectoryFiles forReading(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new NotDirectoryException(directory + " is no folder");
    }
    return new DirectoryFiles(directory, null);
  }

  private static FileAttribute<?>[] ownerOnly(Path directory, String permissions) {
    // Windows: the folder inherits the rights of its parent, usually the user's own profile.
    return directory.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  @Override
  public List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  @Override
  public long size(String name) throws IOException {
    return Files.size(directory.resolve(name));
  }

  @Override
  public Appender create(String name) throws IOException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve(name),
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            ownerOnly(directory, "rw-------"));
    return new Appender() {
      private boolean nameIsSynced;

      @Override
      public void append(byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
      }

      @Override
      public void sync() throws IOException {
        channel.force(false);
        if (!nameIsSynced) {
          syncDirectory();
          nameIsSynced = true;
        }
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }

  /** A file whose name is not synced may be gone after a crash, with all that is in it. */
  private void syncDirectory() throws IOException {
    if (!directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return; // Windows opens no folder, and syncs names itself.
    }
    try (FileChannel folder = FileChannel.open(directory, StandardOpenOption.READ)) {
      folder.force(true);
    }
  }

  @Override
  public byte[] read(String name) throws IOException {
    return Files.readAllBytes(directory.resolve(name));
  }

  @Override
  public void delete(String name) throws IOException {
    Files.deleteIfExists(directory.resolve(name));
  }

  @Override
  public void rename(String name, String newName) throws IOException {
    Files.move(directory.resolve(name), directory.resolve(newName), StandardCopyOption.ATOMIC_MOVE);
    syncDirectory();
  }

  @Override
  public void close() throws IOException {
    if (lockFile != null) {
      lockFile.close();
    }
  }

  @Override
  public String toString() {
    return directory.toString();
  }
}
