package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DeviceDaemonTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @TempDir Path directory;

  private int run(String... args) {
    return runAs("vhost-device-sound", args);
  }

  private int runAs(String program, String... args) {
    return DeviceDaemon.run(
        program,
        args,
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void capabilitiesArePrintedWhateverElseIsAskedFor_D3() {
    assertThat(run("--bogus", "--socket", "/nowhere/x", "--print-capabilities")).isZero();
    assertThat(out()).isEqualTo("{\"type\": \"sound\"}\n");
    assertThat(err()).isEmpty();
  }

  @Test
  void aWayToSimulatedHardwareIsOfferedWhereThereIsAny() throws Exception {
    for (VirtioDeviceProvider kind : DeviceProviders.all()) {
      out.reset();
      assertThat(runAs("vhost-device-" + kind.name(), "--help")).isZero();
      assertThat(out().contains("--control="))
          .as(kind.name())
          .isEqualTo(kind.name().equals("gpio"));
    }
    assertThat(runAs("vhost-device-can", "--socket=/a", "-d", "can0", "--control=/b")).isEqualTo(2);
    assertThat(err()).contains("there is no option --control");
  }

  @Test
  void capabilitiesHaveTheFeaturesOfTheKind_D3() {
    VirtioDeviceProvider kind =
        new VirtioDeviceProvider() {
          @Override
          public String name() {
            return "input";
          }

          @Override
          public int deviceType() {
            return 18;
          }

          @Override
          public String summary() {
            return "keys";
          }

          @Override
          public List<String> features() {
            return List.of("evdev-path", "no-grab");
          }

          @Override
          public OpenDevice open(DeviceOptions options) throws DeviceException {
            throw new DeviceException("not to be opened");
          }

          @Override
          public String qemuDevice(DeviceOptions options) {
            return "none";
          }
        };
    assertThat(DeviceDaemon.capabilities(kind))
        .isEqualTo("{\"type\": \"input\", \"features\": [\"evdev-path\", \"no-grab\"]}");
  }

  static List<String> devices() throws StartException {
    return DeviceProviders.all().stream().map(VirtioDeviceProvider::name).toList();
  }

  /** The words of QEMU's schema are about options that a manager of machines may then use. */
  @ParameterizedTest
  @MethodSource("devices")
  void capabilitiesAreThoseOfTheSchema_D3(String device) {
    assertThat(runAs("vhost-device-" + device, "--print-capabilities")).isZero();
    String features = device.equals("input") ? ", \"features\": [\"evdev-path\"]" : "";
    assertThat(out()).isEqualTo("{\"type\": \"%s\"%s}\n".formatted(device, features));
  }

  @ParameterizedTest
  @MethodSource("devices")
  void helpAndManualHaveEachOptionOfTheDevice(String device) throws Exception {
    VirtioDeviceProvider provider =
        DeviceProviders.all().stream()
            .filter(each -> each.name().equals(device))
            .findFirst()
            .orElseThrow();
    assertThat(runAs("vhost-device-" + device, "--help")).isZero();
    String help = out();
    out.reset();
    assertThat(runAs("vhost-device-" + device, "--print-manual")).isZero();
    String manual = out().replace("\\-", "-").replaceAll("\\\\f[A-Z]", "");
    assertThat(help).startsWith("Usage: vhost-device-" + device + " ");
    assertThat(manual).contains("\nvhost-device-" + device + " - " + provider.summary());
    for (DeviceOption option : provider.options()) {
      for (String text : List.of(help, manual)) {
        assertThat(text).contains("--" + option.name());
        for (String alias : option.aliases()) {
          assertThat(text).contains((alias.length() == 1 ? "-" : "--") + alias);
        }
        // Lines break behind dashes, too.
        assertThat(text.replaceAll("\\s+", ""))
            .contains(option.description().replaceAll("\\s+", ""));
      }
    }
    for (String common : List.of("--socket", "--print-qemu")) {
      assertThat(help).contains(common);
      assertThat(manual).contains(common);
    }
    assertThat(err()).isEmpty();
  }

  @Test
  void wrongUsageGetsALineAndAHint() {
    assertThat(run("--socket", "/tmp/x", "--backend", "fiddle")).isEqualTo(2);
    assertThat(out()).isEmpty();
    assertThat(err().lines())
        .containsExactly(
            "vhost-device-sound: --backend=fiddle is unknown: give alsa, file, null or pipewire",
            "Try 'vhost-device-sound --help' for all options.");
  }

  @Test
  void helpGoesToStdout() {
    assertThat(run("--help")).isZero();
    assertThat(out()).contains("alsa", "file", "null", "pipewire");
    assertThat(err()).isEmpty();
  }

  @Test
  void theDeviceMayBeTheFirstArgument() {
    assertThat(runAs("vhost-device", "rng", "--print-capabilities")).isZero();
    assertThat(out()).isEqualTo("{\"type\": \"rng\"}\n");
    assertThat(runAs("vhost-device", "rng", "--socket=a", "--period=0")).isEqualTo(2);
    assertThat(err().lines())
        .containsExactly(
            "vhost-device rng: --period=0: possible are 1 to 65536 milliseconds",
            "Try 'vhost-device rng --help' for all options.");
  }

  @Test
  void withoutADeviceTheUserIsToldHowToFindOne() {
    assertThat(runAs("vhost-device")).isEqualTo(2);
    assertThat(err()).contains("vhost-device --list");
    assertThat(runAs("vhost-device", "--list")).isZero();
    assertThat(out().lines())
        .isSorted()
        .anySatisfy(line -> assertThat(line).matches("rng +A virtio source of entropy"))
        .anySatisfy(line -> assertThat(line).matches("sound +A virtio sound card"));
    assertThat(runAs("vhost-device", "--help")).isZero();
    assertThat(out()).contains("Usage: vhost-device NAME");
  }

  @Test
  void aDeviceThatThereIsNotIsToldWithThoseThatThereAre() {
    assertThat(runAs("vhost-device-fiddle", "--help")).isEqualTo(2);
    String choice = "there is no device 'fiddle': choose ([a-z0-9]+ or )*rng( or [a-z0-9]+)*";
    assertThat(err().lines().findFirst())
        .hasValueSatisfying(line -> assertThat(line).matches("vhost-device-fiddle: " + choice));
    err.reset();
    assertThat(runAs("vhost-device", "fiddle", "--help")).isEqualTo(2);
    assertThat(err().lines())
        .satisfiesExactly(
            line -> assertThat(line).matches("vhost-device: " + choice),
            line -> assertThat(line).isEqualTo("Try 'vhost-device --help' for all options."));
  }

  /** Another device that says it is the sound device. */
  public static final class OtherSound implements VirtioDeviceProvider {
    @Override
    public String name() {
      return "sound";
    }

    @Override
    public int deviceType() {
      return 25;
    }

    @Override
    public String summary() {
      return "Another";
    }

    @Override
    public OpenDevice open(DeviceOptions options) throws DeviceException {
      throw new DeviceException("not this one");
    }

    @Override
    public String qemuDevice(DeviceOptions options) {
      return "none";
    }
  }

  private int runWithProvider(String className, String... args) throws Exception {
    Path services = Files.createDirectories(directory.resolve("META-INF/services"));
    Files.writeString(services.resolve(VirtioDeviceProvider.class.getName()), className);
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader further = new URLClassLoader(new URL[] {directory.toUri().toURL()})) {
      thread.setContextClassLoader(further);
      return run(args);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  @Test
  void twoDevicesOfOneNameAreAnErrorOfOneLine() throws Exception {
    assertThat(runWithProvider(OtherSound.class.getName(), "--help")).isEqualTo(1);
    assertThat(err().lines())
        .singleElement()
        .asString()
        .startsWith("vhost-device-sound: two devices are called 'sound'")
        .contains("OtherSound", "SoundDeviceProvider");
  }

  @Test
  void aProviderThatCannotBeLoadedIsAnErrorOfOneLine() throws Exception {
    assertThat(runWithProvider("com.example.Missing", "--help")).isEqualTo(1);
    assertThat(err().lines())
        .singleElement()
        .asString()
        .startsWith("vhost-device-sound: ")
        .contains("cannot be loaded", "com.example.Missing");
  }
}
