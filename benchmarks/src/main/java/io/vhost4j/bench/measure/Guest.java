package io.vhost4j.bench.measure;

import io.vhost4j.bench.BenchException;
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
public final class Guest {
  private static final double TICK_MICROS = 10_000;

  private Guest() {}

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

  /**
   * Plays to one card.
   *
   * @param name of the card
   * @param pace of the card, for the table
   * @param daemon what is behind it, which belongs to the caller; null for QEMU's own card
   * @param periods how many to play, of 10 ms
   */
  public static GuestResult measure(
      String name, String pace, @Nullable ProcessTarget daemon, int periods) throws BenchException {
    try (TemporaryDirectory directory = new TemporaryDirectory()) {
      Path script = directory.resolve("script");
      Path pidFile = directory.resolve("pid");
      Files.writeString(script, script(periods));
      Process boot =
          new ProcessBuilder(command(directory, script, pidFile, daemon))
              .redirectError(directory.resolve("errors").toFile())
              .start();
      List<Moment> moments = new ArrayList<>();
      List<String> others = new ArrayList<>();
      try (BufferedReader lines = boot.inputReader(StandardCharsets.UTF_8)) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (line.matches("(begin|start|stop|end) [0-9.]+ [0-9]+ [0-9]+")) {
            moments.add(moment(line, pidFile, daemon));
          } else {
            others.add(line);
          }
        }
        if (boot.waitFor() != 0 || moments.isEmpty()) {
          others.addAll(Files.readAllLines(directory.resolve("errors")));
          throw new BenchException(
              "the guest with %s could not play: %s"
                  .formatted(name, others.isEmpty() ? "no reason given" : others.get(0)));
        }
      } finally {
        boot.destroy();
      }
      return result(name, pace, periods, playbacks(moments, periods));
    } catch (IOException e) {
      throw new BenchException("the guest cannot be booted: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchException("interrupted", e);
    }
  }

  private static String script(int periods) throws IOException {
    try (InputStream text = Objects.requireNonNull(Guest.class.getResourceAsStream("guest.sh"))) {
      return new String(text.readAllBytes(), StandardCharsets.UTF_8)
          .replace("PERIODS", Integer.toString(periods));
    }
  }

  private static List<String> command(
      TemporaryDirectory directory, Path script, Path pidFile, @Nullable ProcessTarget daemon)
      throws BenchException {
    List<String> command = new ArrayList<>();
    command.add(Installation.file("scripts/guest/boot.sh").toString());
    command.addAll(List.of("--run", script.toString(), "--timeout", "300"));
    command.addAll(List.of("--qemu", "-pidfile", "--qemu", pidFile.toString()));
    if (daemon == null) {
      command.addAll(List.of("--builtin-snd", directory.resolve("played.wav").toString()));
    } else {
      command.addAll(List.of("--socket", daemon.socket().toString()));
    }
    return command;
  }

  private static Moment moment(String line, Path pidFile, @Nullable ProcessTarget daemon)
      throws IOException, BenchException {
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

  private static List<Playback> playbacks(List<Moment> moments, int periods) {
    List<Playback> playbacks = new ArrayList<>();
    for (int i = 0; i + 3 < moments.size(); i += 4) {
      Moment start = moments.get(i + 1);
      Moment stop = moments.get(i + 2);
      Usage host = moments.get(i + 3).host().since(moments.get(i).host());
      Usage daemon = moments.get(i + 3).daemon().since(moments.get(i).daemon());
      playbacks.add(
          new Playback(
              1e6 * (stop.seconds() - start.seconds()) / periods,
              TICK_MICROS * (stop.guestTicks() - start.guestTicks()) / periods,
              (double) (stop.guestSwitches() - start.guestSwitches()) / periods,
              host.cpuNanos() / 1e3 / periods,
              daemon.cpuNanos() / 1e3 / periods,
              (double) host.switches() / periods));
    }
    return playbacks;
  }

  private static GuestResult result(
      String name, String pace, int periods, List<Playback> playbacks) {
    return new GuestResult(
        name,
        pace,
        periods,
        median(playbacks, Playback::micros),
        median(playbacks, Playback::guestCpu),
        median(playbacks, Playback::guestSwitches),
        median(playbacks, Playback::hostCpu),
        median(playbacks, Playback::daemonCpu),
        median(playbacks, Playback::hostSwitches));
  }

  private static double median(List<Playback> playbacks, ToDoubleFunction<Playback> value) {
    return Stats.median(playbacks, value);
  }
}
