package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** What PipeWire's graph has is what a guest records. */
@Timeout(120)
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
class PipewireCaptureIT {
  private static final int PERIOD_BYTES = 4 * PipewireSession.QUANTUM;

  private static final PcmParameters PARAMETERS =
      new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 4 * PERIOD_BYTES, PERIOD_BYTES);

  @Test
  void noiseFromASourceArrivesWithoutAGap() throws Exception {
    byte[] noise = Noise.bytes(PARAMETERS, 2 * 48000);
    try (PipewireSession session = new PipewireSession();
        AudioBackend backend = new PipewireBackendProvider().open(session.options(2));
        Guest guest = new Guest(backend, Direction.INPUT, PARAMETERS)) {
      Path file = session.file("noise.wav");
      Files.write(file, wav(noise));
      session.start("pw-play", "--target", "0", file.toString());
      PipewireSession.await(
          "the player", () -> session.run("pw-link", "-o").contains("pw-play:output_FR"));
      session.run("pw-link", "pw-play:output_FL", "source:input_FL");
      session.run("pw-link", "pw-play:output_FR", "source:input_FR");

      byte[] recorded = guest.record(6 * PARAMETERS.bytesPerSecond());

      assertThat(Recording.trim(recorded, 4)).isEqualTo(noise);
      assertThat(guest.stream.xruns()).isZero();
      assertThat(guest.stream.latencyBytes()).isNotNegative();
    }
  }

  /** A56: what the guest does not fetch is lost, and what it gets then is new. */
  @Test
  void aGuestThatDoesNotReadHasOneOverrun() throws Exception {
    try (PipewireSession session = new PipewireSession();
        AudioBackend backend = new PipewireBackendProvider().open(session.options(2));
        Guest guest = new Guest(backend, Direction.INPUT, PARAMETERS)) {
      guest.record(PERIOD_BYTES);
      PipewireSession.pause(2000);
      assertThat(guest.stream.xruns()).isOne();
      ByteBuffer old = ByteBuffer.allocateDirect(PERIOD_BYTES);
      guest.stream.read(old);
      assertThat(old.position()).isZero();
      guest.record(4 * PERIOD_BYTES);
      assertThat(guest.stream.xruns()).isOne();
    }
  }

  /** With a second and more of silence on both sides: until all is linked, and for a late end. */
  private static byte[] wav(byte[] sound) {
    int silence = 2 * PARAMETERS.bytesPerSecond();
    int bytes = sound.length + 2 * silence;
    byte[] file = new byte[44 + bytes];
    ByteBuffer wav = Guest.littleEndian(file);
    wav.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + bytes);
    wav.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16);
    wav.putShort((short) 1).putShort((short) 2).putInt(48000).putInt(4 * 48000);
    wav.putShort((short) 4).putShort((short) 16);
    wav.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(bytes);
    wav.put(44 + silence, sound);
    return file;
  }
}
