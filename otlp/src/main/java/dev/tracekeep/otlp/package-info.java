/**
 * Spans from OTLP: {@code ExportTraceServiceRequest} as protobuf, as one JSON document or as JSON
 * lines, each of them as it is or gzipped.
 *
 * <p>{@link dev.tracekeep.otlp.OtlpReader} finds out by itself what it was given, and hands spans
 * and problems to an {@link dev.tracekeep.otlp.OtlpHandler} one by one, so that a file of any size
 * is read in constant memory.
 */
@NullMarked
package dev.tracekeep.otlp;

import org.jspecify.annotations.NullMarked;
