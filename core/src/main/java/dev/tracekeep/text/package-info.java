/**
 * Spans as text that people read: a {@linkplain dev.tracekeep.text.TraceText trace as a tree}, and
 * what such text is made of. For text that programs read see {@code dev.tracekeep.document}.
 */
@NullMarked
package dev.tracekeep.text;

import org.jspecify.annotations.NullMarked;
