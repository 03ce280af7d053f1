package dev.tracekeep.cli;

import dev.tracekeep.migration.ArchiveAudit;
import dev.tracekeep.migration.ArchivedRow;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file of one line of JSON for each row that a migration removes. What is there already stays in
 * front of it.
 */
final class AuditFile implements ArchiveAudit, AutoCloseable {
  private static final int BUFFER_BYTES = 1 << 20;

  private final FileChannel file;
  private ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);

  AuditFile(Path path) throws IOException {
    this.file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
  }

  @Override
  public void removed(ArchivedRow row) throws IOException {
    byte[] line = (MigrationView.document(row).text() + "\n").getBytes(StandardCharsets.UTF_8);
    if (line.length > buffer.remaining()) {
      write();
    }
    if (line.length > buffer.remaining()) {
      buffer = ByteBuffer.allocate(line.length);
    }
    buffer.put(line);
  }

  @Override
  public void sync() throws IOException {
    write();
    file.force(true);
  }

  private void write() throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      file.write(buffer);
    }
    buffer.clear();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
