package dev.tracekeep.conventions;

import dev.tracekeep.span.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of a span, an event or a resource, in their order. Of a repeated name the last
 * value counts.
 *
 * <p>A value is a {@link String}, a {@link Long}, a {@link Boolean}, or {@link Json} for anything
 * else: plain Java values, so that a span with thirty attributes costs no thirty wrappers. Null is
 * never a value; JSON {@code null} is.
 *
 * <p>Filled by one thread; safe to share between threads once nobody puts any more.
 */
public final class Attributes {
  private static final Attributes NONE = new Attributes(Map.of());

  private final Map<String, Object> values;

  /** No attributes yet. */
  public Attributes() {
    this(new LinkedHashMap<>());
  }

  private Attributes(Map<String, Object> values) {
    this.values = values;
  }

  /** No attributes; nothing can be put. */
  public static Attributes none() {
    return NONE;
  }

  /** Sets an attribute to a string. */
  public void put(String name, String value) {
    values.put(name, value);
  }

  /** Sets an attribute to an integer. */
  public void put(String name, long value) {
    values.put(name, value);
  }

  /** Sets an attribute to a boolean. */
  public void put(String name, boolean value) {
    values.put(name, value);
  }

  /** Sets an attribute to anything else; {@link Json#NULL} is a value in which nothing is set. */
  public void put(String name, Json value) {
    values.put(name, value);
  }

  /** Whether there is no attribute. */
  public boolean isEmpty() {
    return values.isEmpty();
  }

  /** The names, in their order. */
  public Set<String> names() {
    return values.keySet();
  }

  /** Calls the consumer with the name and the value of each attribute, in their order. */
  public void forEach(BiConsumer<? super String, ? super Object> each) {
    values.forEach(each);
  }

  /** The attributes as one object. */
  public Json toJson() {
    return AttributeJson.of(this);
  }

  /** The attribute's value; null if it is absent or JSON {@code null}. */
  @Nullable Object get(String name) {
    Object value = values.get(name);
    return value == Json.NULL ? null : value;
  }

  /** The attribute's value if that is a string; null otherwise. */
  public @Nullable String text(String name) {
    return values.get(name) instanceof String text ? text : null;
  }

  /** The attribute's value as JSON; null if it is absent or JSON {@code null}. */
  public @Nullable Json json(String name) {
    Object value = get(name);
    return value == null ? null : Values.json(value);
  }
}
