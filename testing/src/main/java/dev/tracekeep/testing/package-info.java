/**
 * Tests of programs by the traces that they leave. A {@link dev.tracekeep.testing.TraceRecorder}
 * keeps what the program under test reports in a store in memory, {@link
 * dev.tracekeep.testing.TracekeepExtension} gives one to each test of JUnit, and {@link
 * dev.tracekeep.testing.TraceAssertions} says what must be in a trace.
 */
@NullMarked
package dev.tracekeep.testing;

import org.jspecify.annotations.NullMarked;
