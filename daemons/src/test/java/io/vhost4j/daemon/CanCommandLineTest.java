package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import io.vhost4j.device.can.CanDeviceProvider;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line of {@code vhost-device-can}: the native daemon's, and what is ours. */
class CanCommandLineTest {
  private static DaemonCommandLine.Request request(String line) throws Exception {
    String[] words = line.split(" ");
    for (int i = 0; i < words.length; i++) {
      words[i] = words[i].replace('+', ' ');
    }
    return new DaemonCommandLine("vhost-device-can", new CanDeviceProvider(), "1").parse(words);
  }

  private static List<DeviceSetup> devices(String line) throws Exception {
    return ((DaemonCommandLine.Request.Serve) request(line)).options().devices();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-s /run/can -c 2 -d can0+vcan1",
        "--socket-path=/run/can --socket-count=2 --can-devices=can0+vcan1",
        "--socket-path /run/can --can-devices can0++vcan1+",
      })
  void theLineOfTheNativeDaemonIsTaken(String line) throws Exception {
    assertThat(devices(line))
        .extracting(
            device -> device.socket().path(),
            device -> device.options().values().get("can-devices"))
        .containsExactly(tuple(Path.of("/run/can0"), "can0"), tuple(Path.of("/run/can1"), "vcan1"));
  }

  @Test
  void pairedCardsNeedNoInterface() throws Exception {
    assertThat(devices("-s /run/can -d pair:+pair:"))
        .extracting(device -> device.options().values().get("can-devices"))
        .containsExactly("pair:", "pair:");
    assertThat(devices("--socket=/a --socket=/b -d pair:x -d pair:x")).hasSize(2);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "-s /c | no can-devices: name an interface of the host with --can-devices=NAME",
        "-s /c -c 3 -d can0+can1 | --can-devices=can0 can1 has 2 for 3 sockets: list one for each",
        "-s /c -d can0/1 | --can-devices=can0/1: an interface has a name of 1 to 15 letters",
        "-s /c -d abcdefghijklmnop"
            + " | --can-devices=abcdefghijklmnop: an interface has a name of 1 to 15 letters",
        "-s /c -d pears: | --can-devices=pears:: an interface has a name of 1 to 15 letters",
        "-s /c -d= | --can-devices=: an interface has a name of 1 to 15 letters",
      })
  void whatCannotBeIsToldInOneLine(String line, String message) {
    assertThatThrownBy(() -> request(line)).isInstanceOf(UsageException.class).hasMessage(message);
  }

  @Test
  void theArgumentsForQemuAreThoseOfItsTestDevice() throws Exception {
    assertThat(((DaemonCommandLine.Request.Print) request("-s /c -d can0 --print-qemu")).text())
        .endsWith(
            "-chardev socket,id=can0,path=/c0 -device"
                + " vhost-user-test-device-pci,virtio-id=36,num_vqs=3,config_size=2,chardev=can0\n");
  }
}
