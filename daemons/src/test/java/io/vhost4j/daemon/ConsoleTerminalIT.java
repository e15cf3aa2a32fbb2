package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** The packaged daemon of consoles, and the terminal that the kernel says is its own. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class ConsoleTerminalIT {
  /** In /proc/PID/stat, behind the name: the terminal, 0 for none. */
  private static final int TERMINAL = 4;

  @TempDir Path directory;

  /** As of a systemd service: what the guest writes there could be a signal to the daemon. */
  @Test
  void theGuestsPseudoTerminalDoesNotBecomeThatOfADaemonWithoutOne() throws Exception {
    try (Daemon daemon =
        Daemon.startDeviceBy(
            List.of("setsid"),
            "console",
            "--socket=" + directory.resolve("con.sock"),
            "--console=pty")) {
      daemon.awaitReady();
      String stat = Files.readString(Path.of("/proc/" + daemon.pid() + "/stat"));
      String[] words = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      assertThat(words[TERMINAL]).isEqualTo("0");
    }
  }

  /** The kernel would stop it at the first guest, and with it that guest's processor. */
  @Test
  void inTheBackgroundOfATerminalADaemonThatNeedsItSaysSo() throws Exception {
    Path launcher = Daemon.DISTRIBUTION.resolve("bin/vhost-device-console");
    String shell =
        "%s --socket=%s & wait $!; echo it ended with $?"
            .formatted(launcher, directory.resolve("con.sock"));
    ProcessBuilder script =
        new ProcessBuilder("script", "-qec", "bash -mc '%s'".formatted(shell), "/dev/null");
    script.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = script.redirectErrorStream(true).start();
    try (BufferedReader terminal = process.inputReader(StandardCharsets.UTF_8)) {
      String line = terminal.readLine();
      assertThat(line)
          .isEqualTo(
              "vhost-device-console: this process is in the background of its terminal, which it"
                  + " needs for the console: start it without '&', or give it another end, such"
                  + " as --console=pty");
      assertThat(terminal.lines()).contains("it ended with 1");
    } finally {
      process.descendants().forEach(ProcessHandle::destroy);
      process.destroy();
    }
  }
}
