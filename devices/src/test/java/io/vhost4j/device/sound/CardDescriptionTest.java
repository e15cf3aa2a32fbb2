package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import java.util.Collections;
import org.junit.jupiter.api.Test;

class CardDescriptionTest {
  private static final StreamCapabilities PLAIN =
      new StreamCapabilities(SampleFormat.S16.mask(), SampleRate.HZ_48000.mask(), 2, 2);
  private static final StreamCapabilities RICH =
      new StreamCapabilities(
          SampleFormat.S16.mask() | SampleFormat.S32.mask() | SampleFormat.FLOAT.mask(),
          // Of those that are numbered last, some are lower.
          SampleRate.HZ_44100.mask() | SampleRate.HZ_96000.mask() | SampleRate.HZ_12000.mask(),
          1,
          8);

  /** Plays to a sink that has a name, and records from where it likes. */
  private static final class Backend implements AudioBackend {
    @Override
    public StreamCapabilities capabilities(Direction direction) {
      return PLAIN;
    }

    @Override
    public String target(Direction direction) {
      return direction == Direction.OUTPUT ? "the kitchen" : "";
    }

    @Override
    public boolean isImmediate() {
      return true;
    }

    @Override
    public AudioStream open(int id, Direction direction, PcmParameters parameters, Runnable wake) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
  }

  private static String line(
      int outputs, StreamCapabilities out, int inputs, StreamCapabilities in) {
    return CardDescription.of(
        "null", new Backend(), Collections.nCopies(outputs, out), Collections.nCopies(inputs, in));
  }

  @Test
  void whatBothDirectionsOfferIsSaidOnce() {
    assertThat(line(1, RICH, 1, RICH))
        .isEqualTo(
            "null, playback to the kitchen; 1 output, 1 input;"
                + " S16 S32 FLOAT, 12000..96000 Hz, 1..8 channels");
  }

  @Test
  void directionsThatDifferAreToldApart() {
    assertThat(line(2, RICH, 1, PLAIN))
        .endsWith(
            "; 2 outputs, 1 input; playback S16 S32 FLOAT, 12000..96000 Hz, 1..8 channels;"
                + " capture S16, 48000 Hz, 2 channels");
  }

  @Test
  void ofADirectionThatTheCardDoesNotHaveNothingIsSaid() {
    assertThat(line(0, RICH, 2, PLAIN))
        .isEqualTo("null; 0 outputs, 2 inputs; S16, 48000 Hz, 2 channels");
    assertThat(line(1, PLAIN, 0, RICH)).endsWith("; 1 output, 0 inputs; S16, 48000 Hz, 2 channels");
  }

  @Test
  void ofManyFormatsTheFirstAndTheLastAreNamed() {
    StreamCapabilities all =
        new StreamCapabilities(
            (1L << SampleFormat.values().length) - 1, SampleRate.HZ_48000.mask(), 1, 1);

    assertThat(line(1, all, 0, all))
        .endsWith("; IMA_ADPCM..IEC958_SUBFRAME (25 formats), 48000 Hz, 1 channel");
  }
}
