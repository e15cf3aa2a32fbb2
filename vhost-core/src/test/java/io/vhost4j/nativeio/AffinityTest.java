package io.vhost4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class AffinityTest {
  @Test
  void theProcessorsAreThoseThatTheKernelTells() throws Exception {
    String list =
        Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
            .filter(line -> line.startsWith("Cpus_allowed_list:"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .findFirst()
            .orElseThrow();
    BitSet expected = new BitSet();
    for (String range : list.split(",", -1)) {
      String[] ends = range.split("-", -1);
      expected.set(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]) + 1);
    }
    assertThat(Affinity.allowed()).isEqualTo(expected);
  }

  @Test
  void aPinnedThreadRunsOnOneProcessor() throws Exception {
    int last = Affinity.allowed().length() - 1;
    FutureTask<BitSet> task =
        new FutureTask<>(
            () -> {
              Affinity.pin(last);
              return Affinity.allowed();
            });
    Thread thread = new Thread(task);
    thread.start();
    BitSet one = new BitSet();
    one.set(last);
    assertThat(task.get()).isEqualTo(one);
  }

  @Test
  void aProcessorThatIsNotThereIsRefused() {
    assertThatThrownBy(() -> Affinity.pin(8000))
        .isInstanceOf(NativeIoException.class)
        .hasMessageContaining("sched_setaffinity");
  }
}
