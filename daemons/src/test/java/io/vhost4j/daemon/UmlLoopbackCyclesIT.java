package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * Cards that one process has come and go, 100 times, each with a driver that starts it, while the
 * module is unloaded and loaded in between: nothing is left behind.
 */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackCyclesIT {
  private static final int ROUNDS = 11; // the first one warms up
  private static final int CYCLES = 10;

  private static final Pattern HELD =
      Pattern.compile(
          "(\\d+) descriptors, (\\d+) mappings of cards, (\\d+) threads, (\\d+) KiB of heap");

  private LoopbackGuest guest;

  @BeforeAll
  @Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheMachine(@TempDir Path directory) throws Exception {
    guest = new LoopbackGuest(directory);
    guest.run(
        1,
        """
        mkfifo /tmp/rounds
        said() { [ $(wc -l <cycles.out) -eq $1 ]; }
        chroot $H $JAVA_HOME/bin/java -XX:+UseSerialGC -Xmx64m -cp '@TESTS@:@LIB@/*' \\
          -Djava.library.path=@LIB@/native/x86_64 -Djna.nosys=true -Djna.nounpack=true \\
          -Djna.boot.library.path=@LIB@/native/x86_64 io.vhost4j.daemon.LoopbackCycles \\
          </tmp/rounds >cycles.out 2>cycles.err & cycles=$!
        exec 5>/tmp/rounds
        round=1
        while [ $round -le @ROUNDS@ ]; do
          echo @CYCLES@ >&5
          until_so said $round
          until_so rmmod virtio_loopback
          insmod ./virtio-loopback.ko devices=1
          round=$((round + 1))
        done
        exec 5>&-
        wait $cycles
        until_so rmmod virtio_loopback
        """
            .replace("@TESTS@", tests().toString())
            .replace("@LIB@", Daemon.DISTRIBUTION.resolve("lib").toString())
            .replace("@ROUNDS@", String.valueOf(ROUNDS))
            .replace("@CYCLES@", String.valueOf(CYCLES)));
  }

  private static Path tests() throws Exception {
    return Path.of(
        LoopbackCycles.class.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  private long[] held(String line) {
    Matcher held = HELD.matcher(line);
    assertThat(held.matches()).as(line).isTrue();
    long[] numbers = new long[held.groupCount()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Long.parseLong(held.group(i + 1));
    }
    return numbers;
  }

  @Test
  void aHundredCardsLeaveNothingInTheProcess() throws Exception {
    List<String> rounds = guest.lines("cycles.out");
    assertThat(rounds).hasSize(ROUNDS);
    System.out.println("first " + rounds.get(0) + "\nlast  " + rounds.get(ROUNDS - 1));
    long[] first = held(rounds.get(0));
    long[] last = held(rounds.get(ROUNDS - 1));
    assertThat(last[0]).as("descriptors").isEqualTo(first[0]);
    assertThat(last[1]).as("mappings of cards").isZero();
    assertThat(last[2]).as("threads").isEqualTo(first[2]);
    assertThat(last[3]).as("KiB of heap").isLessThan(first[3] + 512);
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    guest.assertNoComplaint();
  }
}
