package dev.tracekeep.span;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256, which every Java platform must have. */
final class Digests {
  private static final ThreadLocal<MessageDigest> SHA_256 =
      ThreadLocal.withInitial(Digests::create);

  private Digests() {}

  static byte[] sha256(byte[] content) {
    return sha256(content, content.length);
  }

  static byte[] sha256(byte[] content, int length) {
    MessageDigest digest = SHA_256.get();
    digest.update(content, 0, length);
    return digest.digest();
  }

  private static MessageDigest create() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(
          "This Java platform lacks SHA-256, which its specification requires", e);
    }
  }
}
