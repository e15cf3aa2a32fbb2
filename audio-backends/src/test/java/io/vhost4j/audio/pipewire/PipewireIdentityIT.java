package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** The host's mixer tells cards and streams apart, and knows them when they come again. */
@Tag("jdk")
@Timeout(120)
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
class PipewireIdentityIT {
  private static final PcmParameters PARAMETERS =
      new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 4 * 32768, 32768);

  private static final Pattern VOLUMES =
      Pattern.compile(
          "Prop: key Spa:Pod:Object:Param:Props:channelVolumes.*?\\n(?:.*Array.*\\n)?"
              + " *Float ([0-9.]+)");

  /** Two cards of two playback streams and one capture stream each, as one process has them. */
  private static final class Cards implements AutoCloseable {
    private final List<AutoCloseable> open = new ArrayList<>();

    Cards(PipewireSession session) throws Exception {
      for (String card : List.of("snd0", "snd1")) {
        AudioBackend backend = new PipewireBackendProvider().open(session.options(2));
        backend.deviceName(card);
        open.add(backend);
        for (int id = 0; id < 3; id++) {
          Direction direction = id < 2 ? Direction.OUTPUT : Direction.INPUT;
          Guest guest = new Guest(backend, id, direction, PARAMETERS);
          guest.stream.start();
          open.add(0, guest);
        }
      }
      PipewireSession.await("the streams' volumes", () -> volumes(session).size() == 6);
    }

    @Override
    public void close() throws Exception {
      for (AutoCloseable each : open) {
        each.close();
      }
    }
  }

  private static final List<String> NODES =
      List.of(
          "vhost4j.snd0.playback-0",
          "vhost4j.snd0.playback-1",
          "vhost4j.snd0.capture-2",
          "vhost4j.snd1.playback-0",
          "vhost4j.snd1.playback-1",
          "vhost4j.snd1.capture-2");

  /** The volume of the left channel of each node that has one. */
  private static Map<String, Double> volumes(PipewireSession session) {
    Map<String, Double> volumes = new HashMap<>();
    for (String node : NODES) {
      Matcher volume = VOLUMES.matcher(session.run("pw-cli", "enum-params", node, "Props"));
      if (volume.find()) {
        volumes.put(node, Double.parseDouble(volume.group(1)));
      }
    }
    return volumes;
  }

  @Test
  void theVolumeOfOneStreamIsRememberedForThatOneAlone() throws Exception {
    try (PipewireSession session = new PipewireSession()) {
      try (Cards cards = new Cards(session)) {
        assertThat(volumes(session).values()).containsOnly(1.0);
        session.run(
            "pw-cli",
            "set-param",
            "vhost4j.snd0.playback-1",
            "Props",
            "{ channelVolumes: [ 0.125, 0.125 ] }");
        PipewireSession.await(
            "the volume set",
            () -> volumes(session).getOrDefault("vhost4j.snd0.playback-1", 0.0) == 0.125);
      }
      PipewireSession.await("the streams' end", () -> volumes(session).isEmpty());

      try (Cards cards = new Cards(session)) {
        PipewireSession.await(
            "the volume remembered",
            () -> volumes(session).getOrDefault("vhost4j.snd0.playback-1", 0.0) == 0.125);
        Map<String, Double> others = volumes(session);
        others.remove("vhost4j.snd0.playback-1");
        assertThat(others).hasSize(5);
        assertThat(others.values()).containsOnly(1.0);
      }
    }
  }

  @Test
  void aMixerShowsTheCardAndAnIcon() throws Exception {
    try (PipewireSession session = new PipewireSession();
        Cards cards = new Cards(session)) {
      assertThat(session.run("pw-cli", "info", "vhost4j.snd1.playback-1"))
          .contains("application.name = \"snd1\"")
          .contains("application.icon-name = \"audio-card\"")
          .contains("media.name = \"playback 1\"")
          .contains("node.description = \"snd1 playback 1\"");
    }
  }
}
