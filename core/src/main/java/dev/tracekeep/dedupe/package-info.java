/**
 * For authors of adapters: the part of the dedupe migration that no engine owns. {@link
 * dev.tracekeep.dedupe.AbstractDedupeMigration} is the template; an engine supplies one look at the
 * table, the journal's place, the lock of migrators, and the stages that move rows.
 */
@NullMarked
package dev.tracekeep.dedupe;

import org.jspecify.annotations.NullMarked;
