package dev.tracekeep.adapter.mongo;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The limit of MongoDB that no setting moves. */
final class DocumentSize {
  /** 16 MiB, less what the server and the archive of a migration add to a document. */
  static final int LIMIT = (16 << 20) - (16 << 10);

  /** More than any field takes beside its text: its name, its type and its length. */
  private static final int FIELD = 64;

  /** The same for an element of a list, whose name is its number; and for a token. */
  private static final int ELEMENT = 20;

  private DocumentSize() {}

  /** Says that a span's document is too large, as a phrase behind its name; null if it is not. */
  static @Nullable String problem(Span span) {
    if (upperBound(span) <= LIMIT) {
      return null;
    }
    int size = SpanCodec.size(span);
    return size <= LIMIT
        ? null
        : "makes a document of "
            + size
            + " bytes, and MongoDB's documents end at 16 MB ("
            + LIMIT
            + " without what is added to them)";
  }

  /** Nearly all spans are so small that they need not be written out to know it. */
  private static long upperBound(Span span) {
    long bound = 0;
    for (SpanColumn column : SpanColumn.all()) {
      Object value = column.read(span);
      bound += FIELD;
      if (value instanceof String text) {
        bound += 3L * text.length();
      } else if (value instanceof Json json) {
        // A token of a member is shorter than the member and an element's name together.
        bound += 3L * json.text().length() * (column.isHeavy() ? 1 : 1 + ELEMENT / 4);
      } else if (value instanceof List<?> list) {
        for (Object element : list) {
          bound += 3L * ((String) element).length() + ELEMENT;
        }
      }
    }
    return bound;
  }
}
