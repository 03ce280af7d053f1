/** Spans in MongoDB, 5.0 and newer. */
@NullMarked
package dev.tracekeep.adapter.mongo;

import org.jspecify.annotations.NullMarked;
