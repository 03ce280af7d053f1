/**
 * The span: its parts, its identity, and the one rule that decides between two versions of it.
 *
 * <p>Everything in this package is an immutable value, safe to share between threads. Nothing here
 * does I/O, reads a clock or knows an engine.
 */
@NullMarked
package dev.tracekeep.span;

import org.jspecify.annotations.NullMarked;
