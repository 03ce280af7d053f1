/**
 * The way in for programs. A {@link dev.tracekeep.ingest.SpanPipeline} stands between the threads
 * that report spans and the store: it writes in batches, repeats what failed, and keeps what the
 * store cannot take in a {@link dev.tracekeep.ingest.DeadLetterLog}.
 *
 * <p>What it decides is one state machine ({@code PipelineCore}: events in, actions out) without
 * threads, clock, chance or I/O, so that it runs in a simulation exactly as it runs in production.
 */
@NullMarked
package dev.tracekeep.ingest;

import org.jspecify.annotations.NullMarked;
