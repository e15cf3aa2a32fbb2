package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.GuestDelay;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.pipewire.lowlevel.PwBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A46: the delay that ALSA tells in a guest is the time until the sound is in the sink. A cycle of
 * the graph begins at a time; its frames are in the sink one after the other from then on.
 */
@Timeout(60)
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
class GuestDelayMeasurement {
  @TempDir Path directory;

  /** When each marker was in the sink; hears the sink's monitor. Data thread, then the test. */
  private static final class Ear extends GraphCycle {
    final long[] heardAt = new long[GuestDelay.MARKERS + 1];
    private final int[] numbers = new int[GuestDelay.MARKERS];
    private final int[] indices = new int[GuestDelay.MARKERS];
    private int found;
    private int bufferFrames;

    Ear(PcmParameters parameters) {
      super(parameters, parameters.bufferBytes(), () -> {});
    }

    @Override
    int transfer(long buffer, long data, boolean mine) {
      long memory = PwBuffer.memory(data);
      int offset = PwBuffer.chunkOffset(data);
      bufferFrames = PwBuffer.chunkSize(data) / frameBytes;
      found = 0;
      for (int i = 0; i < bufferFrames && found < numbers.length; i++) {
        int sample =
            (short)
                io.vhost4j.audio.pipewire.lowlevel.LibC.getInt(
                    memory + offset + (long) i * frameBytes);
        if (sample != 0) {
          numbers[found] = Math.round(sample / 256f);
          indices[found++] = i;
        }
      }
      return bufferFrames;
    }

    @Override
    void note(long began, long frames, long time) {
      for (int i = 0; i < found; i++) {
        long frame = frames - bufferFrames + indices[i];
        int number = numbers[i];
        if (number > 0 && number < heardAt.length) {
          heardAt[number] = began + frame * 1_000_000_000L / parameters.rate().hertz();
        }
      }
    }

    @Override
    void pass(int bytes) {}
  }

  private static PcmParameters parameters(int period, int buffer) {
    return new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 4 * buffer, 4 * period);
  }

  @ParameterizedTest(name = "quantum {0}, {2} frames in periods of {1}, at any time: {3}")
  @CsvSource({
    "256, 480, 3840, false",
    "256, 1024, 4096, true",
    "1024, 480, 3840, false",
    "1024, 480, 3840, true",
    "1024, 512, 4096, false",
    "1024, 2048, 8192, true",
    "8192, 1536, 24576, false",
    "8192, 1536, 24576, true",
    "8192, 4096, 24576, true",
  })
  void whatIsPlayed(int quantum, int period, int buffer, boolean spread) throws Exception {
    Ear ear = new Ear(parameters(period, 8192));
    List<GuestDelay.Told> told;
    try (PipewireSession session = new PipewireSession(quantum, quantum);
        GuestDelay guest = new GuestDelay(directory)) {
      PipewireConnection connection = PipewireConnection.open(session.socket());
      PipewireOptions options = PipewireOptions.of(Map.of("pipewire-node-name", "ear"));
      PipewireIdentity identity = new PipewireIdentity(options, "", Direction.INPUT, 0);
      PipewireNode node = new PipewireNode(connection, options, identity, Direction.INPUT, ear);
      node.open();
      try {
        ear.start();
        node.activate();
        // The session manager links it to the default sink, which is mono; that sink is silent.
        PipewireSession.await(
            "the ear", () -> session.run("pw-link", "-i").contains("ear.capture-0:input_MONO"));
        session.run("pw-link", "sink-2:monitor_FL", "ear.capture-0:input_MONO");
        AudioBackend backend = new PipewireBackendProvider().open(session.options(2));
        told = guest.run(backend, Direction.OUTPUT, 48000, period, buffer, 20, spread);
      } finally {
        node.close();
        connection.close();
      }
    }
    String what =
        "PipeWire playback, quantum "
            + quantum
            + ", period "
            + period
            + ", buffer "
            + buffer
            + (spread ? ", any time" : "");
    long difference = GuestDelay.compare(what, told, ear.heardAt, Direction.OUTPUT, 48000, period);
    assertThat(difference).isLessThan(period);
  }
}
