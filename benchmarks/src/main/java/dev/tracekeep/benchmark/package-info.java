/**
 * JMH benchmarks. Every figure of ours stands beside the engine's own raw bulk path into the same
 * table in the same run: a ratio survives a noisy machine, an absolute does not.
 */
@NullMarked
package dev.tracekeep.benchmark;

import org.jspecify.annotations.NullMarked;
