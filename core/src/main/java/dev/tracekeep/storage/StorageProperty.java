package dev.tracekeep.storage;

import java.util.Arrays;
import java.util.List;

/**
 * The properties that a store of every engine has: the one list behind {@link StorageConfig} and
 * the table of docs/configuration.md. Engines have more of their own ({@link
 * StorageProvider#engineProperties()}). Later releases add some.
 */
public enum StorageProperty {
  /** The address. */
  URL(
      "url",
      "required",
      "the address, for example jdbc:duckdb:; engines.md lists the forms of each engine"),
  /** Who logs in. */
  USERNAME("username", "none", "who logs in, where the address does not say"),
  /** The password or token. */
  PASSWORD(
      "password",
      "none",
      "the password, where the address does not have it; for a libSQL server its token"),
  /** The schema or database of the table. */
  SCHEMA("schema", "the engine's", "the schema or database of the table"),
  /** The table or collection. */
  TABLE(
      "table",
      StorageConfig.DEFAULT_TABLE,
      "the table or collection: letters, digits and underscores, at most 48"),
  /** Whose spans a program writes that knows no tenants. */
  TENANT("tenant", "default", "whose spans a program writes that knows no tenants"),
  /** How spans are written. */
  STRATEGY(
      "strategy",
      "auto",
      "auto, realtime, batch-with-updates, insert-only or event-sourced; what an engine does not"
          + " support is refused"),
  /** What is done with a table that needs a migration. */
  MIGRATION(
      "migration",
      "auto",
      "what init() does with a table that needs one: auto migrates, check refuses before it changes"
          + " anything, off opens it to be read"),
  /** How large a span may be. */
  MAX_SPAN_BYTES("max-span-bytes", "8388608", "how much text and JSON one span may have, in UTF-8"),
  /** How many connections there are. */
  POOL_SIZE("pool-size", "8", "how many connections at most"),
  /** How long to wait for a connection. */
  CONNECT_TIMEOUT(
      "connect-timeout", "10s", "how long to wait for a connection, of the server or of the pool"),
  /** How long a statement may take. */
  STATEMENT_TIMEOUT(
      "statement-timeout", "60s", "how long one statement may take; migrations have no such limit"),
  /** How long to wait for a lock. */
  LOCK_TIMEOUT("lock-timeout", "30s", "how long to wait for a lock, and for another migrator"),
  /** Whether drivers may load code and files. */
  UNSAFE_OPTIONS(
      StorageConfig.UNSAFE_OPTIONS,
      "false",
      "whether the address may have options that make the driver load code or files");

  private final String propertyName;
  private final String defaultValue;
  private final String meaning;

  StorageProperty(String propertyName, String defaultValue, String meaning) {
    this.propertyName = propertyName;
    this.defaultValue = defaultValue;
    this.meaning = meaning;
  }

  /** What a configuration calls it. */
  public String propertyName() {
    return propertyName;
  }

  /** What counts where it is not given, for people: a value, or in words what is done. */
  public String defaultValue() {
    return defaultValue;
  }

  /** What it means, a phrase for people. */
  public String meaning() {
    return meaning;
  }

  static List<String> names() {
    return Arrays.stream(values()).map(StorageProperty::propertyName).toList();
  }
}
