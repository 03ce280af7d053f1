package dev.tracekeep.conventions;

import dev.tracekeep.span.SpanType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A way of naming the attributes of spans, as one framework does it: by which names a span is
 * recognized, and what each name means. Of several attributes that mean the same the first that has
 * a value counts.
 *
 * <p>Immutable and thread-safe, if its {@link Reader}s are.
 */
public final class Convention {
  private final String name;
  private final String versions;
  private final String source;
  private final List<String> markers;
  private final List<Rule> rules;
  private final @Nullable String eventPrefix;
  private final String spanNamePrefix;

  private Convention(Builder builder) {
    this.name = builder.name;
    this.versions = builder.versions;
    this.source = builder.source;
    this.markers = List.copyOf(builder.markers);
    this.rules = List.copyOf(builder.rules);
    this.eventPrefix = builder.eventPrefix;
    this.spanNamePrefix = builder.spanNamePrefix;
  }

  /** Code for what a table of names cannot say. Must be stateless. */
  @FunctionalInterface
  public interface Reader {
    /** Says what the span's attributes mean. */
    void read(TelemetrySpan span, SpanDescription description);
  }

  /** One rule of a convention. */
  interface Rule {
    void read(TelemetrySpan span, SpanDescription description);

    /** What the rule says, for the documentation: a test keeps the two equal. */
    List<Line> lines();
  }

  /**
   * A line of the documentation.
   *
   * @param subject the field of the span
   * @param text what it is taken from
   */
  record Line(String subject, String text) {
    static Line of(Meaning meaning, List<String> attributes) {
      return of(meaning.name().toLowerCase(Locale.ROOT), attributes);
    }

    static Line of(String subject, List<String> attributes) {
      return new Line(
          subject,
          attributes.stream().map(name -> "`" + name + "`").collect(Collectors.joining(", ")));
    }
  }

  /**
   * Starts a convention.
   *
   * @param name what people call it
   * @param versions which versions of it the names were taken from
   * @param source where the names are written down: an address for people
   */
  public static Builder named(String name, String versions, String source) {
    return new Builder(name, versions, source);
  }

  /** What people call it. */
  public String name() {
    return name;
  }

  /** Which versions of it the names were taken from. */
  public String versions() {
    return versions;
  }

  /** Where the names are written down. */
  public String source() {
    return source;
  }

  /**
   * The names of attributes by which a span is recognized; one that ends in {@code *} stands for
   * all names that start so. None: every span is.
   */
  public List<String> markers() {
    return markers;
  }

  /** How the names of its spans start; empty where any will do. */
  public String spanNamePrefix() {
    return spanNamePrefix;
  }

  /** Whether spans are recognized by their events too. */
  boolean looksAtEvents() {
    return eventPrefix != null;
  }

  boolean isNameOfEvent(String event) {
    return eventPrefix != null && event.startsWith(eventPrefix);
  }

  List<Line> lines() {
    return rules.stream().flatMap(rule -> rule.lines().stream()).toList();
  }

  /** Says what the span's attributes mean, and after that those of its events. */
  void describe(TelemetrySpan span, SpanDescription description) {
    if (!span.name().startsWith(spanNamePrefix)) {
      return;
    }
    read(span, description);
    if (eventPrefix != null) {
      for (TelemetrySpan.Event event : span.events()) {
        if (isNameOfEvent(event.name()) && !event.attributes().isEmpty()) {
          read(span.withAttributesOf(event), description);
        }
      }
    }
  }

  private void read(TelemetrySpan span, SpanDescription description) {
    for (Rule rule : rules) {
      rule.read(span, description);
    }
  }

  /** The name. */
  @Override
  public String toString() {
    return name;
  }

  /** Builds a convention line by line; the lines are asked in their order. Not thread-safe. */
  public static final class Builder {
    private final String name;
    private final String versions;
    private final String source;
    private final List<String> markers = new ArrayList<>();
    private final List<Rule> rules = new ArrayList<>();
    private @Nullable String eventPrefix;
    private String spanNamePrefix = "";

    private Builder(String name, String versions, String source) {
      this.name = Objects.requireNonNull(name, "name");
      this.versions = Objects.requireNonNull(versions, "versions");
      this.source = Objects.requireNonNull(source, "source");
    }

    /**
     * Names attributes by which a span is recognized, one of them is enough. A name that ends in
     * {@code *} stands for all names that start so. If never called, every span is.
     */
    public Builder recognizedBy(String... names) {
      markers.addAll(List.of(names));
      return this;
    }

    /**
     * Asks for the start of the span's name besides; for conventions whose attributes have names
     * that anybody could use.
     */
    public Builder onlyWhereSpanNameStartsWith(String prefix) {
      spanNamePrefix = Objects.requireNonNull(prefix, "prefix");
      return this;
    }

    /**
     * Looks at the attributes of events as well, after the span's own, and recognizes a span by
     * such an event.
     *
     * @param prefix how the names of these events start
     */
    public Builder alsoInEvents(String prefix) {
      eventPrefix = prefix;
      return this;
    }

    /**
     * The values of an attribute that tell the type; upper and lower case are the same. Any other
     * value tells nothing.
     */
    public Builder type(String attribute, Map<String, SpanType> types) {
      Map<String, SpanType> byLowerCase = new HashMap<>();
      types.forEach((value, type) -> byLowerCase.put(value.toLowerCase(Locale.ROOT), type));
      rules.add(new TypeRule(attribute, Map.copyOf(byLowerCase)));
      return this;
    }

    /** An attribute that every span of a type has, and no other. */
    public Builder typeWith(String attribute, SpanType type) {
      rules.add(new PresenceRule(attribute, type));
      return this;
    }

    /**
     * Attributes that mean this. Where JSON is meant, a string of JSON becomes what it says, and a
     * string that is no JSON stays one.
     */
    public Builder take(Meaning meaning, String... attributes) {
      rules.add(new AttributeRule(meaning, AttributeRule.Form.STRUCTURED, List.of(attributes)));
      return this;
    }

    /** Attributes that mean this, in which a string is a string whatever it looks like. */
    public Builder takePlain(Meaning meaning, String... attributes) {
      rules.add(new AttributeRule(meaning, AttributeRule.Form.PLAIN, List.of(attributes)));
      return this;
    }

    /** Attributes that mean this, and are arrays of strings of JSON. */
    public Builder takeList(Meaning meaning, String... attributes) {
      rules.add(new AttributeRule(meaning, AttributeRule.Form.LIST, List.of(attributes)));
      return this;
    }

    /**
     * An attribute that holds an object, mostly as a string of JSON, whose members mean something.
     *
     * @param attribute the attribute
     * @param members what each member means; a dot leads into an object within it
     */
    public Builder takeMembers(String attribute, Member... members) {
      rules.add(new MembersRule(attribute, List.of(members)));
      return this;
    }

    /**
     * A list of objects that is spread over attributes: {@code prefix.0.role}, {@code
     * prefix.1.content}.
     *
     * @param meaning what the list means
     * @param prefix the attributes' common start, without the dot behind it
     */
    public Builder takeSpread(Meaning meaning, String prefix) {
      rules.add(new SpreadRule(meaning, prefix + "."));
      return this;
    }

    /**
     * Attributes that hold the tags: an array of strings, or a string of JSON that is one. Of
     * several the first counts.
     */
    public Builder tags(String... attributes) {
      rules.add(new TagsRule(List.of(attributes)));
      return this;
    }

    /**
     * The user's own metadata: all attributes that start so, each under the rest of its name. Names
     * like {@code userId} or {@code session_id} go into the field that they name.
     */
    public Builder metadata(String prefix) {
      rules.add(new MetadataRule(prefix));
      return this;
    }

    /** The user's own metadata as an object, mostly as a string of JSON. */
    public Builder metadataObject(String attribute) {
      rules.add(new MetadataObjectRule(attribute));
      return this;
    }

    /**
     * What a table cannot say.
     *
     * @param field the field of the span that it says something about
     * @param text what that is taken from, for the documentation
     * @param reader the code
     */
    public Builder also(String field, String text, Reader reader) {
      rules.add(new CodeRule(new Line(field, text), reader));
      return this;
    }

    /** The immutable convention. */
    public Convention build() {
      return new Convention(this);
    }
  }

  private record CodeRule(Line line, Reader reader) implements Rule {
    @Override
    public void read(TelemetrySpan span, SpanDescription description) {
      reader.read(span, description);
    }

    @Override
    public List<Line> lines() {
      return List.of(line);
    }
  }

  /**
   * What a member of an object means.
   *
   * @param meaning what it means
   * @param paths the names of the member, the first that is there counts; a dot leads into an
   *     object within it
   */
  public record Member(Meaning meaning, List<String> paths) {
    /** Takes a copy of the paths. */
    public Member {
      paths = List.copyOf(paths);
    }

    /** A member of these names. */
    public static Member of(Meaning meaning, String... paths) {
      return new Member(meaning, List.of(paths));
    }
  }
}
