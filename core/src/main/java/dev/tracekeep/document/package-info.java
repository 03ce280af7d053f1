/**
 * Spans as text that other programs and later releases read: one lossless line of JSON for each
 * span or update, and the dead letter that carries one together with the reason why it is not
 * stored.
 */
@NullMarked
package dev.tracekeep.document;

import org.jspecify.annotations.NullMarked;
