package dev.tracekeep.storage;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
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

  /**
   * The same where PostgreSQL's driver takes all of it for the name of a database: {@code
   * jdbc:postgresql:user:password@host}.
   */
  private static final Pattern USER_INFO_WITHOUT_SLASHES =
      Pattern.compile("(?i)(jdbc:postgresql:(?!//)[^/?#;@:\\s]*):[^\\s?]*@");

  private static final String SECRET_WORD =
      "(?:pass|pwd|token|secret|credential|key|jwt|authMechanismProperties)";

  private static final Pattern SECRET_NAME = Pattern.compile("(?i)" + SECRET_WORD);

  /** A parameter behind {@code ?} or {@code &}, which ends at the next {@code &}. */
  private static final Pattern QUERY_PARAMETER = Pattern.compile("([?&])([^=&;?\\s]+)=([^&]*)");

  /** The same in a sentence, where it ends at a blank or a quotation mark, too. */
  private static final Pattern QUERY_PARAMETER_IN_TEXT =
      Pattern.compile("([?&])([^=&;?\\s]+)=([^&\\s'\")]*)");

  /**
   * A parameter behind {@code ;}, which ends at the next {@code ;} outside of braces. Within braces
   * a closing one is doubled; braces left open hide the rest.
   */
  private static final Pattern SEMICOLON_PARAMETER =
      Pattern.compile(
          "(?i)(;[^=&;?]*"
              + SECRET_WORD
              + "[^=&;?]*)=(\\s*\\{[^}]*+(?:\\}\\}[^}]*+)*+(?:\\}[^;]*+|$)|[^;]*)");

  /** The same in a sentence. */
  private static final Pattern SEMICOLON_PARAMETER_IN_TEXT =
      Pattern.compile("(?i)(;[^=&;?\\s]*" + SECRET_WORD + "[^=&;?\\s]*)=([^;\\s'\")]*)");

  /** A shorter secret is found in every text, and hiding it there would tell it. */
  private static final int LEAST_SECRET = 4;

  private static final String HIDDEN = "***";

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

  /**
   * Replaces every password and token in a text that may quote any URL. What follows a parameter
   * that is secret is hidden too, up to the next parameter, since nobody knows where it ends: for a
   * text about this address see {@link #hideIn}.
   */
  public static String masked(String text) {
    return masked(text, SEMICOLON_PARAMETER, QUERY_PARAMETER);
  }

  private static String masked(String text, Pattern semicolonParameter, Pattern queryParameter) {
    String masked = USER_INFO.matcher(text).replaceAll("$1:***@");
    masked = USER_INFO_WITHOUT_SLASHES.matcher(masked).replaceAll("$1:***@");
    masked =
        semicolonParameter
            .matcher(masked)
            .replaceAll(found -> kept(found.group(1), found.group(2), true));
    return queryParameter
        .matcher(masked)
        .replaceAll(
            found ->
                kept(
                    found.group(1) + found.group(2),
                    found.group(3),
                    SECRET_NAME.matcher(decoded(found.group(2))).find()));
  }

  /** A parameter as it is shown. */
  private static String kept(String name, String value, boolean isSecret) {
    // What is hidden already is not hidden again, together with what follows it.
    boolean hide = isSecret && !value.startsWith(HIDDEN);
    return Matcher.quoteReplacement(name + "=" + (hide ? HIDDEN : value));
  }

  private static String decoded(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return text; // no escape of a URL
    }
  }

  /**
   * Replaces this address, where a text quotes it, by what {@link #toString()} shows of it, and
   * then each of its secrets wherever else it stands; of other addresses, every password and token
   * up to the next blank.
   */
  public String hideIn(String text) {
    String hidden = text.replace(raw, toString());
    for (String secret : secrets()) {
      hidden = hidden.replace(secret, HIDDEN);
    }
    return masked(hidden, SEMICOLON_PARAMETER_IN_TEXT, QUERY_PARAMETER_IN_TEXT);
  }

  private List<String> secrets() {
    List<String> secrets = new ArrayList<>();
    for (Pattern pattern : List.of(USER_INFO, USER_INFO_WITHOUT_SLASHES)) {
      Matcher found = pattern.matcher(raw);
      while (found.find()) {
        add(secrets, raw.substring(found.end(1) + 1, found.end() - 1));
      }
    }
    Matcher found = SEMICOLON_PARAMETER.matcher(raw);
    while (found.find()) {
      add(secrets, found.group(2));
    }
    found = QUERY_PARAMETER.matcher(raw);
    while (found.find()) {
      if (SECRET_NAME.matcher(decoded(found.group(2))).find()) {
        add(secrets, found.group(3));
      }
    }
    return secrets;
  }

  private static void add(List<String> secrets, String secret) {
    for (String form : List.of(secret, decoded(secret))) {
      if (form.length() >= LEAST_SECRET) {
        secrets.add(form);
      }
    }
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
