package dev.tracekeep.conventions;

import java.util.ArrayList;
import java.util.List;

/**
 * Tells which conventions a span follows, in one walk over the names of its attributes. Most names
 * of a span belong to no convention: the first character already says so.
 */
final class Recognizer {
  private static final int ASCII = 128;

  private final List<Convention> conventions;
  private final Marker[][] byFirst = new Marker[ASCII][];
  private final long always;
  private final long byEvents;

  private record Marker(String text, boolean isPrefix, long bit) {
    boolean matches(String name) {
      return isPrefix ? name.startsWith(text) : name.equals(text);
    }
  }

  Recognizer(List<Convention> conventions) {
    this.conventions = conventions;
    List<List<Marker>> markers = new ArrayList<>();
    for (int i = 0; i < ASCII; i++) {
      markers.add(new ArrayList<>());
    }
    long unconditional = 0;
    long events = 0;
    for (int i = 0; i < conventions.size(); i++) {
      Convention convention = conventions.get(i);
      long bit = 1L << i;
      if (convention.markers().isEmpty()) {
        unconditional |= bit;
      }
      if (convention.looksAtEvents()) {
        events |= bit;
      }
      for (String marker : convention.markers()) {
        boolean isPrefix = marker.endsWith("*");
        String text = isPrefix ? marker.substring(0, marker.length() - 1) : marker;
        if (text.isEmpty() || text.charAt(0) >= ASCII) {
          throw new IllegalArgumentException(
              convention.name()
                  + " is recognized by "
                  + marker
                  + ": the name of an attribute starts with an ASCII character");
        }
        markers.get(text.charAt(0)).add(new Marker(text, isPrefix, bit));
      }
    }
    for (int i = 0; i < ASCII; i++) {
      byFirst[i] = markers.get(i).toArray(Marker[]::new);
    }
    this.always = unconditional;
    this.byEvents = events;
  }

  /** A bit for each convention that the span follows. */
  long recognize(TelemetrySpan span) {
    long found = always;
    for (String name : span.attributes().names()) {
      char first = name.isEmpty() ? ASCII : name.charAt(0);
      if (first < ASCII) {
        for (Marker marker : byFirst[first]) {
          if ((found & marker.bit) == 0 && marker.matches(name)) {
            found |= marker.bit;
          }
        }
      }
    }
    return (byEvents & ~found) == 0 || span.events().isEmpty() ? found : found | inEvents(span);
  }

  private long inEvents(TelemetrySpan span) {
    long found = 0;
    for (int i = 0; i < conventions.size(); i++) {
      Convention convention = conventions.get(i);
      if (convention.looksAtEvents()) {
        for (TelemetrySpan.Event event : span.events()) {
          if (convention.isNameOfEvent(event.name())) {
            found |= 1L << i;
            break;
          }
        }
      }
    }
    return found;
  }
}
