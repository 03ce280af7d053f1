package dev.tracekeep.cli;

import dev.tracekeep.storage.TimeRange;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Times as people write them, always in UTC unless they say otherwise. */
final class Instants implements ITypeConverter<Instant> {
  private static final List<Function<String, Instant>> FORMS =
      List.of(
          Instant::parse,
          text -> OffsetDateTime.parse(text).toInstant(),
          text -> LocalDateTime.parse(text.replace(' ', 'T')).toInstant(ZoneOffset.UTC),
          text -> LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC));

  @Override
  public Instant convert(String value) {
    for (Function<String, Instant> form : FORMS) {
      try {
        return form.apply(value);
      } catch (DateTimeParseException e) {
        // The next form may fit; the message below names them all.
      }
    }
    throw new TypeConversionException(
        "'"
            + value
            + "' is no time. Write 2026-11-20, 2026-11-20T10:32:25 (both UTC),"
            + " or 2026-11-20T10:32:25.157+01:00");
  }

  /** The range of two bounds of which each is given as inclusive, as exclusive, or not at all. */
  static TimeRange range(
      @Nullable Instant from,
      @Nullable Instant after,
      @Nullable Instant to,
      @Nullable Instant before) {
    return new TimeRange(
        from != null ? from : after, after != null, to != null ? to : before, before != null);
  }
}
