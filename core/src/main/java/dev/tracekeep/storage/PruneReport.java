package dev.tracekeep.storage;

/**
 * What a prune removed.
 *
 * @param traces how many traces
 * @param spans how many spans they had
 * @param done whether no further trace was old enough
 */
public record PruneReport(long traces, long spans, boolean done) {}
