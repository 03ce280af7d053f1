package dev.tracekeep.adapter.mongo;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.bson.BsonArray;
import org.bson.BsonDocument;
import org.bson.BsonString;
import org.bson.BsonValue;
import org.bson.ByteBuf;
import org.bson.RawBsonDocument;
import org.bson.codecs.BsonDocumentCodec;

/**
 * A hash of documents as a bag: their order does not matter, how often each is there does. It is
 * the sum of their SHA-256, so it is made of any number of documents in constant memory.
 */
final class DocumentHash {
  private final Collection<String> without;
  private long high;
  private long low;
  private long documents;

  /**
   * @param without fields that do not count
   */
  DocumentHash(Collection<String> without) {
    this.without = without;
  }

  void add(RawBsonDocument document) {
    ByteBuffer hash = ByteBuffer.wrap(sha256(without(document, without)));
    high += hash.getLong();
    low += hash.getLong();
    documents++;
  }

  /** Adds what was hashed before. */
  void add(long count, String hash) {
    high += HexFormat.fromHexDigitsToLong(hash, 0, 16);
    low += HexFormat.fromHexDigitsToLong(hash, 16, 32);
    documents += count;
  }

  /** How many documents were added. */
  long documents() {
    return documents;
  }

  @Override
  public String toString() {
    return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
  }

  /** The document without some fields; itself if it has none of them. */
  static RawBsonDocument without(RawBsonDocument document, Collection<String> fields) {
    if (fields.isEmpty() || fields.stream().noneMatch(document::containsKey)) {
      return document;
    }
    BsonDocument copy = new BsonDocument();
    for (Map.Entry<String, BsonValue> field : document.entrySet()) {
      if (!fields.contains(field.getKey())) {
        copy.append(field.getKey(), field.getValue());
      }
    }
    return raw(copy);
  }

  static RawBsonDocument raw(BsonDocument document) {
    return document instanceof RawBsonDocument raw
        ? raw
        : new RawBsonDocument(document, new BsonDocumentCodec());
  }

  /** The bytes of all texts in a value, in UTF-8. */
  static long textBytes(BsonValue value) {
    if (value.isString()) {
      return value.asString().getValue().getBytes(StandardCharsets.UTF_8).length;
    }
    if (value.isDocument()) {
      return value.asDocument().values().stream().mapToLong(DocumentHash::textBytes).sum();
    }
    return value.isArray() ? value.asArray().stream().mapToLong(DocumentHash::textBytes).sum() : 0;
  }

  /** The content of a document, which is all but its {@code _id}, as text that compares. */
  static String content(RawBsonDocument document) {
    return HexFormat.of().formatHex(sha256(without(document, List.of("_id"))));
  }

  /** A name for a document within a migration, the same at every try. */
  static String name(String migrationId, List<String> key, BsonValue id) {
    BsonArray keys = new BsonArray(key.stream().map(BsonString::new).toList());
    BsonDocument named =
        new BsonDocument("migration", new BsonString(migrationId))
            .append("key", keys)
            .append("id", id);
    return HexFormat.of().formatHex(sha256(raw(named)));
  }

  private static byte[] sha256(RawBsonDocument document) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      ByteBuf bytes = document.getByteBuffer();
      digest.update(bytes.asNIO());
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(
          "This Java platform lacks SHA-256, which its specification requires", e);
    }
  }
}
