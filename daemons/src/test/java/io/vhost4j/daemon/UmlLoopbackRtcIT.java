package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The machine's clock as a card of the machine itself, whose own clock the test sets: alarms have
 * to follow it. The machine boots once; the tests look at what it left.
 */
@DriverTest(
    device = "rtc",
    driver = "virtio_rtc",
    kernel = "Linux 7.3, user-mode",
    transport = "loopback")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackRtcIT {
  private LoopbackGuest guest;

  @BeforeAll
  @Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheMachine(@TempDir Path directory) throws Exception {
    guest = new LoopbackGuest(directory);
    String script =
        """
        # Linux never forgets the first clock with an alarm, so the next one has another number.
        clock() { R=$(echo /sys/bus/virtio/devices/virtio*/rtc/rtc*); [ -e $R/since_epoch ]; }
        no_clock() { ! clock; }
        shows() { cat $R/since_epoch; }
        has_rung() { [ -z "$(cat $R/wakealarm)" ]; }
        # same NAME: whether the card shows the machine's time
        same() {
          before=$(date +%s); time=$(shows); after=$(date +%s)
          if [ $before -le $time ] && [ $time -le $after ]; then echo "$1: same"; else echo "$1: $before $time $after"; fi
        }
        # ring SECONDS: sets an alarm, so many seconds from now
        ring() { echo 0 >$R/wakealarm; echo $(($(shows) + $1)) >$R/wakealarm; }
        # told NAME: whether the alarm has rung
        told() { if has_rung; then echo "$1: rung"; else echo "$1: silent"; fi; }
        all() {
          until_so clock
          cat /sys/class/ptp/ptp*/clock_name | tr '\\n' ' '; echo
          same now
          ring 2; told early; until_so has_rung; told late
          ring 5000
          date -s @$(($(date +%s) + 4000)) >/dev/null; same forward; sleep 1; told before
          date -s @$(($(date +%s) + 4000)) >/dev/null; same over; until_so has_rung; told over
          ring 5000
          date -s @$(($(date +%s) - 8000)) >/dev/null; same back; sleep 1; told back
          date -s @$(($(date +%s) + 13000)) >/dev/null; until_so has_rung; told again
          ring 3
          date -s @$(($(date +%s) - 3600)) >/dev/null; sleep 5; told "an hour back"
          date -s @$(($(date +%s) + 3600)) >/dev/null; until_so has_rung; told "an hour forward"
        }
        start here virtio-loopback-adapter -d rtc -l 0
        ready here
        all >here.told 2>&1
        stop here TERM
        until_so no_clock

        start daemon vhost-device-rtc -s /dev/shm/rtc.sock
        ready daemon
        start adapter virtio-loopback-adapter -s /dev/shm/rtc.sock -d vhurtc -l 0
        ready adapter
        all >daemon.told 2>&1
        stop daemon KILL
        until_so no_clock
        start daemon2 vhost-device-rtc -s /dev/shm/rtc.sock --no-offer-alarm
        ready daemon2
        until_so clock
        same again >again.told
        ls $R >>again.told
        stop adapter TERM
        stop daemon2 TERM
        until_so rmmod virtio_loopback
        """;
    guest.run(1, script);
  }

  private void assertFollows(String file) throws IOException {
    assertThat(guest.lines(file))
        .containsExactly(
            "Virtio PTP type 3/variant 0 Virtio PTP type 1/variant 0"
                + " Virtio PTP type 2/variant 0 Virtio PTP type 4/variant 0 ",
            "now: same",
            "early: silent",
            "late: rung",
            "forward: same",
            "before: silent",
            "over: same",
            "over: rung",
            "back: same",
            "back: silent",
            "again: rung",
            "an hour back: silent",
            "an hour forward: rung");
  }

  /** T7: also a clock that is set reaches its alarm. */
  @Test
  void t7AlarmsFollowTheClockThatIsSet() throws Exception {
    assertFollows("here.told");
  }

  @Test
  void t7AlarmsOfADaemonFollowTheClockThatIsSet() throws Exception {
    assertFollows("daemon.told");
  }

  @Test
  void theClockReturnsWithItsDaemon() throws Exception {
    assertThat(guest.lines("again.told")).contains("again: same").doesNotContain("wakealarm");
    guest.assertTold("adapter.err", "the card is taken away", "/dev/shm/rtc.sock is gone");
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    guest.assertNoComplaint();
  }
}
