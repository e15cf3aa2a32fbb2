package io.vhost4j.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

class LoadWatchTest {
  @Test
  void whoLooksIsNoLoad() {
    String line = "0.20 0.18 0.12 3/80 11206";

    assertThat(LoadWatch.averages(line)).isEqualTo("0.20 0.18 0.12");
    assertThat(LoadWatch.others(line)).isEqualTo(2);
  }

  @Test
  @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
  void whatElseRunsIsSeenBeforeAndBetweenTurns() throws Exception {
    LoadWatch quiet = new LoadWatch();
    List<Process> busy = new ArrayList<>();
    try {
      for (int i = 0; i < 4; i++) {
        busy.add(new ProcessBuilder("sh", "-c", "while :; do :; done").start());
      }
      int begun = quiet.seen().looks();
      while (quiet.seen().mostBetween() < 4) { // they need a moment to begin
        quiet.look();
      }

      assertThat(begun).isZero();
      assertThat(quiet.seen().toString()).contains("at most");
      assertThat(new LoadWatch().seen().tasksBefore()).isGreaterThanOrEqualTo(4);
    } finally {
      busy.forEach(Process::destroyForcibly);
    }
  }
}
