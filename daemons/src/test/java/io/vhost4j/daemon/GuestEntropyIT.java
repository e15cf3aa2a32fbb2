package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.LinuxGuest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** The daemon's source of entropy as {@code /dev/hwrng} of a Debian guest under QEMU. */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class GuestEntropyIT {
  /** A multiple of what the guest asks for at a time. */
  private static final int FIRST_BYTES = 80_000;

  @TempDir Path directory;

  @Test
  void ddReadsTheBytesOfAFileExactly_AlsoAfterItWasDry() throws Exception {
    Path share = Files.createDirectory(directory.resolve("share"));
    byte[] bytes = NumberedBytes.of('q', 0, 100_000);
    Path source = directory.resolve("source");
    Files.write(source, Arrays.copyOf(bytes, FIRST_BYTES));
    String script =
        """
        set -e
        dd if=/dev/hwrng of=/tmp/first bs=4096 count=4 iflag=fullblock
        dd if=/dev/hwrng of=/tmp/second bs=4096 count=32 iflag=fullblock & reader=$!
        sleep 3
        kill -0 $reader
        echo dry
        wait $reader
        cp /tmp/first /tmp/second .
        """;
    Path socket = directory.resolve("rng0");
    try (Daemon daemon =
            Daemon.startDevice("rng", "-s", directory.resolve("rng").toString(), "-f" + source)
                .awaitReady();
        LinuxGuest guest =
            LinuxGuest.underQemu()
                .share(share)
                .device(socket, 4, "vhost-user-rng-pci")
                .run(script)) {
      guest.awaitLine("dry");
      Files.write(
          source, Arrays.copyOfRange(bytes, FIRST_BYTES, bytes.length), StandardOpenOption.APPEND);
      guest.awaitSuccess();
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
    }
    NumberedBytes.assertInOrder(share.resolve("first"), 'q', 4 * 4096);
    NumberedBytes.assertInOrder(share.resolve("second"), 'q', 32 * 4096);
  }
}
