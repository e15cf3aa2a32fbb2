package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A Linux guest that runs one shell script: under QEMU, booted by scripts/guest/boot.sh, or in user
 * mode, by scripts/uml/boot.sh, which takes no seconds to boot and runs at native speed.
 */
final class Guest implements AutoCloseable {
  /** Functions for the scripts, which find the files of the shared directory in /tmp. */
  private static final String PRELUDE =
      """
      cp *.raw /tmp 2>/dev/null
      # play CARD FILE OPTION...
      play() { card=$1 file=$2; shift 2; aplay -q -D hw:$card,0 "$@" /tmp/$file; }
      # record CARD FILE OPTION...: again if the guest itself was too slow to take what came
      record() {
        card=$1 file=$2; shift 2
        for try in 1 2 3 4 5; do
          arecord -q -D hw:$card,0 "$@" /tmp/$file 2>/tmp/$file.err || return
          grep overrun /tmp/$file.err || { cp /tmp/$file . ; return; }
        done
        return 1
      }
      """;

  private final Process process;
  private final String machine;
  private final BufferedReader out;
  private final List<String> lines = new ArrayList<>();

  private Guest(Process process, String machine) {
    this.process = process;
    this.machine = machine;
    this.out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /**
   * Boots under QEMU.
   *
   * @param share directory shared with the guest, in which the script runs; what it has in .raw
   *     files is copied to the guest's /tmp
   * @param script ends the guest with its end
   * @param sockets of its sound cards 0, 1...
   * @param options more options of boot.sh
   */
  static Guest boot(Path share, String script, List<Path> sockets, String... options)
      throws IOException {
    return boot("guest/boot.sh", "/qemu-system-x86_64", share, script, sockets, options);
  }

  /**
   * Boots in user mode; the rest as in {@link #boot}. The driver takes periods from a millisecond
   * on, and buffers that last while other processes have the host's processors: one that makes no
   * way for as long as its buffer fails.
   */
  static Guest bootInUserMode(Path share, String script, List<Path> sockets, String... options)
      throws IOException {
    List<String> all = new ArrayList<>(List.of(options));
    for (String argument : List.of("buffer_ms=1000", "period_ms_min=1", "periods_max=256")) {
      all.addAll(List.of("--kernel-arg", "virtio_snd.pcm_" + argument));
    }
    return boot("uml/boot.sh", "/linux", share, script, sockets, all.toArray(String[]::new));
  }

  private static Guest boot(
      String boot, String machine, Path share, String script, List<Path> sockets, String... options)
      throws IOException {
    Path file = Files.writeString(share.resolve("script.sh"), PRELUDE + script);
    List<String> command = new ArrayList<>();
    command.add(Daemon.SCRIPTS.resolve(boot).toString());
    command.addAll(List.of("--run", file.toString(), "--share", share.toString()));
    command.addAll(List.of("--timeout", "400"));
    sockets.forEach(socket -> command.addAll(List.of("--socket", socket.toString())));
    command.addAll(List.of(options));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    return new Guest(process, machine);
  }

  /** Waits for a line that the script prints. */
  void awaitLine(String wanted) throws IOException {
    String line = out.readLine();
    while (line != null && !line.equals(wanted)) {
      lines.add(line);
      line = out.readLine();
    }
    assertThat(line).as("line of the guest after %s", lines).isEqualTo(wanted);
  }

  /** Fails if the guest has come to its end. */
  void requireAlive() throws IOException, InterruptedException {
    if (!process.isAlive()) {
      awaitSuccess();
      throw new AssertionError("the guest has ended, and said " + lines);
    }
  }

  /** Waits for the end, which must be that of a script without failures. */
  void awaitSuccess() throws IOException, InterruptedException {
    out.lines().forEach(lines::add);
    assertThat(process.waitFor()).as("status of the guest, which said %s", lines).isZero();
  }

  /** SIGKILL, to the machine itself. */
  void kill() throws InterruptedException {
    List<ProcessHandle> machines =
        process.descendants().filter(p -> p.info().command().orElse("").endsWith(machine)).toList();
    assertThat(machines).isNotEmpty().allMatch(ProcessHandle::destroyForcibly);
    assertThat(process.waitFor()).isNotZero();
  }

  @Override
  public void close() {
    process.destroy(); // boot.sh takes the machine with it
  }
}
