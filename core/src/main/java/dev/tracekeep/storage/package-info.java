/**
 * The SPI: what a store of spans does, how it is configured and found, and what it promises.
 *
 * <p>Users start at {@link dev.tracekeep.storage.Storages}. Authors of adapters implement {@link
 * dev.tracekeep.storage.StorageProvider} and extend {@link
 * dev.tracekeep.storage.AbstractObservabilityStorage}, which holds every algorithm that no engine
 * owns.
 */
@NullMarked
package dev.tracekeep.storage;

import org.jspecify.annotations.NullMarked;
