/** Spans in DuckDB: embedded, in memory or in a file of one process. */
@NullMarked
package dev.tracekeep.adapter.duckdb;

import org.jspecify.annotations.NullMarked;
