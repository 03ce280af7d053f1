package dev.tracekeep.cli;

import java.io.InputStream;
import java.util.Map;

/**
 * What a command gets from the process that it runs in.
 *
 * @param console where it writes
 * @param input standard input
 * @param environment the environment variables
 */
record CommandContext(Console console, InputStream input, Map<String, String> environment) {}
