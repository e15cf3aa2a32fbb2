package io.vhost4j.bench.measure;

import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.Installation;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.bench.target.TemporaryDirectory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Boots a Linux guest under QEMU and plays from it, through ALSA and its own virtio driver. */
public final class Guest implements AutoCloseable {
  private static final double TICK_MICROS = 10_000;

  /** Lines that the script in the guest tells the state in. */
  private static final int MOMENTS = 4;

  private final String name;
  private final @Nullable ProcessTarget daemon;
  private final boolean paced;
  private final int periods;
  private final List<Playback> playbacks = new ArrayList<>();

  /**
   * A card that is to be played to.
   *
   * @param name of the card
   * @param daemon what is behind it, which belongs to the guest; null for QEMU's own card
   * @param paced whether the card plays in real time
   * @param periods how many to play each time, of 10 ms
   */
  public Guest(String name, @Nullable ProcessTarget daemon, boolean paced, int periods) {
    this.name = name;
    this.daemon = daemon;
    this.paced = paced;
    this.periods = periods;
  }

  /** Whether the card plays in real time. */
  public boolean paced() {
    return paced;
  }

  /** What the guest or the host has used when a line came from the guest. */
  private record Moment(
      String name, double seconds, long guestTicks, long guestSwitches, Usage host, Usage daemon) {}

  /** One playback, in µs and switches for each period. */
  private record Playback(
      double micros,
      double guestCpu,
      double guestSwitches,
      double hostCpu,
      double daemonCpu,
      double hostSwitches) {}

  /** Waits until there is something to play to. */
  public void awaitDaemon() throws BenchException {
    if (daemon != null) {
      daemon.awaitSocket();
    }
  }

  /** Boots a guest and plays in it. */
  public void play() throws BenchException {
    try (TemporaryDirectory directory = new TemporaryDirectory()) {
      Path script = directory.resolve("script");
      Path pidFile = directory.resolve("pid");
      Files.writeString(script, script());
      Process boot =
          new ProcessBuilder(command(script, pidFile))
              .redirectError(directory.resolve("errors").toFile())
              .start();
      List<Moment> moments = new ArrayList<>();
      List<String> others = new ArrayList<>();
      try (BufferedReader lines = boot.inputReader(StandardCharsets.UTF_8)) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (line.matches("(begin|start|stop|end) [0-9.]+ [0-9]+ [0-9]+")) {
            moments.add(moment(line, pidFile));
          } else {
            others.add(line);
          }
        }
        if (boot.waitFor() != 0 || moments.size() != MOMENTS) {
          others.addAll(Files.readAllLines(directory.resolve("errors")));
          throw new BenchException(
              "the guest with %s could not play: %s"
                  .formatted(name, others.isEmpty() ? "no reason given" : others.get(0)));
        }
      } finally {
        boot.destroy();
      }
      playbacks.add(playback(moments));
    } catch (IOException e) {
      throw new BenchException("the guest cannot be booted: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchException("interrupted", e);
    }
  }

  private String script() throws IOException {
    try (InputStream text = Objects.requireNonNull(Guest.class.getResourceAsStream("guest.sh"))) {
      return new String(text.readAllBytes(), StandardCharsets.UTF_8)
          .replace("PERIODS", Integer.toString(periods));
    }
  }

  private List<String> command(Path script, Path pidFile) throws BenchException {
    List<String> command = new ArrayList<>();
    command.add(Installation.file("scripts/guest/boot.sh").toString());
    command.addAll(List.of("--run", script.toString(), "--timeout", "300"));
    command.addAll(List.of("--qemu", "-pidfile", "--qemu", pidFile.toString()));
    if (daemon == null) {
      command.addAll(List.of("--builtin-snd", "none"));
    } else {
      command.addAll(List.of("--socket", daemon.socket().toString()));
    }
    return command;
  }

  private Moment moment(String line, Path pidFile) throws IOException, BenchException {
    Usage ofDaemon = Usage.of(daemon == null ? List.of() : List.of(daemon.pid().orElseThrow()));
    long qemu = Long.parseLong(Files.readString(pidFile).strip());
    String[] words = line.split(" ", -1);
    return new Moment(
        words[0],
        Double.parseDouble(words[1]),
        Long.parseLong(words[2]),
        Long.parseLong(words[3]),
        Usage.of(List.of(qemu)).plus(ofDaemon),
        ofDaemon);
  }

  private Playback playback(List<Moment> moments) {
    Moment start = moments.get(1);
    Moment stop = moments.get(2);
    Usage host = moments.get(3).host().since(moments.get(0).host());
    Usage ofDaemon = moments.get(3).daemon().since(moments.get(0).daemon());
    return new Playback(
        1e6 * (stop.seconds() - start.seconds()) / periods,
        TICK_MICROS * (stop.guestTicks() - start.guestTicks()) / periods,
        (double) (stop.guestSwitches() - start.guestSwitches()) / periods,
        host.cpuNanos() / 1e3 / periods,
        ofDaemon.cpuNanos() / 1e3 / periods,
        (double) host.switches() / periods);
  }

  /** What has been measured so far. */
  public GuestResult result() {
    return new GuestResult(
        name,
        paced ? "device" : "none",
        periods,
        spread(Playback::micros),
        spread(Playback::guestCpu),
        spread(Playback::guestSwitches),
        spread(Playback::hostCpu),
        spread(Playback::daemonCpu),
        spread(Playback::hostSwitches));
  }

  private Spread spread(ToDoubleFunction<Playback> value) {
    return Spread.of(playbacks, value);
  }

  @Override
  public void close() {
    if (daemon != null) {
      daemon.close();
    }
  }
}
