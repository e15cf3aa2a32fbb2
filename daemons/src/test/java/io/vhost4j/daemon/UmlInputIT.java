package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** Recordings that the daemon plays, as event devices of a user-mode Linux. */
@DriverTest(
    device = "input",
    driver = "virtio_input",
    kernel = "Linux 7.3, user-mode",
    transport = "vhost-user")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlInputIT {
  private static final int CHUNKS = 10;

  @TempDir Path directory;

  /** Reads both devices by turns, so that the kernel need not keep what nobody reads. */
  private static final String SCRIPT =
      InputReader.PRELUDE
          + """
          set -e
          keys=$(node "Test keys")
          touch=$(node "Test touch screen")
          remote=$(node "Test remote control")
          for each in keys touch remote; do describe $(eval echo \\$$each) $each.txt; done
          # Linux 7.3 puts the lights out when the last program closes a device.
          exec 5<$keys 6<$remote
          light $keys 1 1
          light $keys 0 1
          light $keys 1 0
          light $remote 1 1
          exec 4<$touch 3<$keys
          echo ready
          for i in $(seq @CHUNKS@); do take @KEYS@ keys; echo "keys $i"; done
          exec 3<&4
          for i in $(seq @CHUNKS@); do take @TOUCH@ touch; echo "touch $i"; done

          # again NODE NAME: another driver for the device
          again() {
            device=$(basename $(readlink -f /sys/class/input/${1##*/}/device/device))
            echo $device >/sys/bus/virtio/drivers/virtio_input/unbind
            if node "$2"; then exit 1; fi
            echo $device >/sys/bus/virtio/drivers/virtio_input/bind
          }
          again $remote "Test remote control"
          remote=$(node "Test remote control")
          until is_on $remote EV_SW SW_TABLET_MODE; do sleep 0.05; done
          if is_on $remote EV_SW SW_LID; then exit 1; fi
          again $keys "Test keys"
          keys=$(node "Test keys")
          exec 5<$keys
          light $keys 2 1
          echo again
          until is_on $keys EV_KEY KEY_F2; do sleep 0.05; done
          ! dmesg | grep -E 'WARNING:|BUG:|virtio_input.*[Ee]rror'
          """;

  @Test
  void eachEventArrivesOnceAndInOrder_AndLightsReachTheDevice() throws Exception {
    InputRecording keys = new InputRecording(directory.resolve("keys.evemu"), InputRecording.KEYS);
    InputRecording touch =
        new InputRecording(directory.resolve("touch.evemu"), InputRecording.TOUCH);
    Path remote = Files.writeString(directory.resolve("remote"), InputRecording.REMOTE);
    Path share = Files.createDirectory(directory.resolve("share"));
    Evtest.copyTo(share);
    for (int i = 0; i < 8; i++) {
      keys.key(2 + i, true).key(2 + i, false);
    }
    touch.touch(1, 100);
    for (int i = 1; i < 4; i++) {
      touch.move(100 + 20 * i);
    }
    touch.lift();
    int keyEvents = keys.size();
    int touchEvents = touch.size();
    String script =
        SCRIPT
            .replace("@CHUNKS@", String.valueOf(CHUNKS))
            .replace("@KEYS@", String.valueOf(keyEvents))
            .replace("@TOUCH@", String.valueOf(touchEvents));
    String list = keys.file + "," + touch.file + "," + remote;
    String prefix = directory.resolve("input").toString();
    Metrics metrics = Metrics.anywhere();
    try (Daemon daemon =
            Daemon.startDevice("input", "-s", prefix, "-e", list, metrics.option()).awaitReady();
        LinuxGuest guest =
            LinuxGuest.inUserMode()
                .share(share)
                .device(Path.of(prefix + "0"), 18, "vhost-user-input-pci")
                .device(Path.of(prefix + "1"), 18, "vhost-user-input-pci")
                .device(Path.of(prefix + "2"), 18, "vhost-user-input-pci")
                .run(script)) {
      guest.awaitLine("ready");
      keys.append();
      guest.awaitLine("keys 1");
      for (int chunk = 2; chunk <= CHUNKS; chunk++) {
        for (int i = 0; i < 8; i++) {
          keys.key(chunk * 8 + i, true).key(chunk * 8 + i, false);
        }
        keys.append();
        guest.awaitLine("keys " + chunk);
      }
      touch.append();
      guest.awaitLine("touch 1");
      for (int chunk = 2; chunk <= CHUNKS; chunk++) {
        touch.touch(chunk * 2, 100 + 200 * chunk);
        for (int i = 1; i < 4; i++) {
          touch.move(100 + 200 * chunk + 20 * i);
        }
        touch.lift();
        touch.append();
        guest.awaitLine("touch " + chunk);
      }
      guest.awaitLine("again");
      keys.assertExactly(share.resolve("keys"));
      keys.press(60).append(); // behind all of before, which the new driver has again
      guest.awaitSuccess();
      assertThat(metrics.page())
          .containsPattern("vhost_input_frames_dropped_total\\{device=\"input0\".* 0\\.0")
          .containsPattern(
              "vhost_input_events_total\\{device=\"input1\".* %d\\.0".formatted(touch.size()));
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
      assertThat(lights(daemon, "input0")).startsWith("1 to 1", "0 to 1", "1 to 0", "2 to 1");
      assertThat(lights(daemon, "input2")).startsWith("1 to 1");
    }
    touch.assertExactly(share.resolve("touch"));
    assertDescribed(share);
  }

  private static List<String> lights(Daemon daemon, String device) {
    return daemon.err().stream()
        .filter(line -> line.contains(device + ": the guest sets LED "))
        .map(line -> line.replaceFirst(".* sets LED ", ""))
        .toList();
  }

  private static void assertDescribed(Path share) throws Exception {
    assertThat(Files.readAllLines(share.resolve("keys.txt")))
        .contains(
            "uniq keys-0001",
            "properties 0",
            "Input device ID: bus 0x3 vendor 0x46d product 0xc31c version 0x110",
            "Input device name: \"Test keys\"",
            "  Event type 1 (EV_KEY)",
            "    Event code 1 (KEY_ESC)",
            "    Event code 127 (KEY_COMPOSE)",
            "    Event code 4 (MSC_SCAN)",
            "    Event code 4 (LED_KANA) state 0");
    assertThat(Files.readString(share.resolve("keys.txt")))
        .doesNotContain("EV_REP", "EV_ABS", "Event code 128 ");
    List<String> touch = Files.readAllLines(share.resolve("touch.txt"));
    assertThat(touch)
        .contains(
            "uniq touch/7",
            "properties 2",
            "Input device ID: bus 0x18 vendor 0x1234 product 0xabcd version 0xffff",
            "    Event code 330 (BTN_TOUCH)",
            "    Event code 47 (ABS_MT_SLOT)",
            "  Property type 1 (INPUT_PROP_DIRECT)");
    int y = touch.indexOf("    Event code 1 (ABS_Y)");
    assertThat(touch.subList(y + 1, y + 6))
        .extracting(String::strip)
        .containsExactly(
            "Value      0", "Min       -5", "Max     2999", "Flat       7", "Resolution      20");
    assertThat(Files.readAllLines(share.resolve("remote.txt")))
        .contains(
            "properties 5",
            "    Event code 8 (REL_WHEEL)",
            "    Event code 1 (SW_TABLET_MODE) state 1",
            "    Event code 1 (SND_BELL) state 0",
            "    Event code 2 (SND_TONE) state 0",
            "  Repeat type 20 (EV_REP)",
            "    Repeat code 0 (REP_DELAY)");
  }
}
