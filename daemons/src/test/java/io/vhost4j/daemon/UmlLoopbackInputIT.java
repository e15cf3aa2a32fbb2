package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * Event devices of a real kernel, served to that kernel's virtio_input, by the adapter itself and
 * by a daemon behind it. The devices are recordings that a daemon outside gives to the machine, so
 * that the test knows each event, sees each light, and can unplug a device by taking its driver
 * away.
 */
@DriverTest(
    device = "input",
    driver = "virtio_input",
    kernel = "Linux 7.3, user-mode",
    transport = "loopback")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackInputIT {
  private InputRecording keys;
  private InputRecording touch;
  private LoopbackGuest guest;
  private List<String> outside;

  private static final String SCRIPT =
      InputReader.PRELUDE
          + """
          # copy NAME: the device of that name that the loopback module has
          copy() {
            for each in /sys/class/input/event*; do
              case $(readlink -f $each) in
                */loopback-*) if [ "$(cat $each/device/name)" = "$1" ]; then echo /dev/input/${each##*/}; return; fi ;;
              esac
            done
            return 1
          }
          keys=$(node "Test keys") touch=$(node "Test touch screen")
          remote=$(node "Test remote control") plug=$(node "Test plug")
          for each in keys touch remote plug; do describe $(eval echo \\$$each) $each.txt; done
          start here virtio-loopback-adapter -l 0 -d input -l 1 -d input -l 2 -d input \\
            --event-list=$keys --event-list=$touch --event-list=$remote
          start plugd vhost-device-input --socket=/dev/shm/plug.sock -e $plug --grab
          ready plugd
          start plugs virtio-loopback-adapter -l 3 -d vhuinput -s /dev/shm/plug.sock
          ready here
          ready plugs
          for name in keys "touch screen" "remote control" plug; do until_so copy "Test $name"; done
          keys2=$(copy "Test keys") touch2=$(copy "Test touch screen")
          remote2=$(copy "Test remote control") plug2=$(copy "Test plug")
          until_so is_on $remote2 EV_SW SW_TABLET_MODE
          for each in keys touch remote plug; do describe $(eval echo \\$${each}2) $each.copy; done

          # Linux 7.3 puts the lights out when the last program closes a device.
          exec 3<$keys2 5<$keys2 7<$remote2 9<$plug2
          cat keys.events >>keys.evemu
          take @KEYS@ keys
          exec 3<$touch2
          cat touch.events >>touch.evemu
          take @TOUCH@ touch
          light $keys2 1 1
          light $keys2 0 1
          light $keys2 1 0
          until_so is_on $keys EV_LED LED_NUML
          light $remote2 1 1
          until_so is_on $remote EV_LED LED_CAPSL

          exec 3<$keys2
          kill -STOP $here
          cat flood.events >>keys.evemu
          until_so is_on $keys EV_KEY KEY_M
          kill -CONT $here
          take 3 flood

          light $plug2 0 1
          exec 3<$plug2 6<$plug
          cat plug.events >>plug.evemu
          take 2 plug
          timeout 1 dd bs=24 count=1 <&6 >grabbed 2>/dev/null || true
          exec 6<&-
          set +e
          chroot $H @BIN@/vhost-device-input --socket=/dev/shm/no.sock -e $plug --grab >no.out 2>no.err
          echo "second $?" >>ends
          set -e
          device=$(basename $(readlink -f /sys/class/input/${plug##*/}/device/device))
          echo $device >/sys/bus/virtio/drivers/virtio_input/unbind
          take 2 plug
          until_so grep -q 'was unplugged' plugd.err
          echo $device >/sys/bus/virtio/drivers/virtio_input/bind
          take 2 plug
          until_so is_on $plug EV_LED LED_NUML
          stop plugs TERM
          stop plugd TERM
          stop here TERM
          """;

  @BeforeAll
  @Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheMachine(@TempDir Path directory) throws Exception {
    guest = new LoopbackGuest(directory);
    Path share = guest.share();
    Evtest.copyTo(share);
    keys = new InputRecording(share.resolve("keys.evemu"), InputRecording.KEYS);
    touch = new InputRecording(share.resolve("touch.evemu"), InputRecording.TOUCH);
    Path remote = Files.writeString(share.resolve("remote.evemu"), InputRecording.REMOTE);
    InputRecording plug =
        new InputRecording(
            share.resolve("plug.evemu"), InputRecording.KEYS.replace("Test keys", "Test plug"));
    for (int i = 0; i < 8; i++) {
      keys.key(2 + i, true).key(2 + i, false);
    }
    keys.appendTo(share.resolve("keys.events"));
    int keyEvents = keys.size();
    touch.touch(1, 100).move(120).move(140).lift().appendTo(share.resolve("touch.events"));
    plug.press(30).appendTo(share.resolve("plug.events"));
    flood().appendTo(share.resolve("flood.events"));
    String script =
        SCRIPT
            .replace("@KEYS@", String.valueOf(keyEvents))
            .replace("@TOUCH@", String.valueOf(touch.size()));
    String list = keys.file + "," + touch.file + "," + remote + "," + plug.file;
    String prefix = directory.resolve("input").toString();
    try (Daemon daemon = Daemon.startDevice("input", "-s", prefix, "-e", list).awaitReady()) {
      guest.run(
          4,
          script,
          IntStream.range(0, 4)
              .boxed()
              .flatMap(i -> Stream.of("--socket", prefix + i + ":18"))
              .toArray(String[]::new));
      daemon.terminate();
      outside = daemon.err();
    }
  }

  /** More than the kernel keeps for a reader; in the end two keys are held. */
  private static InputRecording flood() throws IOException {
    InputRecording flood = new InputRecording(Files.createTempFile("flood", ""), "");
    Files.delete(flood.file);
    for (int i = 0; i < 50; i++) {
      flood.key(40, true).key(40, false);
    }
    return flood.key(40, true).key(50, true);
  }

  @Test
  void theCopyIsTheDevice() throws Exception {
    for (String each : List.of("keys", "touch", "remote", "plug")) {
      assertThat(guest.lines(each + ".copy")).isEqualTo(guest.lines(each + ".txt"));
    }
    assertThat(guest.lines("touch.copy")).contains("uniq touch/7", "      Max     2999");
    assertThat(guest.lines("plug.copy")).contains("uniq keys-0001");
  }

  @Test
  void eachEventArrivesOnceAndInOrder() throws Exception {
    keys.assertExactly(guest.share().resolve("keys"));
    touch.assertExactly(guest.share().resolve("touch"));
  }

  @Test
  void lightsReachTheDeviceAndGoOutWithTheDriver() {
    assertThat(lights("input0")).containsExactly("1 to 1", "0 to 1", "1 to 0", "0 to 0");
    assertThat(lights("input2")).containsExactly("1 to 1", "1 to 0");
    assertThat(lights("input3"))
        .as("the second time to the device that is back")
        .containsExactly("0 to 1", "0 to 1", "0 to 0");
  }

  private List<String> lights(String device) {
    return outside.stream()
        .filter(line -> line.contains(device + ": the guest sets LED "))
        .map(line -> line.replaceFirst(".* sets LED ", ""))
        .toList();
  }

  @Test
  void eventsThatTheKernelHasDroppedAreMadeUpForByTheState() throws Exception {
    assertThat(read("flood")).containsExactly("1 40 1", "1 50 1", "0 0 0");
  }

  @Test
  void anUnpluggedDeviceLetsItsKeysGoAndComesBack() throws Exception {
    assertThat(read("plug"))
        .extracting(event -> event.replace("0 0 1", "0 0 0")) // if the kernel was first to let go
        .containsExactly("1 30 1", "0 0 0", "1 30 0", "0 0 0", "1 30 1", "0 0 0");
    assertThat(guest.lines("plugd.err").stream().filter(line -> line.contains("(Test plug) ")))
        .extracting(line -> line.replaceFirst(".*\\(Test plug\\) ", ""))
        .containsExactly("was unplugged; it is waited for", "is back");
  }

  @Test
  void aGrabbedDeviceIsTheGuestsAlone() throws Exception {
    assertThat(guest.share().resolve("grabbed")).isEmptyFile();
    guest.assertTold("no.err", "another program has taken /dev/input/event", "for itself: end it");
    assertThat(guest.lines("ends"))
        .containsExactly(
            "second 1", "plugs ended with 0", "plugd ended with 0", "here ended with 0");
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    guest.assertNoComplaint();
  }

  private List<String> read(String file) throws IOException {
    return InputRecording.read(guest.share().resolve(file));
  }
}
