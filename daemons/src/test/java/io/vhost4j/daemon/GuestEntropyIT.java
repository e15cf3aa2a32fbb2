package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** The daemon's source of entropy as {@code /dev/hwrng} of a Debian guest under QEMU. */
@DriverTest(
    device = "rng",
    driver = "virtio_rng",
    kernel = "Linux 6.12, QEMU",
    transport = "vhost-user")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class GuestEntropyIT {
  /** Bytes that are there before the source runs dry, in the middle of what the guest reads. */
  private static final int FIRST = 80_000;

  @TempDir Path directory;

  @Test
  void ddReadsTheBytesOfAFileExactly_AlsoAfterItWasDry() throws Exception {
    Path share = Files.createDirectory(directory.resolve("share"));
    Path source = Files.createFile(directory.resolve("source"));
    String script =
        OnlyReader.SCRIPT
            + """
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
      guest.awaitLine("alone");
      Files.write(source, NumberedBytes.of('q', 0, FIRST), StandardOpenOption.APPEND);
      guest.awaitLine("dry");
      Files.write(source, NumberedBytes.of('q', FIRST, 200_000), StandardOpenOption.APPEND);
      guest.awaitSuccess();
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
    }
    NumberedBytes.assertExactly(share.resolve("first"), 'q', 0, 4 * 4096);
    NumberedBytes.assertExactly(share.resolve("second"), 'q', 4 * 4096, 32 * 4096);
  }
}
