/** Spans in libSQL and SQLite: in memory, in a file of several processes, or on a libSQL server. */
@NullMarked
package dev.tracekeep.adapter.libsql;

import org.jspecify.annotations.NullMarked;
