/**
 * What the SQL adapters share: how a span becomes a row, how a query becomes a statement, and the
 * dedupe migration. An adapter says what is different about its engine in a {@link
 * dev.tracekeep.jdbc.SqlDialect}, a {@link dev.tracekeep.jdbc.MigrationDialect} and the few hooks
 * of {@link dev.tracekeep.jdbc.JdbcStorage}.
 */
@NullMarked
package dev.tracekeep.jdbc;

import org.jspecify.annotations.NullMarked;
