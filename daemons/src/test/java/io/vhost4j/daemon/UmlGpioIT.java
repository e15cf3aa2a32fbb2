package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * Simulated lines of the daemon at the driver gpio-virtio of a user-mode Linux, by libgpiod's
 * tools.
 */
@DriverTest(
    device = "gpio",
    driver = "gpio-virtio",
    kernel = "Linux 7.3, user-mode",
    transport = "vhost-user")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlGpioIT {
  /** The tools are those of the host. */
  static final String TOOLS =
      """
      mkdir /tmp/host && mount -t hostfs -o / none /tmp/host
      for d in proc sys dev; do mount -o bind /$d /tmp/host/$d; done
      """;

  @TempDir Path directory;
  private Path share;

  @BeforeEach
  void makeShare() throws IOException {
    share = Files.createDirectory(directory.resolve("share"));
  }

  private static String tool(LinuxGuest guest, String line) throws IOException {
    return guest.run("chroot /tmp/host " + line);
  }

  private void awaitLines(String file, String... wanted) throws Exception {
    Path path = share.resolve(file);
    for (int i = 0; i < 1000; i++) {
      if (Files.exists(path) && Files.readAllLines(path).equals(List.of(wanted))) {
        return;
      }
      Thread.sleep(20);
    }
    assertThat(path).content().isEqualTo(String.join("\n", wanted));
  }

  @Test
  void aGuestSeesDrivesAndMonitorsSimulatedLines() throws Exception {
    Path control = directory.resolve("control0");
    Metrics metrics = Metrics.anywhere();
    String[] line = {
      "-s",
      directory.resolve("gpio").toString(),
      "-c",
      "2",
      "-l",
      "s8=led,,button:s3",
      "--control=" + control,
      "--control=" + directory.resolve("control1"),
      metrics.option(),
    };
    try (Daemon daemon = Daemon.startDevice("gpio", line).awaitReady();
        ControlClient hand = new ControlClient(control)) {
      LinuxGuest guest =
          LinuxGuest.inUserMode()
              .share(share)
              .device(directory.resolve("gpio0"), 41, "vhost-user-gpio-pci")
              .device(directory.resolve("gpio1"), 41, "vhost-user-gpio-pci")
              .boot();
      try (LinuxGuest booted = guest) {
        booted.run(TOOLS);
        assertThat(tool(guest, "gpiodetect")).contains("(8 lines)", "(3 lines)");
        assertThat(tool(guest, "gpioinfo gpiochip0")).contains("\"led\"", "\"button\"", "unused");
        assertThat(tool(guest, "gpioinfo gpiochip1")).contains("\"sim2\"");
        assertThat(tool(guest, "gpiofind button")).isEqualTo("gpiochip0 2\n");

        assertThat(tool(guest, "gpioget gpiochip0 2 3")).isEqualTo("0 0\n");
        assertThat(hand.ask("set button 1")).isEmpty();
        assertThat(tool(guest, "gpioget gpiochip0 2 3")).isEqualTo("1 0\n");

        booted.run("chroot /tmp/host gpioset --mode=signal gpiochip0 0=1 >set 2>&1 & echo $! >pid");
        hand.await("get led", "0 led out 1");
        booted.run("kill $(cat pid)");
        hand.await("get led", "0 led none 0");

        booted.run(
            "chroot /tmp/host gpiomon -b --num-events=4 --format='%e %o' gpiochip0 2 3 >mon 2>&1 &");
        hand.await("get 2", "2 button in 1 edges=both");
        hand.await("get 3", "3 - in 0 edges=both");
        hand.ask("set 2 0");
        awaitLines("mon", "0 2");
        hand.ask("set 3 1");
        awaitLines("mon", "0 2", "1 3");
        hand.ask("set 2 1");
        awaitLines("mon", "0 2", "1 3", "1 2");
        hand.ask("set 3 0");
        awaitLines("mon", "0 2", "1 3", "1 2", "0 3");
        hand.await("get 2", "2 button none 1");

        booted.run("chroot /tmp/host gpiomon -b -f -n 1 --format=%e gpiochip0 2 >falling 2>&1 &");
        hand.await("get 2", "2 button in 1 edges=falling");
        hand.ask("set 2 0");
        awaitLines("falling", "0");
        booted.run("! dmesg | grep -E 'WARNING:|BUG:|gpio.*fail'");
        booted.end();
      }
      assertThat(metrics.page()).contains("vhost_gpio_interrupts_total");
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
      assertThat(daemon.err()).noneMatch(each -> each.contains("ERROR"));
    }
    assertThat(control).doesNotExist();
  }
}
