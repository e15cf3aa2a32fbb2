package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.device.VirtioDeviceProvider.SocketOptions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The command lines of the native daemons, that of the entropy device apart: what a provider has to
 * say so that a script need not change. Their devices are not ours yet.
 */
class NativeCommandLinesTest {
  private record Kind(String name, SocketOptions socketOptions, List<DeviceOption> options)
      implements VirtioDeviceProvider {
    @Override
    public int deviceType() {
      return 63;
    }

    @Override
    public String summary() {
      return name;
    }

    @Override
    public OpenDevice open(DeviceOptions options) throws DeviceException {
      throw new DeviceException("not to be opened by a parser");
    }

    @Override
    public String qemuDevice(DeviceOptions options) {
      return "none";
    }
  }

  private static Map<String, String> meanings(String... words) {
    Map<String, String> meanings = new LinkedHashMap<>();
    for (String word : words) {
      meanings.put(word, word);
    }
    return meanings;
  }

  private static final List<Kind> KINDS =
      List.of(
          new Kind(
              "console",
              SocketOptions.COUNTED,
              List.of(
                  DeviceOption.choice("backend", "NAME", "-", meanings("nested", "network"))
                      .aliases("b")
                      .byDefault("nested"),
                  // The device adds its index.
                  DeviceOption.number("tcp-port", "PORT", "-", 1, 65535)
                      .aliases("p")
                      .byDefault("12345"),
                  DeviceOption.number("max-queue-size", "N", "-", 1, 32768)
                      .aliases("q")
                      .byDefault("128"))),
          new Kind(
              "gpio",
              SocketOptions.COUNTED,
              List.of(
                  DeviceOption.text("device-list", "CHIP", "-")
                      .aliases("l")
                      .listedBy(":")
                      .requiredTo("say which chips"))),
          new Kind(
              "i2c",
              SocketOptions.COUNTED,
              List.of(DeviceOption.text("device-list", "BUS:ADDR,...", "-").aliases("l"))),
          new Kind(
              "spi", SocketOptions.COUNTED, List.of(DeviceOption.path("device", "-").aliases("l"))),
          new Kind(
              "can",
              SocketOptions.COUNTED,
              List.of(DeviceOption.text("can-devices", "NAME", "-").aliases("d").listedBy(" "))),
          new Kind(
              "input",
              SocketOptions.COUNTED,
              List.of(DeviceOption.path("event-list", "-").aliases("e").listedBy(","))),
          new Kind(
              "rtc",
              SocketOptions.SHORT,
              List.of(
                  DeviceOption.flag("no-offer-alarm", "-"),
                  DeviceOption.flag("no-utc", "-"),
                  DeviceOption.flag("no-tai", "-"),
                  DeviceOption.flag("no-monotonic", "-"))));

  /** Words are separated by blanks; a plus sign is a blank within a word. */
  private static List<String> devices(String line) throws Exception {
    String[] words =
        Stream.of(line.split(" ")).map(w -> w.replace('+', ' ')).toArray(String[]::new);
    Kind kind = KINDS.stream().filter(k -> k.name().equals(words[0])).findFirst().orElseThrow();
    DaemonCommandLine.Request request =
        new DaemonCommandLine("vhost-device-" + kind.name(), kind, "1")
            .parse(Stream.of(words).skip(1).toArray(String[]::new));
    return ((DaemonCommandLine.Request.Serve) request)
        .options().devices().stream()
            .map(
                device ->
                    Stream.concat(
                            Stream.of(device.options().index() + " " + device.socket()),
                            kind.options().stream()
                                .filter(option -> device.options().has(option))
                                .map(option -> device.options().text(option)))
                        .reduce("", (a, b) -> a.isEmpty() ? b : a + " " + b))
            .toList();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "console -s /c -b network -p 12345 | 0 /c0 network 12345",
        "console -s /c -c 2 --backend network -q 256 | 0 /c0 network 256; 1 /c1 network 256",
        "console --socket-path=/c --backend=nested --tcp-port=1 | 0 /c0 nested 1",
        "gpio -s /g -c 2 -l 0:3 | 0 /g0 0; 1 /g1 3",
        "gpio --socket-path=/g --socket-count=1 --device-list s8 | 0 /g0 s8",
        "gpio --socket /a --socket /b -l 0 -l s4 | 0 /a 0; 1 /b s4",
        "i2c -s /i -c 2 -l 6:32:41,9:37:6f | 0 /i0 6:32:41,9:37:6f; 1 /i1 6:32:41,9:37:6f",
        "spi --socket-path=/s --socket-count=1 --device /dev/spidev0.0 | 0 /s0 /dev/spidev0.0",
        "can -s /c -c 2 -d can0+can1 | 0 /c0 can0; 1 /c1 can1",
        "can --socket-path=/c --can-devices=+can0++can1+ | 0 /c0 can0; 1 /c1 can1",
        "input -s /e -e /dev/input/event1,/dev/input/event2"
            + " | 0 /e0 /dev/input/event1; 1 /e1 /dev/input/event2",
        "input -s=/e -e=/dev/input/event1 | 0 /e0 /dev/input/event1",
        "rtc -s /r --no-offer-alarm --no-utc --no-tai | 0 /r true true true",
        "rtc --socket-fd 3 --no-monotonic | 0 fd 3 true",
      })
  void aScriptNeedNotChange(String line, String devices) throws Exception {
    assertThat(devices(line)).containsExactly(devices.split("; "));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "gpio -s /g -c 3 -l 0:3 | --device-list=0:3 has 2 for 3 sockets: list one for each",
        "gpio --socket /a --socket /b -l 0 | --device-list=0 has 1 for 2 sockets: list one for each",
        "input -s /e -c 2 -e /dev/a,,/dev/b"
            + " | --event-list=/dev/a,,/dev/b has 3 for 2 sockets: list one for each",
        "input -s /e -e /dev/a,,/dev/b | --event-list is empty: give the path of a file",
      })
  void aListThatDoesNotFitTheSocketsIsRefused(String line, String message) {
    assertThatThrownBy(() -> devices(line)).isInstanceOf(UsageException.class).hasMessage(message);
  }

  @Test
  void anOptionThatIsNoListIsTakenAsItIs() {
    assertThat(DeviceOption.text("x", "X", "-").listed("a,b c")).containsExactly("a,b c");
  }
}
