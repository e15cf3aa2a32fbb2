package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** What {@code --print-qemu} says, told to QEMU by a shell. */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 240, threadMode = ThreadMode.SEPARATE_THREAD)
class DaemonQemuIT {
  @TempDir Path directory;

  @Test
  void theArgumentsPlugInEachCard() throws Exception {
    Path odd = Files.createDirectory(directory.resolve("it's a, b$HOME"));
    String[] cards = {
      "--socket=" + odd.resolve("1.sock"), "--socket=" + odd.resolve("2.sock"), "--backend=null"
    };
    String arguments;
    try (Daemon printer = Daemon.start(with(cards, "--print-qemu"))) {
      arguments = String.join("\n", printer.out());
      assertThat(printer.exitStatus()).isZero();
      assertThat(printer.err()).isEmpty();
    }
    assertThat(odd).isEmptyDirectory();

    try (Daemon daemon = Daemon.start(cards).awaitReady()) {
      Process qemu =
          new ProcessBuilder(
                  "sh",
                  "-c",
                  "printf 'info qtree\\nquit\\n' | timeout 120 qemu-system-x86_64 -M q35 -accel tcg"
                      + " -nodefaults -no-user-config -display none -S -monitor stdio "
                      + arguments)
              .redirectErrorStream(true)
              .start();
      List<String> said = qemu.inputReader().lines().toList();

      assertThat(qemu.waitFor()).as("status of QEMU, which said %s", said).isZero();
      assertThat(said.stream().filter(line -> line.contains("dev: vhost-user-snd-pci")))
          .as("cards in %s", said)
          .hasSize(2);
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
    }
  }

  private static String[] with(String[] args, String more) {
    String[] all = java.util.Arrays.copyOf(args, args.length + 1);
    all[args.length] = more;
    return all;
  }
}
