package dev.tracekeep.storage.spi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptimisticBulkPolicyTest {
  /** C: a direct try met a conflict. N: a merge met new keys alone. O: a merge met old keys. */
  @ParameterizedTest
  @CsvSource({
    "'', true",
    "C, false",
    "CO, false",
    "CN, false",
    "CNN, true",
    "CNNN, true",
    "CNON, false",
    "CNONN, true",
    "CNNC, false",
    "CNNCN, false",
    "CNNCNN, true",
    "N, true",
    "O, false",
    "NNNNO, false",
    "OOOON, false",
    "OOOONN, true"
  })
  void policy_triesDirectlyAfterTwoCleanMerges(String events, boolean direct) {
    OptimisticBulkPolicy policy = new OptimisticBulkPolicy();

    for (char event : events.toCharArray()) {
      switch (event) {
        case 'C' -> policy.directConflicted();
        case 'N' -> policy.merged(0);
        default -> policy.merged(3);
      }
    }

    assertThat(policy.shouldTryDirect()).isEqualTo(direct);
  }

  @Test
  void policy_endsInAKnownStateWhateverThreadsDo() throws Exception {
    OptimisticBulkPolicy policy = new OptimisticBulkPolicy();
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        int existing = i % 2;
        running.add(
            threads.submit(
                () -> {
                  for (int n = 0; n < 5_000; n++) {
                    policy.merged(existing);
                    policy.shouldTryDirect();
                  }
                }));
      }
      for (Future<?> future : running) {
        future.get();
      }
    } finally {
      threads.shutdownNow();
    }

    policy.directConflicted();
    assertThat(policy.shouldTryDirect()).isFalse();
    policy.merged(0);
    assertThat(policy.shouldTryDirect()).isFalse();
    policy.merged(0);
    assertThat(policy.shouldTryDirect()).isTrue();
  }
}
