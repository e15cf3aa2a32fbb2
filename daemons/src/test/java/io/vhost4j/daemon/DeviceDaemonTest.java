package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.DeviceException;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
        .containsExactly("rng      A virtio source of entropy", "sound    A virtio sound card");
    assertThat(runAs("vhost-device", "--help")).isZero();
    assertThat(out()).contains("Usage: vhost-device NAME");
  }

  @Test
  void aDeviceThatThereIsNotIsToldWithThoseThatThereAre() {
    assertThat(runAs("vhost-device-fiddle", "--help")).isEqualTo(2);
    assertThat(err())
        .startsWith("vhost-device-fiddle: there is no device 'fiddle': choose rng or sound\n");
    err.reset();
    assertThat(runAs("vhost-device", "fiddle", "--help")).isEqualTo(2);
    assertThat(err().lines())
        .containsExactly(
            "vhost-device: there is no device 'fiddle': choose rng or sound",
            "Try 'vhost-device --help' for all options.");
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
