package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.LinuxGuest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** The daemon's sources of entropy as {@code /dev/hwrng} of a user-mode Linux. */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlEntropyIT {
  private static final int WORDS = NumberedBytes.BLOCK / 8;

  @TempDir Path directory;
  private Path share;

  @BeforeEach
  void makeShare() throws IOException {
    share = Files.createDirectory(directory.resolve("share"));
  }

  private LinuxGuest boot(String script, Path... sockets) throws IOException {
    LinuxGuest.Builder guest = LinuxGuest.inUserMode().share(share);
    for (Path socket : sockets) {
      guest.device(socket, 4, "vhost-user-rng-pci");
    }
    // Or the kernel would feed its own pool from the source until it holds it for full.
    guest.options("--kernel-arg", "rng_core.default_quality=0");
    return guest.run("set -e\n" + script);
  }

  private Path source(char letter, int words) throws IOException {
    return Files.write(directory.resolve(letter + ".bin"), NumberedBytes.of(letter, 0, words));
  }

  @Test
  void eachGuestDeviceGivesTheBytesOfItsFileExactly() throws Exception {
    Path prefix = directory.resolve("rng");
    String script =
        """
        hwrng=/sys/class/misc/hw_random
        for i in 0 1; do
          echo virtio_rng.$i >$hwrng/rng_current
          dd if=/dev/hwrng of=read.$i bs=4096 count=16 iflag=fullblock
        done
        """;
    try (Daemon daemon =
            Daemon.startDevice(
                    "rng",
                    "-s",
                    prefix.toString(),
                    "-c",
                    "2",
                    "-f",
                    source('a', 40_000).toString(),
                    "--filename=" + source('b', 40_000))
                .awaitReady();
        LinuxGuest guest = boot(script, directory.resolve("rng0"), directory.resolve("rng1"))) {
      guest.awaitSuccess();
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
    }
    assertThat(directory.resolve("rng0")).doesNotExist();
    NumberedBytes.assertInOrder(share.resolve("read.0"), 'a', 16 * 4096);
    NumberedBytes.assertInOrder(share.resolve("read.1"), 'b', 16 * 4096);
  }

  /** More than the guest reads at first, as its kernel may take some. */
  private static final int FIRST_BLOCKS = 10;

  /** Reads what there is, waits in vain, and reads what comes later. */
  private static final String WAITING =
      """
      dd if=/dev/hwrng of=first bs=256 count=1 iflag=fullblock
      timeout 2 dd if=/dev/hwrng of=rest bs=64 && exit 1
      timeout 1 dd if=/dev/hwrng of=nothing bs=64 count=1 && exit 1
      dd if=/dev/hwrng of=second bs=256 count=2 iflag=fullblock & reader=$!
      sleep 1
      kill -0 $reader
      echo dry
      wait $reader
      dd if=/dev/hwrng of=third bs=256 count=1 iflag=fullblock
      """;

  private void assertGuestReadsOn() throws IOException {
    NumberedBytes.assertInOrder(share.resolve("first"), 'd', 256);
    assertThat(share.resolve("nothing")).isEmptyFile();
    NumberedBytes.assertInOrder(share.resolve("second"), 'd', 512);
    NumberedBytes.assertInOrder(share.resolve("third"), 'd', 256);
  }

  @Test
  void aFileThatEndsDoesNotWedgeTheGuest() throws Exception {
    Path socket = directory.resolve("rng.sock");
    Path source = source('d', FIRST_BLOCKS * WORDS);
    try (Daemon daemon =
            Daemon.startDevice("rng", "--socket=" + socket, "--rng-source=" + source).awaitReady();
        LinuxGuest guest = boot(WAITING, socket)) {
      guest.awaitLine("dry");
      Files.write(
          source,
          NumberedBytes.of('d', FIRST_BLOCKS * WORDS, 50 * WORDS),
          StandardOpenOption.APPEND);
      guest.awaitSuccess();
      daemon.terminate();
      assertThat(daemon.err()).anySatisfy(line -> assertThat(line).contains("has ended"));
    }
    assertGuestReadsOn();
  }

  @Test
  void aFifoThatRunsDryDoesNotWedgeTheGuest() throws Exception {
    Path socket = directory.resolve("rng.sock");
    Path fifo = directory.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    try (FileChannel end =
            FileChannel.open(fifo, StandardOpenOption.READ, StandardOpenOption.WRITE);
        Daemon daemon =
            Daemon.startDevice("rng", "--socket=" + socket, "--rng-source=" + fifo).awaitReady()) {
      end.write(ByteBuffer.wrap(NumberedBytes.of('d', 0, FIRST_BLOCKS * WORDS)));
      try (LinuxGuest guest = boot(WAITING, socket)) {
        guest.awaitLine("dry");
        end.write(ByteBuffer.wrap(NumberedBytes.of('d', FIRST_BLOCKS * WORDS, 50 * WORDS)));
        guest.awaitSuccess();
      }
      daemon.terminate();
      assertThat(daemon.exitStatus()).as("ends although the FIFO is silent").isZero();
    }
    assertGuestReadsOn();
  }
}
