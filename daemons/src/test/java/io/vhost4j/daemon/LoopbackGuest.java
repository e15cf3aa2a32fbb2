package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.LinuxGuest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A machine that is its own guest, in which the packaged programs run, and whatever else this
 * machine has, on the kernel's own drivers: user-mode Linux with the module virtio-loopback, or
 * Debian's Linux as it comes, with VDUSE, under QEMU.
 */
final class LoopbackGuest {
  /** Which user-mode Linux; the other one is debug. */
  static final String KERNEL = System.getProperty("vhost4j.uml", "plain");

  /** aplay sends up to a tenth of a second, and a period of an eighth, of silence at the end. */
  private static final int SILENT_MILLIS = 250;

  /** The host's files are those of the machine, so its programs find themselves. */
  private static final String PRELUDE =
      """
      @MACHINE@
      export JAVA_HOME=@JAVA@
      # start NAME PROGRAM OPTION...: in the background; its process is $NAME, its output NAME.out and NAME.err
      start() {
        name=$1 program=$2; shift 2
        chroot $H @BIN@/$program "$@" >$name.out 2>$name.err &
        eval "$name=$!"
      }
      # ready NAME: until it has printed READY
      ready() {
        n=0
        until grep -q READY $1.out; do
          n=$((n + 1)); if [ $n -gt 600 ] || ! eval "kill -0 \\$$1" 2>/dev/null; then echo "$1 is not ready:"; cat $1.err; exit 5; fi
          sleep 0.1
        done
      }
      # stop NAME SIGNAL: prints its status
      stop() { eval "kill -$2 \\$$1"; status=0; eval "wait \\$$1" || status=$?; echo "$1 ended with $status" >>ends; }
      # until_so COMMAND...: at most a minute
      until_so() {
        n=0
        until "$@" 2>/dev/null; do
          n=$((n + 1)); if [ $n -gt 600 ]; then echo "never: $*"; exit 6; fi
          sleep 0.1
        done
      }
      card() { [ -e /dev/snd/pcmC$1D0p ]; }
      # card_at N: the number of the sound card at node N, in $card
      card_at() {
        for each in /sys/class/sound/card[0-9]*; do
          case $(readlink -f $each/device) in */loopback-$1/*) card=${each##*card}; return ;; esac
        done
        return 1
      }
      no_card_at() { ! card_at $1; }
      # await_card N: until the sound card at node N can be used, whose number is $card then
      await_card() { until_so card_at $1; until_so card $card; }
      # rebind N: another driver after the one that has the sound card at node N
      rebind() {
        card_at $1
        device=$(basename $(readlink -f /sys/class/sound/card$card/device))
        echo $device >/sys/bus/virtio/drivers/virtio_snd/unbind
        until_so no_card_at $1
        echo $device >/sys/bus/virtio/drivers/virtio_snd/bind
        await_card $1
      }
      # node_of NAME: of the sound card that is called so
      node_of() { readlink -f /sys/class/sound/$(readlink /proc/asound/$1)/device | sed 's|.*/loopback-||; s|/.*||'; }
      no_card() { ! grep -q virtio /proc/asound/cards; }
      no_entropy() { ! grep -q virtio /sys/class/misc/hw_random/rng_available; }
      entropy() { grep -q virtio /sys/class/misc/hw_random/rng_current; }
      # refused NAME STATUS OPTION...: the adapter ends with that status
      refused() {
        name=$1 wanted=$2; shift 2
        set +e
        chroot $H @BIN@/virtio-loopback-adapter "$@" >$name.out 2>$name.err
        status=$?
        set -e
        if [ $status -ne $wanted ]; then echo "$name: status $status, not $wanted"; cat $name.err; exit 7; fi
      }
      set -e
      """;

  private static final String USER_MODE =
      """
      H=/tmp/host
      mkdir $H
      insmod ./virtio-loopback.ko devices=@NODES@ || exit 3
      mount -t hostfs -o / none $H || exit 4
      for d in proc sys dev; do mount -o rbind /$d $H/$d; done
      """;

  /** The host's files are for reading here, but for the shared directory. */
  private static final String DEBIAN = "H=/host";

  private final Path share;
  private final boolean isDebian;
  private String console = "";

  private LoopbackGuest(Path directory, boolean isDebian) throws IOException {
    share = Files.createDirectory(directory.resolve("share"));
    this.isDebian = isDebian;
  }

  /**
   * User-mode Linux with the module.
   *
   * @param directory for files, on the host
   */
  LoopbackGuest(Path directory) throws IOException, InterruptedException {
    this(directory, false);
    Files.copy(module(), share.resolve("virtio-loopback.ko"));
  }

  /**
   * Debian's Linux under QEMU, in which programs run some ten times slower.
   *
   * @param directory for files, on the host
   */
  static LoopbackGuest underQemu(Path directory) throws IOException {
    return new LoopbackGuest(directory, true);
  }

  /** Where the script runs; what is there in {@code .raw} files, it finds to be played. */
  Path share() {
    return share;
  }

  /**
   * Boots, and waits for the end of the script.
   *
   * @param nodes how many the module makes, if it is there
   * @param script of busybox's shell, with the functions above; {@code @SHARE@} is {@link #share()}
   *     for programs of the host. It ends at the first command that fails
   * @param more options of boot.sh
   */
  void run(int nodes, String script, String... more) throws Exception {
    Path messages = share.resolveSibling("console");
    String text =
        (PRELUDE + script)
            .replace("@MACHINE@", (isDebian ? DEBIAN : USER_MODE).strip())
            .replace("@NODES@", String.valueOf(nodes))
            .replace("@JAVA@", System.getProperty("java.home"))
            .replace("@BIN@", Daemon.DISTRIBUTION.resolve("bin").toString())
            .replace("@SHARE@", share.toString());
    try (LinuxGuest guest =
        isDebian ? bootDebian(text, messages, more) : bootUserMode(text, messages, more)) {
      guest.awaitSuccess();
    } finally {
      console = Files.readString(messages, StandardCharsets.ISO_8859_1);
      tell();
    }
  }

  private LinuxGuest bootUserMode(String script, Path messages, String... more) throws IOException {
    return SoundGuest.bootInUserMode(
        share,
        script,
        List.of(),
        Stream.concat(
                Stream.of(
                    "--memory",
                    "1536",
                    "--cpus",
                    "2",
                    "--kernel",
                    KERNEL,
                    "--console",
                    messages.toString()),
                Stream.of(more))
            .toArray(String[]::new));
  }

  private LinuxGuest bootDebian(String script, Path messages, String... more) throws IOException {
    return LinuxGuest.underQemu()
        .share(share)
        .options("--memory", "1536", "--cpus", "2", "--console", messages.toString())
        .options("--host", "/")
        .options(more)
        .run(script);
  }

  private static Path module() throws IOException, InterruptedException {
    return Path.of(output(Daemon.SCRIPTS.resolve("kernel-module.sh"), KERNEL));
  }

  /**
   * The native daemons that can be had here, others' programs by the names of their devices; what
   * is missing the script has said.
   */
  static Map<String, String> nativeDaemons(String... devices)
      throws IOException, InterruptedException {
    Path script = Daemon.SCRIPTS.resolveSibling("benchmarks").resolve("peers.sh");
    return output(script, devices)
        .lines()
        .collect(Collectors.toMap(path -> path.replaceFirst(".*-", ""), path -> path));
  }

  /** What a program prints. */
  static String output(Path program, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return text.strip();
  }

  /** What all programs have said, for whoever looks why a test has failed. */
  private void tell() throws IOException {
    try (var files = Files.newDirectoryStream(share, "*.err")) {
      for (Path file : files) {
        System.out.println(file.getFileName() + ":\n" + Files.readString(file));
      }
    }
    System.out.println("the kernel:\n" + console);
  }

  /** The clips, one after the other, with the silence that players send behind them. */
  Arrived arrived(String file, Clip... clips) throws Exception {
    Arrived arrived = new Arrived(file, clips[0].readWavData(share.resolve(file)));
    for (Clip clip : clips) {
      arrived.then(clip).thenSilenceUpTo(clip.hertz() * SILENT_MILLIS / 1000);
    }
    return arrived;
  }

  /** What was recorded is the clip. */
  void assertRecorded(String file, Clip clip) throws IOException {
    byte[] recorded = Files.readAllBytes(share.resolve(file));
    new Arrived(file, clip.withBytes(recorded)).then(clip).end();
  }

  /** 16 KiB that look like random bytes. */
  void assertRandom(String file) throws IOException {
    byte[] bytes = Files.readAllBytes(share.resolve(file));
    assertThat(bytes).hasSize(16 * 1024);
    Set<Integer> values = new HashSet<>();
    for (byte each : bytes) {
      values.add((int) each);
    }
    assertThat(values).hasSizeGreaterThan(250);
  }

  /** The lines of a file that the script left. */
  List<String> lines(String file) throws IOException {
    return Files.readAllLines(share.resolve(file));
  }

  /** One line of a file has all these words. */
  void assertTold(String file, String... words) throws IOException {
    assertThat(lines(file)).anySatisfy(line -> assertThat(line).contains(words));
  }

  /** The kernel's log has no complaint. */
  void assertNoComplaint() {
    assertNoComplaintBut("(?!)");
  }

  /**
   * The kernel's log has no complaint but those about what is known of Linux itself.
   *
   * @param known a regular expression that is found in each of these, from its cut to its end
   */
  void assertNoComplaintBut(String known) {
    Pattern complaint = Pattern.compile("\\[ cut here ].*?\\[ end trace ", Pattern.DOTALL);
    Pattern tolerated = Pattern.compile(known);
    String others =
        complaint
            .matcher(console)
            .replaceAll(
                found ->
                    Matcher.quoteReplacement(
                        tolerated.matcher(found.group()).find() ? "" : found.group()));
    assertThat(others)
        .isNotEmpty()
        .doesNotContain("WARNING:", "BUG:", "Oops", "Call Trace", "KASAN", "UBSAN");
  }
}
