package dev.tracekeep.storage;

/**
 * What a store holds, over all tenants: an operator's view.
 *
 * @param spans how many spans
 * @param traces how many traces
 * @param running how many spans have neither an error nor an end
 * @param errors how many spans have an error
 * @param tenants how many tenants
 */
public record StorageStatistics(long spans, long traces, long running, long errors, long tenants) {}
