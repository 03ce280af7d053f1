/** Spans in ClickHouse, 24.8 and newer. */
@NullMarked
package dev.tracekeep.adapter.clickhouse;

import org.jspecify.annotations.NullMarked;
