/** Copies spans from one store into another. */
@NullMarked
package dev.tracekeep.copy;

import org.jspecify.annotations.NullMarked;
