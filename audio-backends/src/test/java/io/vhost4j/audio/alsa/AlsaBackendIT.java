package io.vhost4j.audio.alsa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.ChannelPosition;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.audio.alsa.lowlevel.LibAsound;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@ExtendWith(RealAlsa.class)
class AlsaBackendIT {
  private static final PcmParameters PARAMETERS =
      new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 16384, 4096);

  @Test
  void offersAllThatADeviceWithoutLimitsCanDo() throws Exception {
    try (AudioBackend backend = RealAlsa.open("nothing", "nothing")) {
      long formats = (1L << SampleFormat.values().length) - 1 - SampleFormat.IMA_ADPCM.mask();
      long rates = (1L << SampleRate.values().length) - 1;
      StreamCapabilities all = new StreamCapabilities(formats, rates, 1, 18);
      assertThat(backend.capabilities(Direction.OUTPUT)).isEqualTo(all);
      assertThat(backend.capabilities(Direction.INPUT)).isEqualTo(all);
    }
  }

  @Test
  void offersWhatTheHardwareCanDoAndNoMore() throws Exception {
    try (JavaCard card = new JavaCard()) {
      // S16_LE, S24_LE, S24_3LE and, of no use to virtio-sound, S32_BE.
      card.constrain(JavaCard.FORMATS, 2, 6, 32, 11);
      card.constrain(JavaCard.RATES, 44100, 48000, 50000, 12000);
      card.constrain(JavaCard.CHANNELS, 2, 6, 64);
      assertThat(AlsaCapabilities.of(card.pcm()))
          .isEqualTo(
              new StreamCapabilities(
                  SampleFormat.S16.mask() | SampleFormat.S24.mask() | SampleFormat.S24_3.mask(),
                  SampleRate.HZ_44100.mask()
                      | SampleRate.HZ_48000.mask()
                      | SampleRate.HZ_12000.mask(),
                  2,
                  18));
    }
  }

  @Test
  void channelsAreWhereTheDeviceSaysOrInAlsasOrder() throws Exception {
    try (JavaCard card = new JavaCard();
        AudioBackend backend = RealAlsa.open("nothing", "nothing")) {
      int fixed = LibAsound.SND_CHMAP_TYPE_FIXED;
      int paired = 3;
      card.channelMaps =
          new int[][] {
            {fixed, 2, 4, 3}, {paired, 2, 3, 4}, {paired, 4, 3, 4, 9, 10}, {fixed, 1, 99}
          };
      assertThat(AlsaCapabilities.fixedChannelMaps(card.pcm()))
          .isEqualTo(
              Map.of(
                  2, List.of(ChannelPosition.FR, ChannelPosition.FL),
                  1, List.of(ChannelPosition.NONE)));
      assertThat(backend.channelPositions(Direction.OUTPUT, 6))
          .containsExactly(
              ChannelPosition.FL,
              ChannelPosition.FR,
              ChannelPosition.RL,
              ChannelPosition.RR,
              ChannelPosition.FC,
              ChannelPosition.LFE);
    }
  }

  @Test
  void refusesADeviceOfWhichVirtioKnowsNothing() {
    try (JavaCard card = new JavaCard()) {
      card.constrain(JavaCard.RATES, 50000);
      assertThatThrownBy(() -> AlsaCapabilities.of(card.pcm()))
          .isInstanceOf(AudioException.class)
          .hasMessageContaining("'java-card'")
          .hasMessageContaining("plug:");
    }
  }

  @Test
  void refusesWhatTheHardwareCannotDoTogether() {
    try (JavaCard card = new JavaCard()) {
      card.constrain(JavaCard.RATES, 44100);
      assertThatThrownBy(() -> card.pcm().configure(PARAMETERS))
          .isInstanceOf(AudioException.class)
          .hasMessageContaining("'java-card' cannot do 48000 Hz with 2 channels of S16");
    }
  }

  /**
   * Frames of more than 64 bytes do not fit into the card's ring: 18 channels are possible, and 32
   * bits, but not both.
   */
  @Test
  void knowsWhatDoesNotGoTogether() throws Exception {
    try (JavaCard card = new JavaCard()) {
      card.constrainRange(JavaCard.BUFFER_BYTES, 1, 64);
      StreamCapabilities each = AlsaCapabilities.of(card.pcm());
      assertThat(each.formats())
          .satisfies(mask -> assertThat(mask & SampleFormat.S32.mask()).isNotZero());
      assertThat(each.maxChannels()).isEqualTo(18);
      AlsaCombinations together = AlsaCombinations.of(card.pcm(), each);
      assertThat(together.include(one(SampleFormat.S16, 18))).isTrue();
      assertThat(together.include(one(SampleFormat.S32, 16))).isTrue();
      assertThat(together.include(one(SampleFormat.S32, 17))).isFalse();
    }
  }

  private static PcmParameters one(SampleFormat format, int channels) {
    int frame = format.bytes() * channels;
    return new PcmParameters(format, SampleRate.HZ_48000, channels, frame, frame);
  }

  /** A USB device that is plugged in when the daemon runs already. */
  @Test
  void aDeviceThatIsNotThereYetIsOfferedAndComesLater(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("capture.raw");
    try (AudioBackend backend = RealAlsa.open("nothing", "integers_from:" + file)) {
      StreamCapabilities offered = backend.capabilities(1, Direction.INPUT);
      assertThat(offered.formats() & SampleFormat.FLOAT.mask()).isNotZero();
      assertThat(offered.rates() & SampleRate.HZ_48000.mask()).isNotZero();
      assertThat(offered.maxChannels()).isEqualTo(2);
      assertThat(backend.supports(Direction.INPUT, PARAMETERS)).isTrue();
      assertThatThrownBy(() -> backend.open(1, Direction.INPUT, PARAMETERS, () -> {}))
          .isInstanceOf(AudioException.class)
          .hasMessageContaining("capture device 'integers_from:" + file + "' cannot be opened");

      byte[] sound = new byte[64];
      Arrays.fill(sound, (byte) 0x40);
      Files.write(file, sound);

      assertThat(record(backend, PARAMETERS, 64).array()).isEqualTo(sound);
      // Which the device does not do, but was offered.
      PcmParameters floats =
          new PcmParameters(SampleFormat.FLOAT, SampleRate.HZ_48000, 2, 32768, 8192);
      ByteBuffer converted = record(backend, floats, 64).order(ByteOrder.LITTLE_ENDIAN);
      assertThat(converted.getFloat(0)).isEqualTo(0x4040 / 32768f);
    }
  }

  private static ByteBuffer record(AudioBackend backend, PcmParameters parameters, int bytes)
      throws AudioException {
    try (AudioStream stream = backend.open(1, Direction.INPUT, parameters, () -> {})) {
      ByteBuffer frames = ByteBuffer.allocate(bytes);
      stream.start();
      while (frames.hasRemaining()) {
        stream.read(frames);
      }
      return frames;
    }
  }

  @Test
  void whatCanMendItselfIsToldFromAMistake() {
    assertThat(AlsaPcm.mayComeBack("integers_from:x", -2)).as("no such file").isTrue();
    assertThat(AlsaPcm.mayComeBack("nothing", -16)).as("busy").isTrue();
    assertThat(AlsaPcm.mayComeBack("nothing", -19)).as("no such device").isTrue();
    assertThat(AlsaPcm.mayComeBack("nothing", -13)).as("permission denied").isFalse();
    assertThat(AlsaPcm.mayComeBack("integers_from:x,y,z", -22)).as("arguments").isFalse();
    assertThat(AlsaPcm.mayComeBack("absent:x", -2)).as("not in ALSA's configuration").isFalse();
    assertThat(AlsaPcm.absent("hw:1", Direction.OUTPUT, -16))
        .isEqualTo(
            "ALSA playback device 'hw:1' is in use: its streams fail until it is free; end the"
                + " program that uses it, or name another with --alsa-playback");
    assertThat(AlsaPcm.absent("hw:1", Direction.INPUT, -19))
        .isEqualTo(
            "ALSA capture device 'hw:1' is not there (No such device): its streams fail until it"
                + " is; plug it in, or name another with --alsa-capture");
  }

  @Test
  void aRingThatIsSmallerThanTheGuestsIsFilledAsItEmpties() throws Exception {
    try (JavaCard card = new JavaCard()) {
      card.constrainRange(JavaCard.BUFFER_BYTES, 1024, 8192);
      AlsaPcm pcm = card.pcm();
      pcm.configure(PARAMETERS);
      assertThat(card.ringFrames()).isEqualTo(8192 / 4);
      try (AudioStream stream = new AlsaPlayback(pcm, PARAMETERS)) {
        ByteBuffer frames = ByteBuffer.allocate(16384);
        stream.write(frames);
        assertThat(frames.position()).isEqualTo(8192);
        stream.start();
        assertThat(stream.nanosToWait(8192)).isLessThanOrEqualTo(PARAMETERS.nanosOf(4096) + 1);
        card.advance(1024);
        stream.write(frames);
        assertThat(frames.position()).isEqualTo(8192 + 4096);
      }
    }
  }

  /** A guest may ask for a buffer of 2 GiB. */
  @Test
  void aGuestCannotMakeTheRingHuge() throws Exception {
    PcmParameters huge =
        new PcmParameters(SampleFormat.U8, SampleRate.HZ_5512, 1, Integer.MAX_VALUE, 1 << 30);
    try (AlsaPcm pcm = AlsaPcm.open("nothing", Direction.OUTPUT)) {
      pcm.configure(huge);
      assertThat(pcm.ringFrames()).isLessThanOrEqualTo(16 << 20);
    }
  }

  @Test
  void aPlugConvertsWhatTheHardwareDoesNotDo() throws Exception {
    try (AudioBackend backend = RealAlsa.open("converting", "nothing")) {
      PcmParameters other =
          new PcmParameters(SampleFormat.FLOAT, SampleRate.HZ_44100, 6, 96 * 1024, 24 * 1024);
      StreamCapabilities offered = backend.capabilities(Direction.OUTPUT);
      assertThat(offered.formats() & SampleFormat.FLOAT.mask()).isNotZero();
      assertThat(offered.rates() & SampleRate.HZ_44100.mask()).isNotZero();
      try (AudioStream stream = backend.open(0, Direction.OUTPUT, other, () -> {})) {
        ByteBuffer frames = ByteBuffer.allocate(48 * 1024);
        stream.write(frames);
        assertThat(frames.hasRemaining()).isFalse();
        stream.start();
        assertThat(stream.xruns()).isZero();
      }
    }
  }

  @Test
  void namesTheDeviceThatIsMissing() {
    assertThatThrownBy(() -> RealAlsa.open("absent", "absent"))
        .isInstanceOf(AudioException.class)
        .hasMessageContaining("playback device 'absent' cannot be opened: No such file")
        .hasMessageContaining("aplay -L")
        .hasMessageContaining("--alsa-playback")
        .hasMessageNotContaining("\n");
  }

  @Test
  void aHostThatOnlyPlaysServesStreamsThatPlay() throws Exception {
    try (AudioBackend backend = RealAlsa.open("nothing", "absent")) {
      assertThat(backend.capabilities(0, Direction.OUTPUT).maxChannels()).isEqualTo(18);
      assertThatThrownBy(() -> backend.capabilities(1, Direction.INPUT))
          .isInstanceOf(AudioException.class)
          .hasMessageContaining("capture device 'absent' cannot be opened")
          .hasMessageContaining("--alsa-capture");
      assertThatThrownBy(() -> backend.open(1, Direction.INPUT, PARAMETERS, () -> {}))
          .isInstanceOf(AudioException.class)
          .hasMessageContaining("'absent'");
    }
  }

  @Test
  void withoutLibasoundSaysWhatToInstall() {
    assertThatThrownBy(() -> new AlsaBackendProvider("libasound-absent.so.9").open(Map.of()))
        .isInstanceOf(AudioException.class)
        .hasMessageContaining("libasound-absent.so.9 cannot be loaded: install libasound2");
  }

  @Test
  void whatLibasoundSaysGoesToTheDebugLog() {
    Logger logger = (Logger) LoggerFactory.getLogger(LibAsound.class);
    Level level = logger.getLevel();
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    logger.setLevel(Level.DEBUG);
    try {
      assertThatThrownBy(() -> RealAlsa.open("absent", "absent"));
    } finally {
      logger.detachAppender(log);
      logger.setLevel(level);
    }
    assertThat(log.list)
        .anySatisfy(
            event ->
                assertThat(event.getFormattedMessage()).contains("libasound: Unknown PCM absent"));
  }
}
