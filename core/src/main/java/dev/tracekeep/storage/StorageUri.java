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
  /**
   * The password of {@code //user:password@host}. One that holds a {@code /}, {@code ?}, {@code #}
   * or {@code ;} should have been encoded; it is hidden all the same, up to the last {@code @},
   * unless it looks like a port.
   */
  private static final Pattern USER_INFO =
      Pattern.compile("(//[^/?#;@:\\s]*+):(?:[^/?#;\\s]*@|(?![0-9]{1,5}(?:[/?#;,\\s]|$))\\S*@)");

  private static final String SECRET_NAME =
      "[^=&;?]*(?:pass|pwd|token|secret|credential|key|jwt|authMechanismProperties)[^=&;?]*";

  /** A parameter behind {@code ?} or {@code &}, which ends at the next {@code &}. */
  private static final Pattern QUERY_PARAMETER =
      Pattern.compile("(?i)([?&]" + SECRET_NAME + ")=[^&]*");

  /**
   * A parameter behind {@code ;}, which ends at the next {@code ;} outside of braces. Within braces
   * a closing one is doubled; braces left open hide the rest.
   */
  private static final Pattern SEMICOLON_PARAMETER =
      Pattern.compile(
          "(?i)(;" + SECRET_NAME + ")=(?:\\s*\\{[^}]*+(?:\\}\\}[^}]*+)*+(?:\\}[^;]*+|$)|[^;]*)");

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
    masked = SEMICOLON_PARAMETER.matcher(masked).replaceAll("$1=***");
    return QUERY_PARAMETER.matcher(masked).replaceAll("$1=***");
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
