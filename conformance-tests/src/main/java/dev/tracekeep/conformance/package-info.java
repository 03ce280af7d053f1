/**
 * The conformance kit: proves that a storage adapter keeps the promises of {@link
 * dev.tracekeep.storage.ObservabilityStorage}. An adapter's author extends {@link
 * dev.tracekeep.conformance.StorageConformanceKit} and describes the engine in a {@link
 * dev.tracekeep.conformance.StorageFixture}.
 */
@NullMarked
package dev.tracekeep.conformance;

import org.jspecify.annotations.NullMarked;
