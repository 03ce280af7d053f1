package dev.tracekeep.conformance;

import java.util.Objects;

/**
 * How a run of the kit reaches the engine. It stands in the report, so that a green column cannot
 * hide that the engine was a stand-in, or was never there.
 *
 * @param way how
 * @param note more for the reader, for example an image's name; the reason for {@link Way#NOT_RUN}
 */
public record EngineAccess(Way way, String note) {
  /** The ways to reach an engine. */
  public enum Way {
    /** A server that somebody runs, given by its address. */
    URL,
    /** A container made for the tests. */
    DOCKER,
    /** The real engine, inside of this process or started by it. */
    EMBEDDED,
    /** Something else that speaks the engine's protocol. */
    STAND_IN,
    /** The engine could not be reached, and no check was run. */
    NOT_RUN
  }

  /** Neither part is null; a note is required where nothing was run. */
  public EngineAccess {
    Objects.requireNonNull(way, "way");
    Objects.requireNonNull(note, "note");
    if (way == Way.NOT_RUN && note.isBlank()) {
      throw new IllegalArgumentException("NOT_RUN needs a reason");
    }
  }

  /** A server at an address; the note must hold no password. */
  public static EngineAccess url(String note) {
    return new EngineAccess(Way.URL, note);
  }

  /** A container made from an image. */
  public static EngineAccess docker(String image) {
    return new EngineAccess(Way.DOCKER, image);
  }

  /** The real engine, embedded. */
  public static EngineAccess embedded() {
    return new EngineAccess(Way.EMBEDDED, "");
  }

  /** A stand-in of that name. */
  public static EngineAccess standIn(String name) {
    return new EngineAccess(Way.STAND_IN, name);
  }

  /** The engine is not there, for that reason. */
  public static EngineAccess notRun(String reason) {
    return new EngineAccess(Way.NOT_RUN, reason);
  }

  /** The way in words: {@code EMBEDDED}, {@code STAND-IN (mongo-java-server)}. */
  @Override
  public String toString() {
    String name = way == Way.NOT_RUN ? "NOT RUN" : way.name().replace('_', '-');
    return note.isBlank() ? name : name + " (" + note + ")";
  }
}
