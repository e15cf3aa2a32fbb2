package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The graph is shared: a guest does not choose how short its cycles are for all programs. */
@Timeout(120)
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
class PipewireQuantumIT {
  private static final int MIN_QUANTUM = 16;
  private static final int MAX_QUANTUM = 2048;

  /** As of {@code aplay --period-size=16}. */
  private static PcmParameters tiny(SampleRate rate) {
    return new PcmParameters(SampleFormat.S16, rate, 2, 4 * 64, 64);
  }

  /** The line of pw-top for the sink, which drives the graph: state, id, quantum. */
  private static final Pattern SINK = Pattern.compile("(?m)^R +\\d+ +(\\d+) .* sink-2 *$");

  @ParameterizedTest(name = "a graph of {0} Hz, a guest of {1}")
  @CsvSource({
    "48000, HZ_48000",
    "48000, HZ_44100",
    "44100, HZ_44100",
    "44100, HZ_48000",
    "44100, HZ_192000"
  })
  void tinyPeriodsOfAGuestAskForNoMoreThanTheFloor(int graph, SampleRate guest) throws Exception {
    assertThat(
            quantumBesideAnotherProgram(
                graph, tiny(guest), Map.of(), quantum -> quantum < MAX_QUANTUM))
        .isEqualTo(256);
  }

  @Test
  void theUserCanLowerTheFloor() throws Exception {
    assertThat(
            quantumBesideAnotherProgram(
                48000,
                tiny(SampleRate.HZ_48000),
                Map.of("pipewire-min-quantum", "64/48000"),
                quantum -> quantum < 256))
        .isEqualTo(64);
  }

  /** Frames of the graph's cycles once the guest's wish has had its effect. */
  private static int quantumBesideAnotherProgram(
      int rate, PcmParameters parameters, Map<String, String> more, IntPredicate effect)
      throws Exception {
    try (PipewireSession session = new PipewireSession(MIN_QUANTUM, MAX_QUANTUM, rate)) {
      Path silence = Files.write(session.file("silence.raw"), new byte[60 * 192_000]);
      session.start(
          "pw-play",
          "--raw",
          "--rate",
          Integer.toString(rate),
          "--latency",
          "2048",
          "--target",
          "sink-2",
          silence.toString());
      PipewireSession.await("the other program's cycles", () -> quantum(session) == MAX_QUANTUM);
      Map<String, String> options = new HashMap<>(session.options(2));
      options.putAll(more);
      try (AudioBackend backend = new PipewireBackendProvider().open(options);
          Guest guest = new Guest(backend, Direction.OUTPUT, parameters)) {
        guest.stream.start();
        PipewireSession.await("shorter cycles", () -> effect.test(quantum(session)));
        return quantum(session);
      }
    }
  }

  /** The first report of pw-top has no figures yet. */
  private static int quantum(PipewireSession session) {
    Matcher sink = SINK.matcher(session.run("pw-top", "-b", "-n", "2"));
    int quantum = 0;
    while (sink.find()) {
      quantum = Integer.parseInt(sink.group(1));
    }
    return quantum == 0 ? MAX_QUANTUM + 1 : quantum;
  }
}
