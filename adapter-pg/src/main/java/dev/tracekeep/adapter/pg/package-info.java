/** Spans in PostgreSQL, 14 and newer. */
@NullMarked
package dev.tracekeep.adapter.pg;

import org.jspecify.annotations.NullMarked;
