/** The {@code tracekeep} command. Its contract is the command line, not this package. */
@NullMarked
package dev.tracekeep.cli;

import org.jspecify.annotations.NullMarked;
