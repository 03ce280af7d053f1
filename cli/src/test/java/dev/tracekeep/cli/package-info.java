@NullMarked
package dev.tracekeep.cli;

import org.jspecify.annotations.NullMarked;
