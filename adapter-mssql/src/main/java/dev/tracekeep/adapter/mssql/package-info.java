/** Spans in SQL Server, 2019 and newer, and Azure SQL. */
@NullMarked
package dev.tracekeep.adapter.mssql;

import org.jspecify.annotations.NullMarked;
