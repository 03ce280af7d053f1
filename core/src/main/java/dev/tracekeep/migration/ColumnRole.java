package dev.tracekeep.migration;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a column of a span table can mean to the migration, and the names by which it is known.
 *
 * <p>A name is known in any spelling: {@code trace_id}, {@code traceId}, {@code TraceId} and {@code
 * TRACE_ID} are one name. The names are those of OpenTelemetry's own exporters, of its protocol and
 * of the span tables seen in the field.
 */
public enum ColumnRole {
  /** The tenant. Optional: without it all rows are one tenant's. */
  TENANT_ID("tenantid"),
  /** The trace id. */
  TRACE_ID("traceid"),
  /** The span id. */
  SPAN_ID("spanid"),
  /** The start. Optional: it decides nothing; beside it a duration counts as an end. */
  STARTED_AT(
      "startedat",
      "starttime",
      "starttimestamp",
      "starttimeunixnano",
      "starttimens",
      "starttimeus",
      "starttimems",
      "startts",
      "start",
      "timestamp"),
  /** The end, by whose absence a running span is known; or the duration, which is as good. */
  ENDED_AT(
      "endedat",
      "endtime",
      "endtimestamp",
      "endtimeunixnano",
      "endtimens",
      "endtimeus",
      "endtimems",
      "endts",
      "end",
      "finishedat",
      "finishtime",
      "completedat",
      "duration",
      "durationnano",
      "durationns",
      "durationus",
      "durationms"),
  /** The last change. Optional. */
  UPDATED_AT("updatedat", "updatetime", "updatedtime", "modifiedat", "lastupdatedat"),
  /** The first record. Optional. */
  CREATED_AT("createdat", "createtime", "createdtime", "insertedat", "ingestedat", "receivedat");

  private final List<String> names;

  ColumnRole(String... names) {
    this.names = List.of(names);
  }

  /** The role as options and messages spell it, for example {@code ended-at}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The role of that {@link #label()}; empty if there is none. */
  public static Optional<ColumnRole> labelled(String label) {
    return Arrays.stream(values()).filter(role -> role.label().equals(label)).findFirst();
  }

  /** The names that are known, best first, in small letters and without anything between words. */
  List<String> names() {
    return names;
  }

  /** Whether every span table has such a column. */
  boolean isRequired() {
    return this == TRACE_ID || this == SPAN_ID || this == ENDED_AT;
  }

  /** A column's name without what spellings differ in. */
  static String plain(String column) {
    return column.toLowerCase(Locale.ROOT).replaceAll("[_\\-. ]", "");
  }
}
