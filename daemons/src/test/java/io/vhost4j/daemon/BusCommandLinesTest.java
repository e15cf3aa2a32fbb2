package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.device.i2c.I2cDeviceProvider;
import io.vhost4j.device.spi.SpiDeviceProvider;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The command lines of {@code vhost-device-i2c} and {@code vhost-device-spi}, as natives have them.
 */
class BusCommandLinesTest {
  /** Words are separated by blanks; a plus sign is a blank within a word. */
  private static DaemonCommandLine.Request request(String line) throws Exception {
    List<String> words = Stream.of(line.split(" ")).map(w -> w.replace('+', ' ')).toList();
    VirtioDeviceProvider provider =
        words.get(0).equals("i2c") ? new I2cDeviceProvider() : new SpiDeviceProvider();
    return new DaemonCommandLine("vhost-device-" + words.get(0), provider, "1")
        .parse(words.subList(1, words.size()).toArray(String[]::new));
  }

  private static List<DeviceSetup> devices(String line) throws Exception {
    return ((DaemonCommandLine.Request.Serve) request(line)).options().devices();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "i2c -s /i -c 2 -l 6:32:41,9:37 | device-list | 6:32:41,9:37 | 2",
        "i2c --socket-path=/i --device-list=6:32 | device-list | 6:32 | 1",
        "i2c --socket-path /i --socket-count 1 --device-list SMBus+stub+driver:28"
            + " | device-list | SMBus stub driver:28 | 1",
        "i2c -s /i -l 6:0x20,9:0x25 | device-list | 6:0x20,9:0x25 | 1",
        "spi -s /i -c 2 -l /dev/spidev0.0 | chips | /dev/spidev0.0 | 2",
        "spi --socket-path=/i --socket-count=1 --device /dev/spidev0.0 | chips"
            + " | /dev/spidev0.0 | 1",
        "spi -s /i -l /dev/spidev0.0,/dev/spidev0.1 | chips | /dev/spidev0.0,/dev/spidev0.1 | 1",
      })
  void aScriptNeedNotChange(String line, String option, String value, int count) throws Exception {
    List<DeviceSetup> devices = devices(line);
    assertThat(devices).hasSize(count);
    for (int i = 0; i < count; i++) {
      assertThat(devices.get(i).socket().path()).isEqualTo(Path.of("/i" + i));
      assertThat(devices.get(i).options().values()).isEqualTo(Map.of(option, value));
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "i2c -s /i | no device-list: say which chips guests may use with"
            + " --device-list=BUS:ADDR...[,BUS:...]",
        "i2c -s /i -l 6 | --device-list=6: '6' is not BUS:ADDR, such as 6:32 or 6:0x20",
        "i2c -s /i -l 6:32, | --device-list=6:32,: '' is not BUS:ADDR, such as 6:32 or 6:0x20",
        "i2c -s /i -l :32 | --device-list=:32: ':32' is not BUS:ADDR, such as 6:32 or 6:0x20",
        "i2c -s /i -l 6:32:6f"
            + " | --device-list=6:32:6f: '6:32:6f' is not BUS:ADDR, such as 6:32 or 6:0x20",
        "i2c -s /i -l 6:32,9:0x20"
            + " | --device-list=6:32,9:0x20 has the address 0x20 twice: to a driver all buses are"
            + " one",
        "i2c -s /i -l 6:1024 | --device-list=6:1024: there is no address 1024: possible are 0 to"
            + " 127, and to 1023 where the bus has addresses of 10 bits",
        "spi -s /i | no chips: say which chips guests may use with --chips=FILE[,FILE...]",
        "spi -s /i -l a,, | --chips=a,,: give the path of a spidev, or several with commas between"
            + " them",
      })
  void whatCannotBeIsToldInOneLine(String line, String message) {
    assertThatThrownBy(() -> request(line)).isInstanceOf(UsageException.class).hasMessage(message);
  }

  @Test
  void theArgumentsForQemuNameTheDevice() throws Exception {
    assertThat(print("i2c -s /i -l sim:80 --print-qemu"))
        .endsWith("-chardev socket,id=i2c0,path=/i0 -device vhost-user-i2c-pci,chardev=i2c0\n");
    assertThat(print("spi -s /i -l sim --print-qemu"))
        .endsWith("-chardev socket,id=spi0,path=/i0 -device vhost-user-spi-pci,chardev=spi0\n");
  }

  private static String print(String line) throws Exception {
    return ((DaemonCommandLine.Request.Print) request(line)).text();
  }
}
