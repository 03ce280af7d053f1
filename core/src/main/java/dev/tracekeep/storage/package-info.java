/**
 * The floor of users: what a store of spans does, how it is configured and found, and what it
 * promises. {@link dev.tracekeep.storage.Storages} is where to start.
 *
 * <p>Authors of adapters implement {@link dev.tracekeep.storage.StorageProvider}, which stands here
 * because {@code Storages} finds it, and build the store on {@code dev.tracekeep.storage.spi}. Its
 * page says how both floors may grow; for users that means: enums get new constants, records new
 * components, and {@link dev.tracekeep.storage.ObservabilityStorage} new methods, which stores that
 * lack them refuse with {@link dev.tracekeep.storage.UnsupportedCapabilityException}. So a switch
 * over an enum of this package wants a {@code default} branch.
 *
 * <p>{@code Optional} is the answer to a question that may find nothing ({@code getSpan}, {@code
 * root}); a component or an accessor of a value is {@code @Nullable} where the value may lack it.
 * Nothing else here is ever null: arguments that are fail with a {@link NullPointerException} that
 * names them.
 */
@NullMarked
package dev.tracekeep.storage;

import org.jspecify.annotations.NullMarked;
