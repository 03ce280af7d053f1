/**
 * What the attributes of telemetry mean: the names that frameworks for AI agents and OpenTelemetry
 * give to a span's input, model, tokens, user and so on, and the fields of a {@link
 * dev.tracekeep.span.Span} that they become.
 *
 * <p>{@link dev.tracekeep.conventions.Conventions} reads a {@link
 * dev.tracekeep.conventions.TelemetrySpan}, whatever it was decoded from, and gives a {@link
 * dev.tracekeep.conventions.SpanDescription}. Each {@link dev.tracekeep.conventions.Convention} is
 * one small class of its own, with the version that it was read from.
 */
@NullMarked
package dev.tracekeep.conventions;

import org.jspecify.annotations.NullMarked;
