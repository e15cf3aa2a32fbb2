package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.VirtioDeviceProvider;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command lines of the native daemons: a script need not change. */
class NativeCommandLinesTest {
  private static VirtioDeviceProvider provider(String name) {
    return ServiceLoader.load(VirtioDeviceProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** Words are separated by blanks; a plus sign is a blank within a word. */
  private static List<String> devices(String line) throws Exception {
    String[] words =
        Stream.of(line.split(" ")).map(w -> w.replace('+', ' ')).toArray(String[]::new);
    VirtioDeviceProvider kind = provider(words[0]);
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
        "can -s /c -c 2 -d can0+can1 | 0 /c0 can0; 1 /c1 can1",
        "can --socket-path=/c --can-devices=+can0++can1+ | 0 /c0 can0; 1 /c1 can1",
        "input -s /e -e /dev/input/event1,/dev/input/event2"
            + " | 0 /e0 /dev/input/event1; 1 /e1 /dev/input/event2",
        "input -s=/e -e=/dev/input/event1 | 0 /e0 /dev/input/event1",
        "i2c -s /i -c 2 -l 6:32:41,9:37 | 0 /i0 6:32:41,9:37; 1 /i1 6:32:41,9:37",
        "spi --socket-path=/s --socket-count=1 --device /dev/spidev0.0 | 0 /s0 /dev/spidev0.0",
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
        "gpio --socket /a --socket /b -l 0 | --device-list=0 has 1 for 2 sockets: list one for"
            + " each",
      })
  void aListThatDoesNotFitTheSocketsIsRefused(String line, String message) {
    assertThatThrownBy(() -> devices(line)).isInstanceOf(UsageException.class).hasMessage(message);
  }

  @Test
  void anOptionThatIsNoListIsTakenAsItIs() {
    assertThat(DeviceOption.text("x", "X", "-").listed("a,b c")).containsExactly("a,b c");
  }
}
