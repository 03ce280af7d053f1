package dev.tracekeep.otlp;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells metrics and log records in protobuf from spans. Their requests are built alike, so that
 * only the wire types of the innermost fields differ.
 */
final class OtherSignals {
  /** The name of a metric, the trace id of a span. */
  private static final int FIRST = key(1, WireFormat.WIRETYPE_LENGTH_DELIMITED);

  private static final int START = key(7, WireFormat.WIRETYPE_FIXED64);
  private static final int END = key(8, WireFormat.WIRETYPE_FIXED64);

  /** Time, severity and observed time of a log record: a span has no such fields. */
  private static final Set<Integer> LOG_RECORD =
      Set.of(
          key(1, WireFormat.WIRETYPE_FIXED64),
          key(2, WireFormat.WIRETYPE_VARINT),
          key(11, WireFormat.WIRETYPE_FIXED64));

  /** The kinds of data of a metric, from gauge to summary. */
  private static final Set<Integer> METRIC =
      Set.of(
          key(5, WireFormat.WIRETYPE_LENGTH_DELIMITED),
          key(7, WireFormat.WIRETYPE_LENGTH_DELIMITED),
          key(9, WireFormat.WIRETYPE_LENGTH_DELIMITED),
          key(10, WireFormat.WIRETYPE_LENGTH_DELIMITED),
          key(11, WireFormat.WIRETYPE_LENGTH_DELIMITED));

  private OtherSignals() {}

  private static int key(int field, int wireType) {
    return field << 3 | wireType;
  }

  /** What is said of the record; null if it is no record of another signal. */
  static @Nullable String of(byte[] bytes) throws IOException {
    Set<Integer> keys = new HashSet<>();
    ByteString first = ByteString.EMPTY;
    CodedInputStream in = CodedInputStream.newInstance(bytes);
    try {
      for (int key = in.readTag(); key != 0; key = in.readTag()) {
        keys.add(key);
        if (key == FIRST) {
          first = in.readBytes();
        } else if (!in.skipField(key)) {
          break;
        }
      }
    } catch (InvalidProtocolBufferException damaged) {
      return null;
    }
    if (keys.stream().anyMatch(LOG_RECORD::contains)) {
      String text = new String(bytes, StandardCharsets.ISO_8859_1);
      return RequestFinder.passedOver("logs", text.contains(RequestFinder.MESSAGE_PREFIX));
    }
    return !keys.contains(START)
            && !keys.contains(END)
            && isName(first)
            && keys.stream().anyMatch(METRIC::contains)
        ? RequestFinder.passedOver("metrics", false)
        : null;
  }

  /** Whether this can be the name of a metric: where that stands, a span has 16 random bytes. */
  private static boolean isName(ByteString bytes) {
    return !bytes.isEmpty()
        && bytes.isValidUtf8()
        && bytes.toStringUtf8().chars().noneMatch(Character::isISOControl);
  }
}
