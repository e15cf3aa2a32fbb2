package io.vhost4j.audio;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.sound.SoundDevice;
import io.vhost4j.device.sound.SoundDeviceConfig;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.LinuxGuest;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A user-mode Linux with a sound card of ours, whose ALSA is asked for the delay at markers; see
 * guest/delay.c. The guest's clock and the host's are set against each other by the processor's
 * counter, which both see. {@code VHOST4J_DELAY_LOG} names a file for the figures.
 */
public final class GuestDelay implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GuestDelay.class);

  /** Most markers in a run: each has a number of its own, which is that of its amplitude. */
  public static final int MARKERS = 100;

  /** A marker in the guest: what ALSA told, in frames, and when. */
  public record Told(int number, long frames, long nanoTime) {}

  private final Path directory;
  private final Path program;
  private final Vertx vertx = NativeTransport.vertx(new VertxOptions());

  /** Compiles the guest's program. */
  public GuestDelay(Path directory) throws Exception {
    this.directory = directory;
    Path source = directory.resolve("delay.c");
    try (InputStream in = GuestDelay.class.getResourceAsStream("/guest/delay.c")) {
      Files.copy(Objects.requireNonNull(in), source);
    }
    Path share = Files.createDirectory(directory.resolve("share"));
    program = share.resolve("delay");
    run(List.of("gcc", "-o", program.toString(), source.toString(), "-l:libasound.so.2"));
  }

  private static String run(List<String> command) throws Exception {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }

  private record Clock(long cycles, long nanos) {}

  private Clock clock() throws Exception {
    String[] words = run(List.of(program.toString(), "clock")).strip().split(" ", -1);
    return new Clock(Long.parseLong(words[0]), Long.parseLong(words[1]));
  }

  /**
   * Boots a guest that plays or records on a backend, which is closed in the end.
   *
   * @param markers how many to play, or to find
   * @param spread whether ALSA is asked at any time, and not only at the end of a period
   */
  public List<Told> run(
      AudioBackend backend,
      Direction direction,
      int rate,
      int period,
      int buffer,
      int markers,
      boolean spread)
      throws Exception {
    Path socket = directory.resolve("snd.sock");
    SoundDevice device =
        new SoundDevice(SoundDeviceConfig.builder().name("delay").build(), backend);
    VhostUserServer server = VhostUserServer.create(vertx, device);
    get(server.listen(socket));
    try {
      String verb = direction == Direction.OUTPUT ? "play" : "record";
      String script =
          String.format(
              Locale.ROOT,
              "export CARD=hw:$(sed -n 's/^ *\\([0-9]*\\) .*VirtIO.*/\\1/p' /proc/asound/cards)\n"
                  + "/share/delay %s %d %d %d %d %d",
              verb,
              rate,
              period,
              buffer,
              markers,
              spread ? 1 : 0);
      Clock before = clock();
      List<String> output;
      try (LinuxGuest guest =
          LinuxGuest.inUserMode()
              .device(socket, 25, "vhost-user-snd-pci")
              .share(directory.resolve("share"))
              // Longer buffers than the driver has by default, and shorter periods.
              .options("--kernel-arg", "virtio_snd.pcm_buffer_ms=1000")
              .options("--kernel-arg", "virtio_snd.pcm_periods_max=256")
              .run(script)) {
        output = guest.awaitSuccess();
      }
      Clock after = clock();
      return parse(output, before, after);
    } finally {
      get(server.close());
      Files.deleteIfExists(socket);
    }
  }

  private static List<Told> parse(List<String> output, Clock before, Clock after) {
    double nanosPerCycle = (after.nanos - before.nanos) / (double) (after.cycles - before.cycles);
    List<Told> told = new ArrayList<>();
    int xruns = 0;
    for (String line : output) {
      String[] words = line.split(" ", -1);
      if (words[0].equals("marker")) {
        long cycles = Long.parseLong(words[3]) - before.cycles;
        told.add(
            new Told(
                Integer.parseInt(words[1]),
                Long.parseLong(words[2]),
                before.nanos + (long) (cycles * nanosPerCycle)));
      } else if (words[0].equals("xrun")) {
        xruns++;
      }
    }
    LOG.info("{} markers, {} xruns in the guest", told.size(), xruns);
    return told;
  }

  private static <T> void get(Future<T> future) throws Exception {
    future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws Exception {
    get(vertx.close());
  }

  /**
   * Compares what was told with what was measured.
   *
   * @param what was played, for the log
   * @param atTheSink when each marker was heard, or made, by {@link System#nanoTime()}; 0 if not
   * @return the median of the absolute differences, in frames
   */
  public static long compare(
      String what, List<Told> told, long[] atTheSink, Direction direction, int rate, int period)
      throws IOException {
    List<Long> differences = new ArrayList<>();
    List<Long> measuredAll = new ArrayList<>();
    List<Long> toldAll = new ArrayList<>();
    for (Told one : told) {
      long at = atTheSink[one.number];
      if (at == 0) {
        continue;
      }
      long nanos = direction == Direction.OUTPUT ? at - one.nanoTime : one.nanoTime - at;
      long measured = Math.round(nanos * (double) rate / 1e9);
      differences.add(one.frames - measured);
      measuredAll.add(measured);
      toldAll.add(one.frames);
    }
    assertThat(differences).as("markers that arrived").hasSizeGreaterThan(told.size() / 2);
    differences.sort(null);
    measuredAll.sort(null);
    toldAll.sort(null);
    int middle = differences.size() / 2;
    String line =
        String.format(
            Locale.ROOT,
            "%-58s told %6d measured %6d told-measured min %6d median %6d max %6d (%d of %d)",
            what,
            toldAll.get(middle),
            measuredAll.get(middle),
            differences.get(0),
            differences.get(middle),
            differences.get(differences.size() - 1),
            differences.size(),
            told.size());
    LOG.info("{}", line);
    String log = System.getenv("VHOST4J_DELAY_LOG");
    if (log != null) {
      Files.writeString(
          Path.of(log), line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
    return Math.abs(differences.get(middle));
  }
}
