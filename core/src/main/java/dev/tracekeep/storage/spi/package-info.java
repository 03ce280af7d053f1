/**
 * The floor of authors of adapters: what a store is built on. Programs that use a store stay in
 * {@link dev.tracekeep.storage}, which knows nothing of this package.
 *
 * <p>An adapter implements {@link dev.tracekeep.storage.StorageProvider} and extends {@link
 * dev.tracekeep.storage.spi.AbstractObservabilityStorage}, which holds every algorithm that no
 * engine owns; the migration has its own template in {@link dev.tracekeep.dedupe}.
 *
 * <p><b>How this floor grows.</b> From 1.0 on, within a major version:
 *
 * <ul>
 *   <li>A hook or a method that a later release adds to a type which adapters implement or extend
 *       is no abstract one: it has a default, which either does what the release before did, or
 *       refuses with {@link dev.tracekeep.storage.UnsupportedCapabilityException}. What needs more
 *       than that is a {@link dev.tracekeep.storage.Capability} that a store declares once it has
 *       it. So an adapter that was built with an older release goes on working, without a new
 *       compilation.
 *   <li>Enums may grow: {@link dev.tracekeep.storage.Capability}, {@link
 *       dev.tracekeep.storage.FailureKind}, {@link dev.tracekeep.span.SpanColumn} and its types,
 *       and every other one. A switch over one has a {@code default} branch that says what it met,
 *       unless it is compiled together with core.
 *   <li>Records that stores hand out may get components; whoever makes one uses its builder or
 *       factory where it has one, and not its constructor.
 *   <li>Hooks are called with what they were called with before.
 * </ul>
 */
@NullMarked
package dev.tracekeep.storage.spi;

import org.jspecify.annotations.NullMarked;
