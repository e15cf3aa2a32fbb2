package io.vhost4j.examples;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Boots a Debian guest that stands for a machine without a hypervisor and without a sound card,
 * plugs two sound cards into its own kernel, plays two tunes on them at once and records from one,
 * and looks on the host at what came of it.
 *
 * <pre>
 *   aplay ─▶ ALSA ─▶ virtio_snd ─▶ virtio-loopback.ko ─▶ virtio-loopback-adapter ─▶ WAV file
 * </pre>
 *
 * <p>The programs in the guest, Java among them, are those of this machine.
 */
public final class LoopbackDemo {
  private static final String NAME = "demo";

  /** What the second card plays is a fifth higher. */
  private static final int FIFTH = 7;

  /** Of a log, where something failed. */
  private static final int LAST_LINES = 20;

  /** Of a kernel's log, whoever wrote it. */
  private static final Pattern COMPLAINT = Pattern.compile("WARNING:|BUG:|Oops|Call Trace");

  /**
   * Of busybox's shell, in the shared directory. What is slow there, or not to wait for a file
   * server, is in /dev/shm, which programs of the host find under the same name.
   */
  private static final String SESSION =
      """
      set -e
      cp *.wav /dev/shm
      cd /dev/shm
      trap 'cp err /share/adapter.log; dmesg >/share/kernel.log' EXIT
      # An emulated machine may be away for longer than cards of this driver usually buffer.
      echo 1000 >/sys/module/virtio_snd/parameters/pcm_buffer_ms
      # Nor does a Java that has just begun there answer within a second.
      echo 60000 >/sys/module/virtio_snd/parameters/msg_timeout_ms
      cards() { grep -c '^ *[0-9]' /proc/asound/cards || true; }
      echo "Linux $(uname -r), sound cards: $(cards)"
      insmod /share/virtio-loopback.ko devices=2
      echo "insmod virtio-loopback.ko devices=2: $(echo /dev/loopback-*)"
      options='-d sound -l 0 -l 1 --backend=file --capture-file=/dev/shm/tune0.wav'
      echo "virtio-loopback-adapter $options ..."
      JAVA_HOME=@JAVA@ chroot /host @ADAPTER@ $options \
        --playback-file=/dev/shm/played0.wav --playback-file=/dev/shm/played1.wav >out 2>err &
      adapter=$!
      until grep -q READY out && [ -e /proc/asound/SoundCard/pcm0c ] && [ -e /proc/asound/SoundCard_1/pcm0c ]; do
        tries=$((${tries:-0} + 1))
        if [ $tries -gt 2000 ] || ! kill -0 $adapter 2>/dev/null; then exit 1; fi
        sleep 0.1
      done
      aplay -l | grep ^card
      echo "aplay plays a tune on each..."
      aplay -q -D hw:SoundCard tune0.wav & player=$!
      aplay -q -D hw:SoundCard_1 tune1.wav
      wait $player
      echo "arecord records from SoundCard_1..."
      arecord -q -D hw:SoundCard_1 -f S16_LE -c 2 -r @RATE@ -s @FRAMES@ recorded.wav
      kill $adapter
      wait $adapter
      while [ $(cards) -gt 0 ]; do sleep 0.1; done
      echo "the adapter has ended, sound cards: $(cards)"
      rmmod virtio_loopback
      cp recorded.wav played0.wav played1.wav /share
      """;

  private final PrintStream out;
  private final byte[][] tunes = {Tune.samples(0), Tune.samples(FIFTH)};

  private LoopbackDemo(PrintStream out) {
    this.out = out;
  }

  /**
   * {@code LoopbackDemo BOOT MODULE ADAPTER RESULT0.wav RESULT1.wav}, where BOOT is {@code
   * scripts/guest/boot.sh}, MODULE {@code virtio-loopback.ko} for that guest's kernel, and ADAPTER
   * the program {@code virtio-loopback-adapter}.
   */
  public static void main(String[] arguments) throws InterruptedException {
    if (arguments.length != 5) {
      Example.exit(2, NAME, "usage: LoopbackDemo BOOT MODULE ADAPTER RESULT0.wav RESULT1.wav");
    }
    List<Path> paths = Arrays.stream(arguments).map(Path::of).toList();
    try {
      boolean exact =
          new LoopbackDemo(System.out)
              .run(paths.get(0), paths.get(1), paths.get(2), paths.subList(3, 5));
      System.exit(exact ? 0 : 1);
    } catch (IOException e) {
      Example.exit(1, NAME, e.getMessage());
    }
  }

  /** Whether everything arrived bit for bit, and the kernel had nothing to complain of. */
  private boolean run(Path boot, Path module, Path adapter, List<Path> results)
      throws IOException, InterruptedException {
    try (Scratch scratch = new Scratch()) {
      Path share = Files.createDirectory(scratch.resolve("share"));
      Files.copy(module, share.resolve("virtio-loopback.ko"));
      for (int card = 0; card < tunes.length; card++) {
        Tune.write(tunes[card], share.resolve("tune" + card + ".wav"));
      }
      out.println(
          "Debian boots under QEMU, in place of a car's head unit; the cards are for its own"
              + " kernel.");
      inGuest(boot, adapter, share, scratch);
      boolean exact = true;
      for (int card = 0; card < tunes.length; card++) {
        Path result = results.get(card);
        Files.copy(
            share.resolve("played" + card + ".wav"), result, StandardCopyOption.REPLACE_EXISTING);
        exact &= compare("played  ", tunes[card], Tune.read(result), result.toString());
      }
      byte[] recorded = Tune.read(share.resolve("recorded.wav"));
      exact &= compare("recorded", tunes[0], recorded, "from SoundCard_1");
      return isContent(share.resolve("kernel.log")) && exact;
    }
  }

  private void inGuest(Path boot, Path adapter, Path share, Scratch scratch)
      throws IOException, InterruptedException {
    Path session = scratch.resolve("session.sh");
    Files.writeString(
        session,
        SESSION
            .replace("@JAVA@", quoted(System.getProperty("java.home")))
            .replace("@ADAPTER@", quoted(adapter.toRealPath().toString()))
            .replace("@RATE@", String.valueOf(Tune.RATE))
            .replace("@FRAMES@", String.valueOf(tunes[0].length / Tune.FRAME_BYTES)));
    String[] command = {
      boot.toString(),
      "--run",
      session.toString(),
      "--share",
      share.toString(),
      "--host",
      "/",
      "--cpus",
      "2",
      "--memory",
      "768",
      "--timeout",
      "300"
    };
    Process guest =
        scratch.start(new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT));
    try (BufferedReader console = guest.inputReader(StandardCharsets.UTF_8)) {
      console.lines().forEach(line -> out.println("    guest: " + line));
    }
    int status = guest.waitFor();
    if (status != 0) {
      for (String log : List.of("adapter.log", "kernel.log")) {
        if (Files.exists(share.resolve(log))) {
          List<String> lines = Files.readAllLines(share.resolve(log), StandardCharsets.ISO_8859_1);
          lines.stream()
              .skip(Math.max(0, lines.size() - LAST_LINES))
              .forEach(line -> System.err.println("    " + log + ": " + line));
        }
      }
      throw new IOException("the guest's session failed with status " + status);
    }
  }

  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  /** The tune is the start of what came; behind it aplay fills its last period with silence. */
  private boolean compare(String what, byte[] tune, byte[] actual, String where) {
    int same = Arrays.mismatch(tune, actual);
    boolean exact = same < 0 || same == tune.length;
    for (int at = tune.length; at < actual.length; at++) {
      exact &= actual[at] == 0;
    }
    out.printf(
        "%s %d of %d frames, %s: %s%n",
        what,
        Math.min(actual.length, tune.length) / Tune.FRAME_BYTES,
        tune.length / Tune.FRAME_BYTES,
        exact ? "bit for bit" : "NOT the same, first difference at byte " + same,
        where);
    return exact;
  }

  private boolean isContent(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log, StandardCharsets.ISO_8859_1);
    List<String> complaints =
        lines.stream().filter(line -> COMPLAINT.matcher(line).find()).toList();
    out.printf(
        "The guest's kernel has %s%n",
        complaints.isEmpty() ? "nothing to complain of." : "complained: " + complaints);
    return complaints.isEmpty() && !lines.isEmpty();
  }
}
