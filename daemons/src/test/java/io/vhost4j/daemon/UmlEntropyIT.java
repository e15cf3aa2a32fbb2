package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** The daemon's sources of entropy as {@code /dev/hwrng} of a user-mode Linux. */
@DriverTest(
    device = "rng",
    driver = "virtio_rng",
    kernel = "Linux 7.3, user-mode",
    transport = "vhost-user")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlEntropyIT {
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
    return guest.run(OnlyReader.SCRIPT + script);
  }

  private Path source(char letter) throws IOException {
    return Files.createFile(directory.resolve(letter + ".bin"));
  }

  private static void append(Path source, byte[] bytes) throws IOException {
    Files.write(source, bytes, StandardOpenOption.APPEND);
  }

  @Test
  void eachGuestDeviceGivesTheBytesOfItsFileExactly() throws Exception {
    Path prefix = directory.resolve("rng");
    Path a = source('a');
    Path b = source('b');
    String script =
        """
        for i in 0 1; do
          pick $i
          dd if=/dev/hwrng of=read.$i bs=4096 count=16 iflag=fullblock
        done
        """;
    String[] line = {
      "-s", prefix.toString(), "-c", "2", "-f", a.toString(), "--filename=" + b,
    };
    try (Daemon daemon = Daemon.startDevice("rng", line).awaitReady();
        LinuxGuest guest = boot(script, directory.resolve("rng0"), directory.resolve("rng1"))) {
      guest.awaitLine("alone");
      append(a, NumberedBytes.of('a', 0, 80_000));
      append(b, NumberedBytes.of('b', 0, 80_000));
      guest.awaitSuccess();
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
    }
    assertThat(directory.resolve("rng0")).doesNotExist();
    NumberedBytes.assertExactly(share.resolve("read.0"), 'a', 0, 16 * 4096);
    NumberedBytes.assertExactly(share.resolve("read.1"), 'b', 0, 16 * 4096);
  }

  /** Bytes that are there before the source runs dry. */
  private static final int FIRST = 640;

  /** Bytes that come later. */
  private static final int LATER = 3200;

  /** Reads what there is, waits in vain, and reads what comes later. */
  private static final String WAITING =
      """
      dd if=/dev/hwrng of=first bs=64 count=10 iflag=fullblock
      timeout 1 dd if=/dev/hwrng of=nothing bs=64 count=1 && exit 1
      dd if=/dev/hwrng of=second bs=256 count=2 iflag=fullblock & reader=$!
      sleep 1
      kill -0 $reader
      echo dry
      wait $reader
      dd if=/dev/hwrng of=third bs=256 count=4 iflag=fullblock
      """;

  private void assertGuestReadsOn() throws IOException {
    NumberedBytes.assertExactly(share.resolve("first"), 'd', 0, FIRST);
    assertThat(share.resolve("nothing")).isEmptyFile();
    NumberedBytes.assertExactly(share.resolve("second"), 'd', FIRST, 512);
    NumberedBytes.assertExactly(share.resolve("third"), 'd', FIRST + 512, 1024);
  }

  @Test
  void aFileThatEndsDoesNotWedgeTheGuest() throws Exception {
    Path socket = directory.resolve("rng.sock");
    Path source = source('d');
    try (Daemon daemon =
            Daemon.startDevice("rng", "--socket=" + socket, "--rng-source=" + source).awaitReady();
        LinuxGuest guest = boot(WAITING, socket)) {
      guest.awaitLine("alone");
      append(source, NumberedBytes.of('d', 0, FIRST));
      guest.awaitLine("dry");
      append(source, NumberedBytes.of('d', FIRST, LATER));
      guest.awaitSuccess();
      daemon.terminate();
      assertThat(daemon.err()).anySatisfy(line -> assertThat(line).contains("has ended"));
    }
    assertGuestReadsOn();
  }

  /** Leaves a buffer with the device, takes the driver away, and binds it again when it may. */
  private static final String UNBINDING =
      """
      timeout 1 dd if=/dev/hwrng of=nothing bs=64 count=1 && exit 1
      for round in 1 2; do
        echo $devices >$driver/unbind
        echo "unbound $round"
        until [ -e go.$round ]; do usleep 50000; done
        echo 1 >$threads
        echo $devices >$driver/bind
        echo $most >$threads
        dd if=/dev/hwrng of=bound.$round bs=64 count=1 iflag=fullblock
        timeout 1 dd if=/dev/hwrng of=nothing bs=64 count=1 && exit 1
      done
      ! dmesg | grep -E 'WARNING:|BUG:'
      """;

  /** User-mode Linux frees rings and buffers as soon as all rings are disabled. */
  @Test
  void nothingIsWrittenIntoTheBufferOfADriverThatIsGone_C15() throws Exception {
    Path socket = directory.resolve("rng.sock");
    Path source = source('u');
    Metrics metrics = Metrics.anywhere();
    String[] line = {"--socket=" + socket, "--rng-source=" + source, metrics.option()};
    try (Daemon daemon = Daemon.startDevice("rng", line).awaitReady();
        LinuxGuest guest = boot(UNBINDING, socket)) {
      for (int round = 1; round <= 2; round++) {
        guest.awaitLine("unbound " + round);
        double buffers = metrics.ofQueue(0, "buffers");
        double notifications = metrics.ofQueue(0, "notifications");
        byte[] bytes = NumberedBytes.of('u', (round - 1) * 64, 64);
        append(source, bytes);
        Thread.sleep(2500); // a file that has ended is looked at every second
        assertThat(guestMemoryHolds(bytes)).as("written into memory of the guest").isFalse();
        assertThat(metrics.ofQueue(0, "notifications")).isEqualTo(notifications);
        assertThat(metrics.ofQueue(0, "buffers")).isEqualTo(buffers);
        Files.createFile(share.resolve("go." + round));
      }
      guest.awaitSuccess();
      assertThat(daemon.isAlive()).isTrue();
    }
    assertThat(share.resolve("nothing")).isEmptyFile();
    for (int round = 1; round <= 2; round++) {
      NumberedBytes.assertExactly(share.resolve("bound." + round), 'u', (round - 1) * 64, 64);
    }
  }

  /** Whether the memory of the only guest has these bytes in one piece. */
  private static boolean guestMemoryHolds(byte[] wanted) throws IOException {
    ProcessHandle linux =
        ProcessHandle.current()
            .descendants()
            .filter(process -> process.info().command().orElse("").endsWith("/linux"))
            .min(Comparator.comparingLong(ProcessHandle::pid))
            .orElseThrow();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(Path.of("/proc/" + linux.pid() + "/fd"))) {
      for (Path file : files) {
        if (Files.readSymbolicLink(file).toString().endsWith("(deleted)")) {
          String all = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
          return all.contains(new String(wanted, StandardCharsets.ISO_8859_1));
        }
      }
    }
    throw new AssertionError("the memory of the guest is not to be found");
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
      try (LinuxGuest guest = boot(WAITING, socket)) {
        guest.awaitLine("alone");
        end.write(ByteBuffer.wrap(NumberedBytes.of('d', 0, FIRST)));
        guest.awaitLine("dry");
        end.write(ByteBuffer.wrap(NumberedBytes.of('d', FIRST, LATER)));
        guest.awaitSuccess();
      }
      daemon.terminate();
      assertThat(daemon.exitStatus()).as("ends although the FIFO is silent").isZero();
    }
    assertGuestReadsOn();
  }
}
