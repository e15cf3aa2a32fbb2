package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The lines of a chip of the host, gpio-sim, as those of a virtio chip of the same machine. It
 * boots once; the tests look at what it left.
 */
@DriverTest(
    device = "gpio",
    driver = "gpio-virtio",
    kernel = "Linux 7.3, user-mode",
    transport = "loopback")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackGpioIT {
  private LoopbackGuest guest;

  @BeforeAll
  @Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheMachine(@TempDir Path directory) throws Exception {
    guest = new LoopbackGuest(directory);
    guest.run(
        1,
        """
        mount -t configfs configfs /sys/kernel/config
        C=/sys/kernel/config/gpio-sim/sim0
        mkdir $C $C/bank0 $C/bank0/line3
        echo 8 >$C/bank0/num_lines
        echo btn >$C/bank0/line3/name
        echo 1 >$C/live
        chip=$(cat $C/bank0/chip_name)
        P=/sys/devices/platform/$(cat $C/dev_name)/$chip
        tool() { chroot $H "$@"; }
        virtio_chip() {
          for each in /dev/gpiochip*; do
            if [ $each != /dev/$chip ]; then V=${each##*/}; return; fi
          done
          return 1
        }
        no_virtio_chip() { ! virtio_chip; }
        has_lines() { [ "$(wc -l <$2)" -ge $1 ]; }
        driven() { [ "$(cat $P/sim_gpio5/value)" = $1 ]; }
        refused absent 1 -l 0 -d gpio --device-list=77

        start here virtio-loopback-adapter -l 0 -d gpio --device-list=${chip#gpiochip}
        ready here
        until_so virtio_chip
        tool gpioinfo $V >info
        echo pull-up >$P/sim_gpio3/pull
        tool gpioget $V 3 >high
        echo pull-down >$P/sim_gpio3/pull
        tool gpioget $V 3 >low
        tool gpioset --mode=signal $V 5=1 & setter=$!
        until_so driven 1
        kill $setter

        tool gpiomon -b --format=%e $V 3 >mon 2>mon.err & monitor=$!
        watched() { tool gpioinfo $chip | grep btn | grep -q vhost-device-gpio; }
        until_so watched
        sleep 1
        echo pull-up >$P/sim_gpio3/pull
        until_so has_lines 1 mon
        echo pull-down >$P/sim_gpio3/pull
        until_so has_lines 2 mon
        echo pull-up >$P/sim_gpio3/pull
        until_so has_lines 3 mon

        echo 0 >$C/live
        until_so grep -q 'taken away' here.err
        if tool gpioget $V 1 >/dev/null 2>&1; then echo "a line of a chip that is gone was read"; exit 9; fi
        echo 1 >$C/live
        until_so grep -q "$chip is back" here.err
        tool gpioget $V 1 >again
        P=/sys/devices/platform/$(cat $C/dev_name)/$(cat $C/bank0/chip_name)
        echo pull-up >$P/sim_gpio3/pull
        until_so has_lines 4 mon
        kill $monitor

        tool gpiomon -b -n 1 --format=%e $chip 2 >/dev/null & user=$!
        used() { tool gpioinfo $chip | grep 'line *2' | grep -q gpiomon; }
        until_so used
        if tool gpioget $V 2 >/dev/null 2>&1; then echo "a line of somebody else was read"; exit 9; fi
        kill $user
        stop here TERM
        until_so no_virtio_chip

        start daemon vhost-device-gpio --socket=/dev/shm/gpio.sock -l ${chip#gpiochip}
        ready daemon
        start adapter virtio-loopback-adapter -l 0 -d vhugpio -s /dev/shm/gpio.sock
        ready adapter
        until_so virtio_chip
        tool gpioget $V 3 >daemon.high
        stop adapter TERM
        stop daemon TERM
        """);
  }

  @Test
  void theNamesOfTheHostsLinesAreThere() throws Exception {
    assertThat(guest.lines("info")).hasSize(9).anyMatch(line -> line.contains("\"btn\""));
  }

  @Test
  void levelsOfTheHostsLinesAreRead() throws Exception {
    assertThat(guest.lines("high")).containsExactly("1");
    assertThat(guest.lines("low")).containsExactly("0");
    assertThat(guest.lines("daemon.high")).containsExactly("1");
  }

  @Test
  void edgesOfTheHostsLineInterrupt() throws Exception {
    assertThat(guest.lines("mon")).startsWith("1", "0", "1");
  }

  @Test
  void aChipThatWasTakenAwayAndIsBackIsGoneOnWith() throws Exception {
    guest.assertTold("here.err", "has been taken away");
    assertThat(guest.lines("again")).containsExactly("0");
    assertThat(guest.lines("mon")).hasSizeGreaterThanOrEqualTo(4);
  }

  @Test
  void aLineOfSomebodyElseIsRefusedWithHisName() throws Exception {
    guest.assertTold("here.err", "line 2", "is used by 'gpiomon' on the host");
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    // Linux, of a line that is let go of while its simulated chip is taken away with its
    // interrupts.
    guest.assertNoComplaintBut("Trying to free already-free IRQ(?s:.*)linereq_release");
  }
}
