package dev.tracekeep.storage;

import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The address of a store. Its {@link #toString()} hides passwords and tokens; {@link #raw()} does
 * not, and must never reach a message or a log.
 */
public final class StorageUri {
  private static final Pattern USER_INFO = Pattern.compile("(//[^/?#;@:]*):[^/?#;]*@");
  private static final Pattern SECRET_PARAMETER =
      Pattern.compile(
          "(?i)([?&;][^=&;]*(?:password|passwd|pwd|token|secret|credential|api_?key)[^=&;]*)=(?:\\{[^}]*\\}|[^&;]*)");

  private final String raw;

  private StorageUri(String raw) {
    this.raw = raw;
  }

  /** Wraps an address; nothing is checked but that it is there. */
  public static StorageUri of(String raw) {
    return new StorageUri(Objects.requireNonNull(raw, "raw").strip());
  }

  /** The address as it was given, secrets included. */
  public String raw() {
    return raw;
  }

  /** Whether the address starts with the given prefix, in any case. */
  public boolean startsWith(String prefix) {
    return raw.toLowerCase(Locale.ROOT).startsWith(prefix.toLowerCase(Locale.ROOT));
  }

  /** Replaces every password and token in a text that may quote a URL. */
  public static String masked(String text) {
    String masked = USER_INFO.matcher(text).replaceAll("$1:***@");
    return SECRET_PARAMETER.matcher(masked).replaceAll("$1=***");
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof StorageUri that && raw.equals(that.raw);
  }

  @Override
  public int hashCode() {
    return raw.hashCode();
  }

  /** The address with its secrets replaced by {@code ***}. */
  @Override
  public String toString() {
    return masked(raw);
  }
}
