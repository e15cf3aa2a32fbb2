package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The daemon's clocks as {@code /dev/rtc0} and {@code /dev/ptpN} of a user-mode Linux, with the
 * tools of the machine: hwclock and rtcwake of util-linux, phc_ctl and phc2sys of linuxptp. One
 * guest for all tests.
 */
@DriverTest(
    device = "rtc",
    driver = "virtio_rtc",
    kernel = "Linux 7.3, user-mode",
    transport = "vhost-user")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlRtcIT {
  /** Far more than a busy machine takes for what takes milliseconds. */
  private static final long LATE_SECONDS = 20;

  private static final long TAI_OFFSET = 37;

  private static final String UNBIND = "echo virtio0 >/sys/bus/virtio/drivers/virtio_rtc/unbind";
  private static final String BIND = "echo virtio0 >/sys/bus/virtio/drivers/virtio_rtc/bind";

  /** The host's programs run as {@code host PROGRAM}. */
  private static final String PRELUDE =
      """
      mkdir -p /tmp/host
      mount -t hostfs -o / none /tmp/host
      for d in proc sys dev; do mount -o bind /$d /tmp/host/$d; done
      cat >/tmp/functions <<'END'
      # The first device's: Linux never forgets the first clock with an alarm, so the next one has another number.
      R=$(echo /sys/bus/virtio/devices/virtio0/rtc/rtc*)
      HOST="chroot /tmp/host /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin TZ=UTC0"
      host() { $HOST "$@"; }
      END
      """;

  private final List<Daemon> daemons = new ArrayList<>();
  private Metrics metrics;
  private LinuxGuest guest;

  @BeforeAll
  @Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
  void boot(@TempDir Path directory) throws Exception {
    Path all = directory.resolve("all");
    Path tai = directory.resolve("tai");
    Path silence = directory.resolve("silence");
    metrics = Metrics.anywhere();
    daemons.add(Daemon.startDevice("rtc", "-s", all.toString(), metrics.option()));
    daemons.add(Daemon.startDevice("rtc", "-s", tai.toString(), "--no-offer-alarm", "--no-utc"));
    daemons.add(
        Daemon.startDevice(
            "rtc", "--socket-path=" + silence, "--no-offer-alarm", "--no-tai", "--no-monotonic"));
    for (Daemon daemon : daemons) {
      daemon.awaitReady();
    }
    LinuxGuest.Builder builder =
        LinuxGuest.inUserMode().share(Files.createDirectory(directory.resolve("share")));
    for (Path socket : new Path[] {all, tai, silence}) {
      builder.device(socket, 17, "vhost-user-rtc-pci");
    }
    guest = builder.boot();
    guest.run(PRELUDE);
  }

  @AfterAll
  void end() throws Exception {
    try {
      assertThat(guest.run("dmesg")).doesNotContain("WARNING:", "BUG:", "Call Trace");
      guest.end();
      for (Daemon daemon : daemons) {
        assertThat(daemon.terminate().exitStatus()).isZero();
      }
    } finally {
      guest.close();
      daemons.forEach(Daemon::close);
    }
  }

  /** What a command prints, without the line end. */
  private String run(String command) throws IOException {
    return guest.run(". /tmp/functions\n" + command).strip();
  }

  private long number(String command) throws IOException {
    return Long.parseLong(run(command));
  }

  private static long now() {
    return Instant.now().getEpochSecond();
  }

  private interface Reading {
    long seconds() throws Exception;
  }

  /** The clock shows the host's time, and so many seconds more. */
  private static void assertShows(long ahead, Reading reading) throws Exception {
    long before = now();
    long seconds = reading.seconds() - ahead;
    assertThat(seconds).isBetween(before, before + LATE_SECONDS);
  }

  private static String match(String pattern, String text) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    assertThat(matcher.find()).as("%s in '%s'", pattern, text).isTrue();
    return matcher.group(1);
  }

  @Test
  @Order(1)
  void theDriverFindsTheClocksOfEachDevice() throws Exception {
    assertThat(run("cat /sys/class/ptp/ptp*/clock_name"))
        .isEqualTo(
            """
            Virtio PTP type 3/variant 0
            Virtio PTP type 1/variant 0
            Virtio PTP type 2/variant 0
            Virtio PTP type 4/variant 0
            Virtio PTP type 1/variant 0
            Virtio PTP type 2/variant 0
            Virtio PTP type 3/variant 0
            Virtio PTP type 4/variant 0""");
    assertThat(run("ls -d /sys/class/rtc/rtc*/ /dev/rtc*"))
        .isEqualTo("/dev/rtc0\n/dev/rtc1\n/sys/class/rtc/rtc0/\n/sys/class/rtc/rtc1/");
    assertThat(run("ls /sys/class/rtc/rtc0")).contains("wakealarm");
    assertThat(run("ls /sys/class/rtc/rtc1")).doesNotContain("wakealarm");
  }

  @Test
  @Order(2)
  void hwclockReadsTheTimeOfTheHost() throws Exception {
    assertShows(0, () -> number("cat $R/since_epoch"));
    assertShows(
        0,
        () -> {
          String line = run("host hwclock --show --utc --rtc=/dev/rtc0");
          return Instant.parse(
                  match("(\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d)", line).replace(' ', 'T')
                      + "Z")
              .getEpochSecond();
        });
  }

  @Test
  @Order(3)
  void hwclockSetsTheGuestsOwnClock() throws Exception {
    run("date -s @86400");
    assertThat(number("date +%s")).isBetween(86400L, 86400 + LATE_SECONDS);
    run("host hwclock --hctosys --utc --rtc=/dev/rtc0");
    assertShows(0, () -> number("date +%s"));
  }

  @Test
  @Order(4)
  void eachClockIsReadWithPhcCtl() throws Exception {
    for (int ptp : new int[] {0, 3, 6, 7}) {
      assertShows(0, () -> phc(ptp));
    }
    assertShows(TAI_OFFSET, () -> phc(1));
    assertShows(TAI_OFFSET, () -> phc(4));
    for (int ptp : new int[] {2, 5}) {
      long up = upSeconds();
      assertThat(phc(ptp)).isBetween(up - 1, up + LATE_SECONDS);
    }
  }

  private long phc(int ptp) throws IOException {
    return Long.parseLong(
        match(
            "clock time is (\\d+)\\.\\d+",
            run("host phc_ctl -q -l 6 /dev/ptp%d get 2>&1".formatted(ptp))));
  }

  private static long upSeconds() throws IOException {
    return Long.parseLong(match("(\\d+)", Files.readString(Path.of("/proc/uptime"))));
  }

  /** phc2sys steps the guest's clock to ours, whichever way it was wrong. */
  @Test
  @Order(5)
  void phc2sysBringsTheGuestsClockToTheHostsTime() throws Exception {
    for (String wrong : new String[] {"@86400", "@4000000000"}) {
      run("date -s " + wrong);
      String lines =
          run(
              """
              : >/tmp/phc2sys # the background may be late with it, and grep read what the last one wrote
              $HOST timeout 20 phc2sys -s /dev/ptp0 -c CLOCK_REALTIME -O 0 -S 0.1 -R 8 -m -q -l 6 >/tmp/phc2sys 2>&1 &
              p=$!
              n=0
              until grep -q 'offset .* s2 ' /tmp/phc2sys; do
                n=$((n + 1)); if [ $n -gt 150 ]; then break; fi
                sleep 0.1
              done
              kill $p
              wait $p || :
              cat /tmp/phc2sys
              """);
      assertThat(lines).contains("CLOCK_REALTIME phc offset").containsPattern("offset .* s2 ");
      assertShows(0, () -> number("date +%s"));
    }
  }

  @Test
  @Order(6)
  void rtcwakeSleepsUntilTheAlarm_T7() throws Exception {
    double before = alarms();
    String rtc = run("basename $R");
    String line = run("host rtcwake --mode on --seconds 3 --utc --verbose --device " + rtc);
    assertThat(line).contains("reading rtc", rtc + ": 1a0"); // RTC_IRQF, RTC_AF, one interrupt
    assertThat(alarms()).isEqualTo(before + 1);
    assertThat(run("cat $R/wakealarm")).isEmpty();
  }

  @Test
  @Order(7)
  void anAlarmThatWasTakenBackDoesNotExpire_T7() throws Exception {
    double before = alarms();
    long time = number("cat $R/since_epoch") + 2;
    run("echo %d >$R/wakealarm".formatted(time));
    assertThat(number("cat $R/wakealarm")).isEqualTo(time);
    run("echo 0 >$R/wakealarm");
    run("until [ $(cat $R/since_epoch) -gt %d ]; do sleep 0.1; done".formatted(time));
    assertThat(alarms()).isEqualTo(before);
  }

  private double alarms() throws Exception {
    return metrics.counted("vhost_rtc_alarms", "device=");
  }

  /** The driver that comes after another finds the alarm that is set, as of any clock. */
  @Test
  @Order(8)
  void aDriverIsFollowedByAnother_T9() throws Exception {
    for (int i = 0; i < 3; i++) {
      run("echo 0 >$R/wakealarm");
      run("echo +1000 >$R/wakealarm");
      String time = run("cat $R/wakealarm");
      run(UNBIND);
      assertThat(run("ls /dev/ptp*")).doesNotContain("/dev/ptp0");
      run(BIND);
      assertThat(run("ls /dev/ptp*")).contains("/dev/ptp0");
      assertThat(run("cat $R/wakealarm")).isEqualTo(time);
    }
    assertShows(0, () -> number("cat $R/since_epoch"));
    run("echo 0 >$R/wakealarm");
    assertThat(run("cat $R/wakealarm")).isEmpty();
    double before = alarms();
    run("host rtcwake --mode on --seconds 2 --utc --device $(basename $R)");
    assertThat(alarms()).isEqualTo(before + 1);
    run(UNBIND);
    run(BIND);
    assertThat(alarms()).as("Linux has switched it off").isEqualTo(before + 1);
  }
}
