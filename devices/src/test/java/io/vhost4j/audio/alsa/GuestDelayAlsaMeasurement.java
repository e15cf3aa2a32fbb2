package io.vhost4j.audio.alsa;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.GuestDelay;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A46: the delay that ALSA tells in a guest is the time from or until the card's converters. */
@Timeout(60)
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@ExtendWith(RealAlsa.class)
class GuestDelayAlsaMeasurement {
  private static final int RATE = 48000;
  private static final int FRAME = 4;

  @TempDir Path directory;

  /** A new card below the real libasound for each stream, with time for a clock. */
  private record CardBackend(int behind, ByteBuffer source, List<JavaCard> cards)
      implements AudioBackend {
    @Override
    public StreamCapabilities capabilities(Direction direction) {
      return new StreamCapabilities(SampleFormat.S16.mask(), SampleRate.HZ_48000.mask(), 2, 2);
    }

    @Override
    public boolean isImmediate() {
      return false;
    }

    @Override
    public AudioStream open(int id, Direction direction, PcmParameters parameters, Runnable wake)
        throws AudioException {
      byte[] recorded = new byte[source.capacity()];
      source.get(0, recorded);
      JavaCard card = new JavaCard(direction, recorded);
      card.behind = behind;
      card.keepTime(RATE);
      cards.add(card);
      AlsaPcm pcm = card.pcm();
      pcm.configure(parameters);
      return direction == Direction.OUTPUT
          ? new AlsaPlayback(pcm, parameters)
          : new AlsaCapture(pcm, parameters);
    }

    @Override
    public void close() {}
  }

  @ParameterizedTest(name = "{2} frames behind the ring, {1} in periods of {0}, at any time: {3}")
  @CsvSource({
    "480, 3840, 96, false",
    "480, 9600, 4800, true",
    "1024, 4096, 96, false",
    "1024, 4096, 2000, true",
    "512, 2048, 300, false",
    "2048, 16384, 300, true",
  })
  void whatIsPlayed(int period, int buffer, int behind, boolean spread) throws Exception {
    List<JavaCard> cards = new CopyOnWriteArrayList<>();
    AudioBackend backend = new CardBackend(behind, ByteBuffer.allocate(0), cards);
    List<GuestDelay.Told> told;
    try (GuestDelay guest = new GuestDelay(directory)) {
      told = guest.run(backend, Direction.OUTPUT, RATE, period, buffer, 20, spread);
    }
    long[] heardAt = new long[GuestDelay.MARKERS + 1];
    for (JavaCard card : cards) {
      ByteBuffer played = ByteBuffer.wrap(card.played.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < played.limit() / FRAME; i++) {
        int number = played.getShort(i * FRAME) / 256;
        if (number > 0) {
          heardAt[number] = card.timeOf(i) + behind * 1_000_000_000L / RATE;
        }
      }
    }
    String what =
        "ALSA playback, "
            + behind
            + " behind, period "
            + period
            + ", buffer "
            + buffer
            + (spread ? ", any time" : "");
    assertThat(GuestDelay.compare(what, told, heardAt, Direction.OUTPUT, RATE, period))
        .isLessThan(period);
  }

  @ParameterizedTest(name = "{2} frames before the ring, {1} in periods of {0}, at any time: {3}")
  @CsvSource({"480, 3840, 96, false", "480, 9600, 4800, true", "1024, 4096, 96, true"})
  void whatIsRecorded(int period, int buffer, int behind, boolean spread) throws Exception {
    ByteBuffer source = ByteBuffer.allocate(60 * RATE * FRAME).order(ByteOrder.LITTLE_ENDIAN);
    for (int number = 1; number <= GuestDelay.MARKERS; number++) {
      source.putShort(number * RATE / 5 * FRAME, (short) (number * 256));
    }
    List<JavaCard> cards = new CopyOnWriteArrayList<>();
    AudioBackend backend = new CardBackend(behind, source, cards);
    List<GuestDelay.Told> told;
    try (GuestDelay guest = new GuestDelay(directory)) {
      told = guest.run(backend, Direction.INPUT, RATE, period, buffer, 20, spread);
    }
    long[] heardAt = new long[GuestDelay.MARKERS + 1];
    JavaCard card = cards.get(cards.size() - 1);
    for (int number = 1; number <= GuestDelay.MARKERS; number++) {
      heardAt[number] = card.timeOf((long) number * RATE / 5) - behind * 1_000_000_000L / RATE;
    }
    String what =
        "ALSA capture, "
            + behind
            + " before, period "
            + period
            + ", buffer "
            + buffer
            + (spread ? ", any time" : "");
    assertThat(GuestDelay.compare(what, told, heardAt, Direction.INPUT, RATE, period))
        .isLessThan(period);
  }
}
