/** The kit run on the reference storage and on storages that are broken on purpose. */
@NullMarked
package dev.tracekeep.conformance;

import org.jspecify.annotations.NullMarked;
