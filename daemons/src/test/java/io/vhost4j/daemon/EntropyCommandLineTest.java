package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.device.rng.EntropyDeviceProvider;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line of {@code vhost-device-rng}: the native daemon's, and that of all of ours. */
class EntropyCommandLineTest {
  private static DaemonCommandLine.Request request(String line) throws Exception {
    return new DaemonCommandLine("vhost-device-rng", new EntropyDeviceProvider(), "1")
        .parse(line.split(" ", -1));
  }

  private static List<DeviceSetup> devices(String line) throws Exception {
    return ((DaemonCommandLine.Request.Serve) request(line)).options().devices();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-s /run/rng -c 2 -f /dev/hwrng -p 1000 -m 512",
        "--socket-path /run/rng --socket-count 2 --rng-source /dev/hwrng --period 1000"
            + " --max-bytes 512",
        "--socket-path=/run/rng --socket-count=2 --filename=/dev/hwrng --period=1000"
            + " --max-bytes=512",
      })
  void theLineOfTheNativeDaemonIsTaken(String line) throws Exception {
    List<DeviceSetup> devices = devices(line);

    assertThat(devices)
        .extracting(device -> device.socket().path())
        .containsExactly(Path.of("/run/rng0"), Path.of("/run/rng1"));
    assertThat(devices)
        .allSatisfy(
            device -> {
              assertThat(device.options().devices()).isEqualTo(2);
              assertThat(device.options().values())
                  .isEqualTo(
                      Map.of("rng-source", "/dev/hwrng", "period", "1000", "max-bytes", "512"));
            });
  }

  @Test
  void aSingleSocketOfACountHasItsNumberToo() throws Exception {
    assertThat(devices("-s /run/rng"))
        .singleElement()
        .satisfies(
            device -> {
              assertThat(device.socket().path()).isEqualTo(Path.of("/run/rng0"));
              assertThat(device.options().name()).isEqualTo("rng0");
              assertThat(device.options().values()).isEmpty();
            });
  }

  @Test
  void socketsByTheConventionsOfQemuHaveNoNumber() throws Exception {
    assertThat(devices("--socket /run/a --socket /run/b"))
        .extracting(device -> device.socket().path())
        .containsExactly(Path.of("/run/a"), Path.of("/run/b"));
    assertThat(devices("--socket-fd 3").get(0).socket()).isEqualTo(ListenSocket.inherited(3));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "-f /dev/urandom | no socket: say where to listen with --socket=PATH",
        "-s a --socket b | --socket and --socket-path exclude each other: give one of them",
        "-s a --fd 3 | --socket and --socket-fd exclude each other: give one of them",
        "-s a -s b | --socket-path is given 2 times: give it once",
        "-s a --socket-path b | --socket-path is given 2 times: give it once",
        "-s a -c 0 | --socket-count=0: possible are 1 to 256",
        "-s a -c 1 -c 2 | --socket-count is given 2 times: give it once",
        "--socket a -c 2"
            + " | --socket-count goes with --socket-path=PATH, of which it makes PATH0, PATH1...",
        "--socket-path= | --socket-path is empty: give the path of a Unix socket",
        "-s a -p 0 | --period=0: possible are 1 to 65536 milliseconds",
        "-s a -p 65537 | --period=65537: possible are 1 to 65536 milliseconds",
        "-s a -m 0 | --max-bytes=0: possible are 1 to 9223372036854775807",
        "-s a -m 99999999999999999999"
            + " | --max-bytes=99999999999999999999: possible are 1 to 9223372036854775807",
        "-s a -m 1 -m 2 | --max-bytes is given 2 times: give it once",
        "-s a -c 3 -m 2 | --max-bytes=2 is not even a byte for each of 3 sockets: give more",
        "-s a --filename= | --rng-source is empty: give the path of a file",
        "-s a -f | --rng-source needs a value: --rng-source=FILE",
      })
  void whatCannotBeIsToldInOneLine(String line, String message) {
    assertThatThrownBy(() -> request(line)).isInstanceOf(UsageException.class).hasMessage(message);
  }

  @Test
  void theArgumentsForQemuHaveEachNumberedSocket() throws Exception {
    assertThat(((DaemonCommandLine.Request.Print) request("-s /run/rng -c 2 --print-qemu")).text())
        .endsWith(
            """
            -chardev socket,id=rng0,path=/run/rng0 -device vhost-user-rng-pci,chardev=rng0 \\
            -chardev socket,id=rng1,path=/run/rng1 -device vhost-user-rng-pci,chardev=rng1
            """);
  }
}
