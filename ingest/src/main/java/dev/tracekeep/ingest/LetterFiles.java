package dev.tracekeep.ingest;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * The few things that the log does with files, so that a test can put a disk behind it that fills
 * up, tears what was not synced, and crashes.
 */
interface LetterFiles extends Closeable {
  /** What is written to one file, from its start to its end. */
  interface Appender extends Closeable {
    void append(byte[] bytes) throws IOException;

    /** Returns when all that was appended, and the file's name, survive a crash. */
    void sync() throws IOException;
  }

  /** The names of all files, in any order. */
  List<String> names() throws IOException;

  long size(String name) throws IOException;

  Appender create(String name) throws IOException;

  byte[] read(String name) throws IOException;

  void delete(String name) throws IOException;

  /** Gives a file another name, at once and for good. */
  void rename(String name, String newName) throws IOException;
}
