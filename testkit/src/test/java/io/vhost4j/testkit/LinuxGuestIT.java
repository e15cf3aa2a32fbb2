package io.vhost4j.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.queue.PostedBuffers;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** A device of a test in a Linux that does what it is told. */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class LinuxGuestIT {
  private static final int ENTROPY = 4;
  private static final String QEMU_DEVICE = "vhost-user-rng-pci";

  @TempDir Path directory;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private Path socket;

  /** Gives the letter x. */
  private static final class Letters implements VirtioDevice {
    private final PostedBuffers buffers =
        new PostedBuffers(
            buffer -> {
              buffer.writeByte((byte) 'x');
              return 1;
            });

    @Override
    public int deviceType() {
      return ENTROPY;
    }

    @Override
    public String name() {
      return "letters";
    }

    @Override
    public int queueCount() {
      return 1;
    }

    @Override
    public QueueHandler queue(int index) {
      return buffers;
    }
  }

  @BeforeEach
  void serve() throws Exception {
    socket = directory.resolve("letters.sock");
    Guest.await(VhostUserServer.create(vertx, new Letters()).listen(socket));
  }

  @AfterEach
  void close() throws Exception {
    Guest.await(vertx.close());
  }

  private void assertObeys(LinuxGuest.Builder builder) throws Exception {
    try (LinuxGuest guest = builder.device(socket, ENTROPY, QEMU_DEVICE).boot()) {
      assertThat(guest.run("dd if=/dev/hwrng bs=1 count=3 2>/dev/null; echo; echo two"))
          .isEqualTo("xxx\ntwo\n");
      assertThatThrownBy(() -> guest.run("echo no luck; false"))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("status 1")
          .hasMessageContaining("no luck");
      assertThat(guest.run("exit 0")).as("ends the command alone").isEmpty();
      assertThat(guest.run("uname -s")).isEqualTo("Linux\n");
      guest.requireAlive();
      guest.end();
    }
  }

  @Test
  void inUserModeItDoesWhatItIsTold() throws Exception {
    assertObeys(LinuxGuest.inUserMode());
  }

  @Test
  void underQemuItDoesWhatItIsTold() throws Exception {
    assertObeys(LinuxGuest.underQemu());
  }

  @Test
  void aScriptRunsInTheSharedDirectory() throws Exception {
    Path share = Files.createDirectory(directory.resolve("share"));
    try (LinuxGuest guest =
        LinuxGuest.inUserMode()
            .device(socket, ENTROPY, QEMU_DEVICE)
            .share(share)
            .run("echo begun; dd if=/dev/hwrng of=letters bs=5 count=1 iflag=fullblock")) {
      guest.awaitLine("begun");
      assertThat(guest.awaitSuccess()).contains("begun");
    }
    assertThat(share.resolve("letters")).hasContent("xxxxx");
  }

  @Test
  void aScriptThatFailsSaysSo() throws Exception {
    try (LinuxGuest guest = LinuxGuest.inUserMode().run("echo alas; exit 3")) {
      assertThatThrownBy(guest::awaitSuccess)
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("status 3")
          .hasMessageContaining("alas");
    }
  }
}
