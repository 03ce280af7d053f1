package dev.tracekeep.otlp;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import java.nio.charset.StandardCharsets;

/**
 * Mends text in a protobuf message that is not UTF-8. Writers cut long strings at a number of
 * bytes, in the middle of a character; the parser refuses the whole message for it.
 */
final class TextRepair {
  /** Each level copies all that is in it: deeper messages are left as they are. */
  private static final int MAX_DEPTH = 32;

  private TextRepair() {}

  /**
   * The message with U+FFFD in place of the bytes that are no text.
   *
   * @throws InvalidProtocolBufferException if it is damaged in another way
   */
  static ByteString mended(ByteString message, Descriptor type)
      throws InvalidProtocolBufferException {
    return mended(message, type, 0);
  }

  private static ByteString mended(ByteString message, Descriptor type, int depth)
      throws InvalidProtocolBufferException {
    if (depth > MAX_DEPTH) {
      return message;
    }
    UnknownFieldSet fields = UnknownFieldSet.parseFrom(message);
    UnknownFieldSet.Builder mended = UnknownFieldSet.newBuilder(fields);
    for (FieldDescriptor field : type.getFields()) {
      boolean isText = field.getType() == FieldDescriptor.Type.STRING;
      boolean isMessage = field.getType() == FieldDescriptor.Type.MESSAGE;
      if ((isText || isMessage) && fields.hasField(field.getNumber())) {
        UnknownFieldSet.Field.Builder values = UnknownFieldSet.Field.newBuilder();
        for (ByteString value : fields.getField(field.getNumber()).getLengthDelimitedList()) {
          values.addLengthDelimited(
              isText ? text(value) : mended(value, field.getMessageType(), depth + 1));
        }
        mended.addField(field.getNumber(), values.build());
      }
    }
    return mended.build().toByteString();
  }

  private static ByteString text(ByteString value) {
    return value.isValidUtf8()
        ? value
        : ByteString.copyFromUtf8(value.toString(StandardCharsets.UTF_8));
  }
}
