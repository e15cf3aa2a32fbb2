package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.device.input.InputDeviceProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line of {@code vhost-device-input}: the native daemon's, and QEMU's own. */
class InputCommandLineTest {
  @TempDir Path directory;

  private static DaemonCommandLine.Request request(String line) throws Exception {
    return new DaemonCommandLine("vhost-device-input", new InputDeviceProvider(), "1")
        .parse(line.split(" ", -1));
  }

  private static List<DeviceSetup> devices(String line) throws Exception {
    return ((DaemonCommandLine.Request.Serve) request(line)).options().devices();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-s /e -e /dev/input/event1,/dev/input/event2",
        "-s=/e -e=/dev/input/event1,/dev/input/event2",
        "--socket-path /e --event-list /dev/input/event1,/dev/input/event2",
        "--socket-path=/e --event-list=/dev/input/event1,/dev/input/event2 -c 2",
      })
  void theLineOfTheNativeDaemonIsTaken(String line) throws Exception {
    List<DeviceSetup> devices = devices(line);
    assertThat(devices)
        .extracting(device -> device.socket().path())
        .containsExactly(Path.of("/e0"), Path.of("/e1"));
    assertThat(devices)
        .extracting(device -> device.options().values().get("event-list"))
        .containsExactly("/dev/input/event1", "/dev/input/event2");
    assertThat(devices).allSatisfy(each -> assertThat(each.options().values()).hasSize(1));
  }

  @Test
  void theLineOfQemusDaemonIsTaken() throws Exception {
    assertThat(devices("--socket-path=/e --evdev-path=/dev/input/event1 --grab"))
        .singleElement()
        .satisfies(
            device ->
                assertThat(device.options().values())
                    .containsEntry("event-list", "/dev/input/event1")
                    .containsEntry("grab", "true"));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "-s /e | no event-list: say which devices with --event-list=FILE",
        "-s /e -c 2 -e /dev/a,,/dev/b"
            + " | --event-list=/dev/a,,/dev/b has 3 for 2 sockets: list one for each",
        "-s /e -e /dev/a,,/dev/b | --event-list is empty: give the path of a file",
      })
  void whatCannotBeIsToldInOneLine(String line, String message) {
    assertThatThrownBy(() -> request(line)).isInstanceOf(UsageException.class).hasMessage(message);
  }

  @Test
  void anOptionThatNoDeviceHasAUseForIsRefused() throws Exception {
    Path keys = Files.createFile(directory.resolve("keys.evemu"));
    assertThatThrownBy(() -> request("-s /e --grab -e " + keys))
        .isInstanceOf(UsageException.class)
        .hasMessage(
            "--grab: %s is a recording, whose events no other program has: leave the option out"
                .formatted(keys));
    assertThatThrownBy(() -> request("-s /e --loop -e /dev/null"))
        .isInstanceOf(UsageException.class)
        .hasMessage("--loop: /dev/null is a device and no recording: leave the option out");
    assertThat(devices("-s /e --grab --loop -e /dev/null," + keys)).hasSize(2);
    assertThat(devices("-s /e --grab=false -e " + keys)).hasSize(1);
    assertThat(devices("-s /e --loop -e /of/another/machine")).hasSize(1);
  }
}
