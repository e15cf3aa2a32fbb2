package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.device.rtc.RtcDeviceProvider;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command line of {@code vhost-device-rtc}: the native daemon's, and that of all of ours. */
class RtcCommandLineTest {
  private static DaemonCommandLine.Request request(String line) throws Exception {
    return new DaemonCommandLine("vhost-device-rtc", new RtcDeviceProvider(), "1")
        .parse(line.split(" ", -1));
  }

  private static List<DeviceSetup> devices(String line) throws Exception {
    return ((DaemonCommandLine.Request.Serve) request(line)).options().devices();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "-s /r | /r |",
        "--socket-path=/r --no-offer-alarm | /r | no-offer-alarm",
        "-s /r --no-utc --no-tai | /r | no-utc no-tai",
        "-s /r --no-offer-alarm --no-tai --no-monotonic | /r | no-offer-alarm no-tai no-monotonic",
      })
  void theLineOfTheNativeDaemonIsTaken(String line, Path socket, String flags) throws Exception {
    assertThat(devices(line))
        .singleElement()
        .satisfies(
            device -> {
              assertThat(device.socket().path()).isEqualTo(socket);
              Map<String, String> values = device.options().values();
              assertThat(values.keySet())
                  .isEqualTo(flags == null ? Set.of() : Set.of(flags.split(" ")));
              assertThat(values.values()).allMatch("true"::equals);
            });
  }

  @Test
  void aSocketCanBeInherited() throws Exception {
    assertThat(devices("--socket-fd 3 --no-monotonic").get(0).socket())
        .isEqualTo(ListenSocket.inherited(3));
  }

  @Test
  void eachSocketIsADeviceOfItsOwn() throws Exception {
    assertThat(devices("--socket /a --socket /b --no-tai"))
        .extracting(device -> device.socket().path())
        .containsExactly(Path.of("/a"), Path.of("/b"));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "--no-utc | no socket: say where to listen with --socket=PATH",
        "-s /r --no-utc --no-tai --no-monotonic"
            + " | --no-utc, --no-tai and --no-monotonic leave no clock: give fewer of them",
        "-s /r -c 2 | there is no option -c",
      })
  void whatCannotBeIsToldInOneLine(String line, String message) {
    assertThatThrownBy(() -> request(line)).isInstanceOf(UsageException.class).hasMessage(message);
  }

  @Test
  void theArgumentsForQemuNameItsDevice() throws Exception {
    assertThat(((DaemonCommandLine.Request.Print) request("-s /run/rtc --print-qemu")).text())
        .endsWith(
            "-chardev socket,id=rtc0,path=/run/rtc -device vhost-user-rtc-pci,chardev=rtc0\n");
  }
}
