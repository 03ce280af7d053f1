package dev.tracekeep.adapter.mongo;

import com.mongodb.client.model.Filters;
import dev.tracekeep.adapter.mongo.DedupeArchive.Loser;
import dev.tracekeep.adapter.mongo.DuplicateDocuments.Group;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bson.BsonValue;
import org.bson.RawBsonDocument;
import org.jspecify.annotations.Nullable;

/**
 * Ranks the documents of duplicate keys and names those that lose. Of ordinary keys, what decides
 * about all copies of many keys is held at once; of a hot key, however many copies it has, only the
 * best one so far.
 */
final class LoserSearch {
  /** Losers handed over at once. */
  private static final int LOSERS_AT_ONCE = 1000;

  private final DuplicateDocuments duplicates;

  LoserSearch(DuplicateDocuments duplicates) {
    this.duplicates = duplicates;
  }

  /**
   * How much a document says.
   *
   * @param fields its fields that are not null
   * @param bytes the bytes of its texts, in UTF-8
   */
  record Saying(long fields, long bytes) implements Comparable<Saying> {
    static Saying of(RawBsonDocument document) {
      long fields = document.values().stream().filter(value -> !value.isNull()).count();
      return new Saying(fields, DocumentHash.textBytes(document));
    }

    @Override
    public int compareTo(Saying other) {
      int order = Long.compare(fields, other.fields);
      return order != 0 ? order : Long.compare(bytes, other.bytes);
    }
  }

  /** A document among its equals, told apart by how much it says, and then by its content. */
  private record Contender(DocumentRank rank, Saying saying, String content) {
    static final Comparator<Contender> ORDER =
        Comparator.comparing(Contender::saying)
            .thenComparing(Contender::content)
            .thenComparing(contender -> DocumentHash.name("", List.of(), contender.rank().id()));

    static Contender of(DocumentRank rank, RawBsonDocument document) {
      return new Contender(rank, Saying.of(document), DocumentHash.content(document));
    }
  }

  /** Finds the losers of keys with few copies each. */
  void ordinary(List<Group> groups, Consumer<List<Loser>> action) {
    for (int i = 0; i < groups.size(); i += DuplicateDocuments.KEYS_AT_ONCE) {
      some(groups.subList(i, Math.min(groups.size(), i + DuplicateDocuments.KEYS_AT_ONCE)), action);
    }
  }

  private void some(List<Group> groups, Consumer<List<Loser>> action) {
    Map<List<String>, List<DocumentRank>> byKey = new LinkedHashMap<>();
    duplicates.forEachRank(
        groups.stream().map(Group::key).toList(),
        rank -> byKey.computeIfAbsent(rank.key(), key -> new ArrayList<>()).add(rank));
    Map<List<String>, List<DocumentRank>> best = new HashMap<>();
    byKey.forEach((key, ranks) -> best.put(key, best(ranks)));
    Map<BsonValue, Contender> contenders =
        contenders(best.values().stream().filter(ranks -> ranks.size() > 1).toList());
    List<Loser> losers = new ArrayList<>();
    for (Map.Entry<List<String>, List<DocumentRank>> key : byKey.entrySet()) {
      DocumentRank winner = winner(best.getOrDefault(key.getKey(), List.of()), contenders);
      if (winner == null) {
        continue; // it is gone or changed by now: the next round looks again
      }
      for (DocumentRank rank : key.getValue()) {
        if (!rank.id().equals(winner.id())) {
          losers.add(new Loser(rank, winner));
        }
      }
    }
    for (int i = 0; i < losers.size(); i += LOSERS_AT_ONCE) {
      action.accept(losers.subList(i, Math.min(losers.size(), i + LOSERS_AT_ONCE)));
    }
  }

  private static @Nullable DocumentRank winner(
      List<DocumentRank> best, Map<BsonValue, Contender> contenders) {
    if (best.size() == 1) {
      return best.get(0);
    }
    Contender winner = null;
    for (DocumentRank rank : best) {
      Contender contender = contenders.get(rank.id());
      if (contender != null && (winner == null || Contender.ORDER.compare(contender, winner) > 0)) {
        winner = contender;
      }
    }
    return winner == null ? null : winner.rank();
  }

  /** Those that the rule ranks first, most often one. */
  private static List<DocumentRank> best(List<DocumentRank> ranks) {
    List<DocumentRank> best = new ArrayList<>();
    for (DocumentRank rank : ranks) {
      int order = best.isEmpty() ? 1 : DocumentRank.ORDER.compare(rank, best.get(0));
      if (order > 0) {
        best.clear();
      }
      if (order >= 0) {
        best.add(rank);
      }
    }
    return best;
  }

  /** Looks at the content of those that are equal in all else. */
  private Map<BsonValue, Contender> contenders(Collection<List<DocumentRank>> equals) {
    Map<BsonValue, DocumentRank> byId = new HashMap<>();
    equals.forEach(ranks -> ranks.forEach(rank -> byId.put(rank.id(), rank)));
    Map<BsonValue, Contender> contenders = new HashMap<>();
    if (!byId.isEmpty()) {
      duplicates.forEachDocument(
          Filters.in("_id", byId.keySet()),
          document -> {
            DocumentRank rank = DocumentRank.of(document, duplicates.columns());
            if (rank.equals(byId.get(rank.id()))) {
              contenders.put(rank.id(), Contender.of(rank, document));
            }
          });
    }
    return contenders;
  }

  /** Finds the losers of one key in two passes over its documents. */
  void hot(Group group, Consumer<List<Loser>> action) {
    Best best = new Best();
    duplicates.forEachDocument(duplicates.hasKey(group.key()), best::offer);
    DocumentRank winner = best.rank;
    if (winner == null) {
      return;
    }
    List<Loser> losers = new ArrayList<>();
    duplicates.forEachRank(
        List.of(group.key()),
        rank -> {
          // A better one that came between the passes is for the next round.
          if (!rank.id().equals(winner.id()) && DocumentRank.ORDER.compare(rank, winner) <= 0) {
            losers.add(new Loser(rank, winner));
          }
          if (losers.size() == LOSERS_AT_ONCE) {
            action.accept(losers);
            losers.clear();
          }
        });
    if (!losers.isEmpty()) {
      action.accept(losers);
    }
  }

  /** The best document so far; its content is looked at when another is as good in all else. */
  private final class Best {
    private @Nullable DocumentRank rank;
    private @Nullable RawBsonDocument document;
    private @Nullable Contender contender;

    void offer(RawBsonDocument other) {
      DocumentRank otherRank = DocumentRank.of(other, duplicates.columns());
      int order = rank == null ? 1 : DocumentRank.ORDER.compare(otherRank, rank);
      Contender otherContender = null;
      if (order == 0 && rank != null && document != null) {
        if (contender == null) {
          contender = Contender.of(rank, document);
        }
        otherContender = Contender.of(otherRank, other);
        order = Contender.ORDER.compare(otherContender, contender);
      }
      if (order > 0) {
        rank = otherRank;
        document = other;
        contender = otherContender;
      }
    }
  }
}
