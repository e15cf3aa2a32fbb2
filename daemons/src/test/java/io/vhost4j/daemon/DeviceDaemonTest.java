package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class DeviceDaemonTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... args) {
    return DeviceDaemon.run(
        "vhost-device-sound",
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
            "vhost-device-sound: --backend=fiddle is unknown: give alsa or file or null or pipewire",
            "Try 'vhost-device-sound --help' for all options.");
  }

  @Test
  void helpGoesToStdout() {
    assertThat(run("--help")).isZero();
    assertThat(out()).contains("alsa", "file", "null", "pipewire");
    assertThat(err()).isEmpty();
  }
}
