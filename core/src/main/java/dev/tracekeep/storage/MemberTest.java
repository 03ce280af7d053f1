package dev.tracekeep.storage;

import dev.tracekeep.span.Json;
import java.math.BigDecimal;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the member of a JSON value must be; part of {@link SpanCondition.Member}. Engines may narrow
 * by it, and only this decides: no two of them agree on JSON.
 */
public sealed interface MemberTest {
  /** Whether the member passes; an absent one never does. */
  boolean passes(@Nullable Json member);

  /** The member is there; JSON {@code null} is a value. */
  record Present() implements MemberTest {
    @Override
    public boolean passes(@Nullable Json member) {
      return member != null;
    }
  }

  /**
   * The member means the same as a value: {@link Json#sameValue}.
   *
   * @param value the value
   */
  record EqualTo(Json value) implements MemberTest {
    /** Refuses null. */
    public EqualTo {
      Objects.requireNonNull(value, "value");
    }

    @Override
    public boolean passes(@Nullable Json member) {
      return member != null && value.sameValue(member);
    }
  }

  /**
   * The member is a number and compares so. Text of digits is no number. A number spelled with more
   * than {@value #LONGEST_NUMBER} characters, or with an exponent beyond 32 bits, compares with
   * nothing: arithmetic on it takes time that grows with its square.
   *
   * @param comparison how
   * @param number with what
   */
  record Compares(Comparison comparison, BigDecimal number) implements MemberTest {
    /** The longest spelling of a number that is compared. */
    public static final int LONGEST_NUMBER = 1000;

    /** Refuses null, and a number that is too long itself. */
    public Compares {
      Objects.requireNonNull(comparison, "comparison");
      requireComparable(number);
    }

    static void requireComparable(BigDecimal number) {
      if (number.precision() > LONGEST_NUMBER) {
        throw new IllegalArgumentException(
            "The number has "
                + number.precision()
                + " digits: at most "
                + LONGEST_NUMBER
                + " are compared");
      }
    }

    @Override
    public boolean passes(@Nullable Json member) {
      if (member == null
          || member.kind() != Json.Kind.NUMBER
          || member.text().length() > LONGEST_NUMBER) {
        return false;
      }
      try {
        return comparison.holdsFor(new BigDecimal(member.text()).compareTo(number));
      } catch (NumberFormatException e) {
        return false; // malformed text of a table that others write to, or an exponent beyond all
      }
    }
  }

  /**
   * A string contains the text: the member itself, or any string inside of it at any depth. Names
   * of members are not looked at. Compared literally, character by character, case and all.
   *
   * @param text what is looked for, not empty
   */
  record Contains(String text) implements MemberTest {
    /** Refuses the empty text, which everything contains. */
    public Contains {
      if (text.isEmpty()) {
        throw new IllegalArgumentException("The text that is looked for is empty");
      }
    }

    @Override
    public boolean passes(@Nullable Json member) {
      return member != null && member.anyString(string -> string.contains(text));
    }
  }
}
