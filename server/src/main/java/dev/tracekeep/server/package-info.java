/** The door of a store: an OTLP receiver that answers after the commit. */
@NullMarked
package dev.tracekeep.server;

import org.jspecify.annotations.NullMarked;
