package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The daemons of all devices but sound and entropy at one machine: Linux of Debian's newest suite
 * under QEMU of the same, with the programs that people use there. One boot for all tests.
 */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class GuestDevicesIT {
  private static final String SUITE = "trixie-backports";

  /** Far more than a busy machine takes for what takes milliseconds. */
  private static final long LATE_SECONDS = 20;

  private static final int SPI_BYTES = 16_384;
  private static final int FRAMES = 200;

  private static final String FUNCTIONS =
      "H=/host\n"
          + BusTools.functions()
          + CanLog.FUNCTIONS
          + """
          ip() { busybox ip "$@"; } # of Debian's packages only what is needed is there
          # By its whole name, or busybox runs one of its own
          host() { program=$(ls $H/usr/*bin/$1); shift; chroot $H ${program#$H} "$@"; }
          # until_so COMMAND...: at most a minute
          until_so() {
            n=0
            until "$@" 2>/dev/null; do
              n=$((n + 1)); if [ $n -gt 600 ]; then echo "never: $*"; exit 6; fi
              sleep 0.1
            done
          }
          chip() { host gpiodetect | sed -n 's/^\\(gpiochip[0-9]*\\) \\[virtio[0-9]*\\].*/\\1/p'; }
          """;

  private final List<Daemon> daemons = new ArrayList<>();
  private Path directory;
  private Path share;
  private InputRecording keys;
  private InputRecording touch;
  private Metrics rtc;
  private LinuxGuest guest;

  /** The guest has set a light, of which the daemon's log tells. */
  private boolean lit;

  @BeforeAll
  @Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
  void boot(@TempDir Path temporary) throws Exception {
    directory = temporary;
    share = Files.createDirectory(directory.resolve("share"));
    for (String module : List.of("hostbus", "gpiolevel")) {
      BusTools.addModule(share, SUITE, module);
    }
    Evtest.copyTo(share);
    keys = new InputRecording(directory.resolve("keys.evemu"), InputRecording.KEYS);
    touch = new InputRecording(directory.resolve("touch.evemu"), InputRecording.TOUCH);
    rtc = Metrics.anywhere();
    start(
        "console",
        "--console=pty:" + directory.resolve("hvc0"),
        "--serial=agent=unix:" + directory.resolve("agent"));
    start("gpio", "-l", "s8=led,,button", "--control=" + directory.resolve("control"));
    start("i2c", "-l", "sim:80:32");
    start("spi", "-l", "sim,sim");
    start("can", "-d", "pair: pair:");
    start("input", "-e", keys.file + "," + touch.file);
    start("rtc", rtc.option());
    for (Daemon daemon : daemons) {
      daemon.awaitReady();
    }
    String generic = "vhost-user-test-device-pci,virtio-id=";
    guest =
        LinuxGuest.underQemu()
            .options("--kernel", SUITE)
            .share(share)
            .device(socket("console", "0"), 3, generic + "3,num_vqs=6,config_size=12")
            .device(socket("gpio", "0"), 41, "vhost-user-gpio-pci")
            .device(socket("i2c", "0"), 34, "vhost-user-i2c-pci")
            .device(socket("spi", "0"), 45, "vhost-user-spi-pci")
            .device(socket("can", "0"), 36, generic + "36,num_vqs=3,config_size=2")
            .device(socket("can", "1"), 36, generic + "36,num_vqs=3,config_size=2")
            .device(socket("input", "0"), 18, "vhost-user-input-pci")
            .device(socket("input", "1"), 18, "vhost-user-input-pci")
            .device(socket("rtc", ""), 17, "vhost-user-rtc-pci")
            .boot();
    Files.writeString(share.resolve("functions"), FUNCTIONS);
  }

  private void start(String device, String... options) throws IOException {
    List<String> line = new ArrayList<>(List.of("-s", directory.resolve(device).toString()));
    line.addAll(List.of(options));
    daemons.add(Daemon.startDevice(device, line.toArray(String[]::new)));
  }

  private Path socket(String device, String suffix) {
    return directory.resolve(device + suffix);
  }

  @AfterAll
  void end() throws Exception {
    try {
      assertThat(guest.run("dmesg")).doesNotContain("WARNING:", "BUG:", "Oops", "Call Trace");
      guest.end();
      List<String> log = new ArrayList<>();
      for (Daemon daemon : daemons) {
        assertThat(daemon.terminate().exitStatus()).isZero();
        log.addAll(daemon.err());
      }
      assertThat(log).noneMatch(line -> line.contains("ERROR"));
      if (lit) {
        assertThat(log).anyMatch(line -> line.contains("input0: the guest sets LED 1 to 1"));
      }
    } finally {
      if (guest != null) { // it has booted
        guest.close();
      }
      daemons.forEach(Daemon::close);
    }
  }

  /** What commands print, without the last line end; the first that fails is the last. */
  private String run(String commands) throws IOException {
    return guest.run("set -e\n. ./functions\n" + commands).strip();
  }

  private static byte[] everyByte() {
    byte[] bytes = new byte[1024];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    return bytes;
  }

  @Test
  @DriverTest(
      device = "console",
      driver = "virtio_console",
      kernel = "Linux 7.3, QEMU 11",
      transport = "vhost-user")
  void aUserLogsInAtTheConsole() throws Exception {
    Path terminal = directory.resolve("hvc0");
    try (FileInputStream screen = new FileInputStream(terminal.toFile());
        FileOutputStream typed = new FileOutputStream(terminal.toFile())) {
      run(
          """
          echo "root:$(mkpasswd -m sha256 secret):0:0:root:/tmp:/bin/sh" >/etc/passwd
          hostname guest
          (setsid getty -L 0 hvc0 vt100; : >left) </dev/null >/dev/null 2>&1 &
          """);
      Dialogue user = new Dialogue(screen, typed);
      user.await("guest login: ").type("root\r");
      user.await("Password: ").type("secret\r");
      user.await("# ").type("sh -c 'echo run\"\"ning; sleep 1000'\r");
      user.await("running\r\n").type("\u0003");
      user.await("# ").type("id -u; tty; exit\r");
      user.await("0\r\n/dev/hvc0\r\n");
      run("until_so [ -e left ]");
    }
  }

  @Test
  @DriverTest(
      device = "console",
      driver = "virtio_console",
      kernel = "Linux 7.3, QEMU 11",
      transport = "vhost-user")
  void everyByteGoesThroughASerialPort_BothWays() throws Exception {
    Files.write(share.resolve("every"), everyByte());
    try (SocketChannel agent =
        SocketChannel.open(UnixDomainSocketAddress.of(directory.resolve("agent")))) {
      run(
          """
          port=$(basename $(dirname $(grep -lx agent /sys/class/virtio-ports/*/name)))
          (exec 5<>/dev/$port; head -c 1024 <&5 >returned.new; mv returned.new returned; cat every >&5) &
          """);
      Channels.newOutputStream(agent).write(everyByte());
      assertThat(Channels.newInputStream(agent).readNBytes(1024)).isEqualTo(everyByte());
    }
    assertThat(share.resolve("returned")).hasBinaryContent(everyByte());
  }

  @Test
  @DriverTest(
      device = "gpio",
      driver = "gpio-virtio",
      kernel = "Linux 7.3, QEMU 11",
      transport = "vhost-user")
  void linesAreDrivenReadAndMonitored() throws Exception {
    try (ControlClient hand = new ControlClient(directory.resolve("control"))) {
      assertThat(run("host gpiodetect")).contains("(8 lines)");
      assertThat(run("host gpioinfo -c $(chip)")).contains("\"led\"", "\"button\"");
      assertThat(run("host gpioget --numeric -c $(chip) 2 3")).isEqualTo("0 0");
      hand.ask("set button 1");
      assertThat(run("host gpioget --numeric -c $(chip) 2 3")).isEqualTo("1 0");

      run("chroot $H /usr/bin/gpioset -c $(chip) 0=1 >set.err 2>&1 & echo $! >set");
      hand.await("get led", "0 led out 1");
      run("kill $(cat set)");
      hand.await("get led", "0 led none 0");

      run("chroot $H /usr/bin/gpiomon -c $(chip) -n 3 -F '%E %o' 2 3 >edges 2>&1 & echo $! >mon");
      hand.await("get 2", "2 button in 1 edges=both");
      hand.await("get 3", "3 - in 0 edges=both");
      hand.ask("set 2 0");
      awaitEdges(1);
      hand.ask("set 3 1");
      awaitEdges(2);
      hand.ask("set 2 1");
      run("until_so [ ! -e /proc/$(cat mon) ]");
      assertThat(share.resolve("edges")).content().isEqualTo("falling 2\nrising 3\nrising 2\n");
    }
  }

  private void awaitEdges(int count) throws IOException {
    run("seen() { [ $(wc -l <edges) -eq %d ]; }; until_so seen".formatted(count));
  }

  /** That of an edge would have come once. */
  @Test
  @DriverTest(
      device = "gpio",
      driver = "gpio-virtio",
      kernel = "Linux 7.3, QEMU 11",
      transport = "vhost-user")
  void anInterruptOfALevelComesUntilTheLineIsLow_G5() throws Exception {
    String parameters = "P=/sys/module/gpiolevel/parameters\n";
    String disabled = "disabled() { [ $(cat $P/count) -eq %d ]; }; until_so disabled";
    try (ControlClient hand = new ControlClient(directory.resolve("control"))) {
      run(
          """
          chip=$(basename $(dirname /sys/bus/virtio/drivers/gpio_virtio/*/gpiochip*))
          insmod ./gpiolevel.ko chip=$chip line=5 limit=5
          """);
      hand.await("get 5", "5 - in 0 edges=both");
      assertThat(run(parameters + "cat $P/count")).isEqualTo("0");
      hand.ask("set 5 1");
      run(parameters + disabled.formatted(5));
      hand.await("get 5", "5 - in 1");
      run(parameters + "echo 1 >$P/again\n" + disabled.formatted(10));
      hand.ask("set 5 0");
      run(parameters + "echo 1 >$P/again\nsleep 0.2\n" + disabled.formatted(10));
      run("rmmod gpiolevel");
      hand.await("get 5", "5 - none 0");
    }
  }

  @Test
  @DriverTest(
      device = "i2c",
      driver = "i2c-virtio",
      kernel = "Linux 7.3, QEMU 11",
      transport = "vhost-user")
  void chipsOfTheBusAnswer() throws Exception {
    String found =
        Pattern.compile(" ([0-9a-f]{2})(?= |$)", Pattern.MULTILINE)
            .matcher(run("i2c detect -y -q $(bus i2c_virtio) | sed -e 1d -e 's/^..://'"))
            .results()
            .map(result -> result.group(1))
            .toList()
            .toString();
    assertThat(found).isEqualTo("[20, 50]");
    assertThat(
            run(
                """
                B=$(bus i2c_virtio)
                i2c transfer -y $B w5@0x20 0x40 1 2 3 4
                i2c transfer -y $B w1@0x20 0x40 r4
                i2c set -y $B 0x50 0x10 0xab
                i2c transfer -y $B w1@0x50 0x10 r1 w1@0x20 0x41 r2
                fails i2c get -y $B 0x21 0
                """))
        .isEqualTo("0x01 0x02 0x03 0x04\n0xab\n0x02 0x03\nError: Read failed");
  }

  @Test
  @DriverTest(
      device = "spi",
      driver = "spi-virtio",
      kernel = "Linux 7.3, QEMU 11",
      transport = "vhost-user")
  void bytesGoThroughAnSpiChipAndBack() throws Exception {
    byte[] random = new byte[SPI_BYTES];
    new Random(45).nextBytes(random);
    Files.write(share.resolve("random"), random);
    assertThat(
            run(
                """
                insmod ./hostbus.ko
                echo 1 >/sys/module/hostbus/parameters/attach
                controller=$(echo /sys/bus/virtio/drivers/spi_virtio/*/spi_master/spi*)
                D=/dev/spidev${controller##*/spi}
                printf hello-spi | spi_pipe -d $D.0 -b 9 -n 1
                printf hello-one | spi_pipe -d $D.1 -b 9 -n 1
                spi_config -d $D.0 -m 3
                spi_pipe -d $D.0 -s 500000 -b 4096 -n 4 <random >echo
                spi_config -d $D.0 -q
                """))
        .startsWith("hello-spihello-one")
        .contains("mode=3");
    byte[] echo = Files.readAllBytes(share.resolve("echo"));
    assertThat(Arrays.mismatch(random, echo)).isEqualTo(-1);
  }

  @Test
  @DriverTest(
      device = "can",
      driver = "virtio_can",
      kernel = "Linux 7.3, QEMU 11",
      transport = "vhost-user")
  void framesGoFromOneControllerToTheOther() throws Exception {
    List<String> kinds =
        List.of(
            "123#0102",
            "1FFFFFFF#1122334455667788",
            "321#R4",
            "1ABCDEF0##0" + "0123456789ABCDEF".repeat(8));
    run(
        """
        for each in can0 can1; do ip link set $each up; done
        listen can1 kinds; kinds=$listener
        for frame in @KINDS@; do cansend can0 $frame; done
        await_frames @COUNT@ kinds
        end $kinds
        listen can0 zero; zero=$listener
        listen can1 one; one=$listener
        cangen can0 -m -g 0 -p 1000 -n @FRAMES@ & first=$!
        cangen can1 -m -g 0 -p 1000 -n @FRAMES@ & second=$!
        wait $first
        wait $second
        await_frames $((2 * @FRAMES@)) zero
        await_frames $((2 * @FRAMES@)) one
        end $zero $one
        """
            .replace("@KINDS@", String.join(" ", kinds))
            .replace("@COUNT@", String.valueOf(kinds.size()))
            .replace("@FRAMES@", String.valueOf(FRAMES)));
    assertThat(CanLog.frames(share.resolve("kinds")))
        .isEqualTo(kinds.stream().map(frame -> frame.replaceFirst("##.", "##")).toList());
    List<String> zero = CanLog.frames(share.resolve("zero"));
    assertThat(zero).hasSize(2 * FRAMES);
    assertThat(CanLog.frames(share.resolve("one"))).containsExactlyInAnyOrderElementsOf(zero);
  }

  /** QEMU gives the driver a ring of four buffers, which most frames of a touch screen exceed. */
  @Test
  @DriverTest(
      device = "input",
      driver = "virtio_input",
      kernel = "Linux 7.3, QEMU 11",
      transport = "vhost-user")
  void eachEventOfARecordingArrivesOnce_AlsoOfFramesLongerThanTheRing() throws Exception {
    keys.key(30, true).key(30, false).key(57, true).key(57, false);
    touch.touch(1, 100).move(120).move(140).lift();
    run(
        InputReader.PRELUDE
            + """
            keys=$(node "Test keys")
            touch=$(node "Test touch screen")
            describe $touch touch.txt
            exec 4<$touch 3<$keys
            (take @KEYS@ keys; exec 3<&4; take @TOUCH@ touch; light $keys 1 1; : >taken) >/dev/null 2>&1 &
            """
                .replace("@KEYS@", String.valueOf(keys.size()))
                .replace("@TOUCH@", String.valueOf(touch.size())));
    keys.append();
    touch.append();
    run("until_so [ -e taken ]");
    lit = true;
    keys.assertExactly(share.resolve("keys"));
    touch.assertExactly(share.resolve("touch"));
    assertThat(Files.readAllLines(share.resolve("touch.txt")))
        .contains(
            "uniq touch/7",
            "properties 2",
            "Input device ID: bus 0x18 vendor 0x1234 product 0xabcd version 0xffff",
            "      Max     2999");
  }

  @Test
  @DriverTest(
      device = "rtc",
      driver = "virtio_rtc",
      kernel = "Linux 7.3, QEMU 11",
      transport = "vhost-user")
  void theClockShowsTheTimeOfTheHost_AndItsAlarmRings() throws Exception {
    run("echo 'R=$(basename /sys/bus/virtio/drivers/virtio_rtc/*/rtc/rtc*)' >>functions");
    long before = now();
    String shown = run("host hwclock --show --utc --rtc=/dev/$R");
    Matcher line = Pattern.compile("(\\d{4}-\\d\\d-\\d\\d) (\\d\\d:\\d\\d:\\d\\d)").matcher(shown);
    assertThat(line.find()).as(shown).isTrue();
    assertThat(Instant.parse(line.group(1) + "T" + line.group(2) + "Z").getEpochSecond())
        .isBetween(before, before + LATE_SECONDS);
    assertThat(run("cat /sys/bus/virtio/drivers/virtio_rtc/*/ptp/ptp*/clock_name"))
        .isEqualTo(
            """
            Virtio PTP type 3/variant 0
            Virtio PTP type 1/variant 0
            Virtio PTP type 2/variant 0
            Virtio PTP type 4/variant 0""");

    double alarms = rtc.counted("vhost_rtc_alarms", "device=");
    long set = Long.parseLong(run("cat /sys/class/rtc/$R/since_epoch")) + 2;
    run("echo %d >/sys/class/rtc/$R/wakealarm".formatted(set));
    run("rung() { [ -z \"$(cat /sys/class/rtc/$R/wakealarm)\" ]; }; until_so rung");
    assertThat(now()).isGreaterThanOrEqualTo(set);
    assertThat(rtc.counted("vhost_rtc_alarms", "device=")).isEqualTo(alarms + 1);
  }

  private static long now() {
    return Instant.now().getEpochSecond();
  }
}
