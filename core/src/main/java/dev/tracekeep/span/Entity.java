package dev.tracekeep.span;

import org.jspecify.annotations.Nullable;

/**
 * What a span is about: an agent, a tool, a workflow. A span names its own entity, its parent's and
 * its root's. Text is cleaned: U+0000 and lone surrogates become U+FFFD.
 *
 * @param type for example {@code agent} or {@code tool}
 * @param id the entity's id in its framework
 * @param name the name that people know
 * @param versionId the version of the entity that ran
 */
public record Entity(
    @Nullable String type, @Nullable String id, @Nullable String name, @Nullable String versionId) {
  /** An entity of which nothing is known. */
  public static final Entity NONE = new Entity(null, null, null, null);

  /** Cleans the text of all parts. */
  public Entity {
    type = Text.clean(type);
    id = Text.clean(id);
    name = Text.clean(name);
    versionId = Text.clean(versionId);
  }

  /** An entity without an id or version. */
  public static Entity of(String type, String name) {
    return new Entity(type, null, name, null);
  }

  /** A builder in which nothing is set. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects the parts by name. Not thread-safe. */
  public static final class Builder {
    private @Nullable String type;
    private @Nullable String id;
    private @Nullable String name;
    private @Nullable String versionId;

    private Builder() {}

    /** What it is, for example {@code agent}. */
    public Builder type(@Nullable String value) {
      type = value;
      return this;
    }

    /** Its id in its framework. */
    public Builder id(@Nullable String value) {
      id = value;
      return this;
    }

    /** The name that people know. */
    public Builder name(@Nullable String value) {
      name = value;
      return this;
    }

    /** The version of it that ran. */
    public Builder versionId(@Nullable String value) {
      versionId = value;
      return this;
    }

    /** The immutable entity. */
    public Entity build() {
      return new Entity(type, id, name, versionId);
    }
  }
}
