package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A device that nobody here knows, on the command line. */
class DaemonCommandLineTest {
  private static final DeviceOption END =
      DeviceOption.choice(
              "end", "KIND", "Where it goes", new TreeMap<>(Map.of("pty", "here", "tcp", "there")))
          .aliases("e")
          .byDefault("pty");
  private static final DeviceOption PORT =
      DeviceOption.number("tcp-port", "N", "Port to listen on", 1, 65535)
          .aliases("p", "port")
          .byDefault("100%")
          .onlyWith(END, List.of("tcp"));
  private static final DeviceOption SHARED =
      DeviceOption.flag("shared", "Whether all are one").perProcess();

  private record Provider(SocketOptions socketOptions, List<DeviceOption> options)
      implements VirtioDeviceProvider {
    @Override
    public String name() {
      return "wire";
    }

    @Override
    public int deviceType() {
      return 63;
    }

    @Override
    public String summary() {
      return "A wire, 100% copper,";
    }

    @Override
    public OpenDevice open(DeviceOptions options) throws DeviceException {
      throw new DeviceException("not to be opened by a parser");
    }

    @Override
    public String qemuDevice(DeviceOptions options) {
      return "vhost-user-test-device-pci,virtio-id=63,num_vqs="
          + (options.text(END).equals("tcp") ? 2 : 4);
    }
  }

  private static final Provider WIRE =
      new Provider(VirtioDeviceProvider.SocketOptions.SHORT, List.of(PORT, END, SHARED));

  private static DaemonCommandLine.Request request(String line) throws Exception {
    return new DaemonCommandLine("vhost-device-wire", WIRE, "1").parse(line.split(" ", -1));
  }

  private static List<DeviceSetup> devices(String line) throws Exception {
    return ((DaemonCommandLine.Request.Serve) request(line)).options().devices();
  }

  private static String text(String line) throws Exception {
    return ((DaemonCommandLine.Request.Print) request(line)).text();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-s /a", "--socket-path /a", "--socket-path=/a", "--socket=/a"})
  void aShortNameOfTheSocketAddsNoNumber(String line) throws Exception {
    assertThat(devices(line).get(0).socket().path()).isEqualTo(Path.of("/a"));
  }

  @Test
  void anOptionGoesToTheDevicesThatHaveIt() throws Exception {
    assertThat(devices("-s a -s b -s c -e tcp --end pty -e tcp -p 1 --port 3"))
        .extracting(device -> device.options().values())
        .containsExactly(
            Map.of("end", "tcp", "tcp-port", "1"),
            Map.of("end", "pty"),
            Map.of("end", "tcp", "tcp-port", "3"));
  }

  @Test
  void whatIsForTheProcessGoesToAll() throws Exception {
    assertThat(devices("-s a -s b --shared"))
        .extracting(device -> device.options().values())
        .containsExactly(Map.of("shared", "true"), Map.of("shared", "true"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-s a -p 1 | --tcp-port is an option of --end=tcp, not of pty",
        "-s a -e udp -p 1 | --end=udp is unknown: give pty or tcp",
        "-s a -e tcp -p 0 | --tcp-port=0: possible are 1 to 65535",
        "-s a -s b -s c -e tcp -e pty -e tcp -p 1 -p 2 -p 3 | --tcp-port is given 3 times for 2"
            + " sockets whose --end has it: give it once for all or once for each",
        "-s a -s b --shared --shared=false | --shared is given 2 times: give it once",
        "-s a -c 2 | there is no option -c",
      })
  void whatCannotBeIsToldInOneLine(String line, String message) {
    assertThatThrownBy(() -> request(line))
        .isInstanceOf(UsageException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void theHelpIsThatOfTheDevice() throws Exception {
    assertThat(text("--help"))
        .startsWith("Usage: vhost-device-wire --socket=PATH... [OPTION...]\n")
        .contains("A wire, 100% copper, for virtual machines")
        .containsSubsequence(
            "The devices:", "-e, --end=KIND", "pty       here", "The daemon:", "With --end=tcp:")
        .contains("-p, --port, --tcp-port=N", "(default: 100%).", "--shared[=true|false]");
  }

  @Test
  void theArgumentsForQemuFollowFromTheOptions() throws Exception {
    assertThat(text("-s /a -s /b -e tcp -e pty --print-qemu"))
        .contains(
            "path=/a -device vhost-user-test-device-pci,virtio-id=63,num_vqs=2,chardev=wire0",
            "path=/b -device vhost-user-test-device-pci,virtio-id=63,num_vqs=4,chardev=wire1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"metrics", "socket-path", "h", "end"})
  void twoOptionsOfOneNameAreAnErrorOfTheDevice(String taken) {
    Provider greedy =
        new Provider(
            VirtioDeviceProvider.SocketOptions.LONG,
            List.of(END, DeviceOption.text("mine", "X", "clashes").aliases(taken)));

    assertThatThrownBy(() -> new DaemonCommandLine("vhost-device-wire", greedy, "1"))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("wire")
        .hasMessageContaining("-" + taken);
  }
}
