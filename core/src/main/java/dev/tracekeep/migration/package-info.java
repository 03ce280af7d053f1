/**
 * The dedupe migration: from a span table that collected duplicates to one that cannot, without
 * losing a row.
 */
@NullMarked
package dev.tracekeep.migration;

import org.jspecify.annotations.NullMarked;
