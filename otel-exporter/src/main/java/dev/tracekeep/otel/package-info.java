/**
 * Writes the spans of OpenTelemetry's Java SDK into a store: {@link
 * dev.tracekeep.otel.TracekeepSpanExporter} for what has ended, {@link
 * dev.tracekeep.otel.TracekeepSpanProcessor} for what is running, too. What comes in this way and
 * what is imported from OTLP are the same spans.
 */
@NullMarked
package dev.tracekeep.otel;

import org.jspecify.annotations.NullMarked;
