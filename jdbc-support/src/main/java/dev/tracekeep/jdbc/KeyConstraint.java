package dev.tracekeep.jdbc;

import java.util.List;
import java.util.Objects;

/**
 * The constraint that a migration makes.
 *
 * @param name its name, unquoted
 * @param columns the columns of the key, in the constraint's order
 * @param isPrimaryKey whether it becomes the table's primary key; else it is a unique index
 */
public record KeyConstraint(String name, List<String> columns, boolean isPrimaryKey) {
  /** Copies the columns. */
  public KeyConstraint {
    Objects.requireNonNull(name, "name");
    columns = List.copyOf(columns);
  }
}
