/** The door of a store: an OTLP receiver, an API to read what is stored, and a page. */
@NullMarked
package dev.tracekeep.server;

import org.jspecify.annotations.NullMarked;
