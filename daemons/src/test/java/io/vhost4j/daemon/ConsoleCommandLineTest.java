package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.device.console.ConsoleDeviceProvider;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line of the consoles, as far as it goes beyond the native daemon's. */
class ConsoleCommandLineTest {
  private static DaemonCommandLine.Request parse(String line) throws Exception {
    return new DaemonCommandLine("vhost-device-console", new ConsoleDeviceProvider(), "1")
        .parse(line.split(" "));
  }

  @Test
  void helpNamesAllOptions() throws Exception {
    String help = ((DaemonCommandLine.Request.Print) parse("--help")).text();
    assertThat(help)
        .contains("-b, --backend", "-p, --tcp-port", "-q, --max-queue-size", "-c, --socket-count")
        .contains("--console", "--serial", "--scrollback", "--hold-ms", "--resize-order");
  }

  @Test
  void qemuIsToldHowManyQueuesThereAre() throws Exception {
    String line = "--socket=/tmp/c --console=pty,nested --serial=a=unix:/tmp/a --print-qemu";
    assertThat(((DaemonCommandLine.Request.Print) parse(line)).text())
        .contains("vhost-user-test-device-pci,virtio-id=3,num_vqs=8,config_size=12");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-s /c -c 2 -b network",
        "-s /c -c 2 --console=pty --serial=a=file:/log,b=file:/log",
        "-s /c --serial=a=unix:/a,b=unix:/b,c=network:1,d=network:2",
        "-s /c -c 2 --console=nested --console=unix:/a",
        "-s /c -c 2 --serial=a=unix:/a --serial=a=unix:/b"
      })
  void endsOfWhichThereAreEnoughAreTaken(String line) throws Exception {
    assertThat(parse(line)).isInstanceOf(DaemonCommandLine.Request.Serve.class);
  }

  private static List<String> warnings(String line) throws Exception {
    DaemonOptions options = ((DaemonCommandLine.Request.Serve) parse(line)).options();
    return options
        .provider()
        .warnings(options.devices().stream().map(DeviceSetup::options).toList());
  }

  @Test
  void aTcpPortThatNoConsoleIsAtIsToldOf() throws Exception {
    assertThat(warnings("-s /c -b network -p 1234")).isEmpty();
    assertThat(warnings("-s /c -b nested")).isEmpty();
    assertThat(warnings("-s /c -p 1234"))
        .containsExactly(
            "--tcp-port=1234 has no effect: --backend=network puts the console there; or leave it"
                + " out");
    assertThat(warnings("-s /c -c 2 --console=pty -p 1234"))
        .containsExactly(
            "--tcp-port=1234 has no effect: --console=network:1234 puts the console there; or leave"
                + " it out");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "-s /c -b network --console=pty | --backend=network is for a device with one console: give"
            + " --console=network:PORT, and no --backend",
        "-s /c -c 2 | there is one terminal for 2 ports: give the others another end, such as pty",
        "-s /c -c 3 --serial=a=unix:/a | there is one unix:/a for 3 ports: give the others another"
            + " end, such as pty",
        "-s /c -c 2 --console=unix:/a --console=pty,unix:/a | there is one unix:/a for 2 ports:"
            + " give the others another end, such as pty",
        "-s /c -c 2 -b network -p 65535 | --tcp-port=65535: device 1 would have port 65536: choose"
            + " a lower one",
        "-s /c --hold-ms=forever | --hold-ms=forever: possible are 0 to 60000 milliseconds",
        "-s /c -q 0 | --max-queue-size=0: possible are 1 to 32768",
        "-s /c --console=pty: --serial=x | --serial=x: a serial port needs a name: NAME=x",
      })
  void aMistakeIsToldInOneLine(String line, String message) {
    assertThatThrownBy(() -> parse(line)).isInstanceOf(UsageException.class).hasMessage(message);
  }
}
