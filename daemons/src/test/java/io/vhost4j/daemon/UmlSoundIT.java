package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A user-mode Linux, which is another frontend than QEMU and has the same driver at native speed,
 * with two sound cards of one daemon. It boots once; the tests look at what it left.
 */
@DriverTest(
    device = "sound",
    driver = "virtio_snd",
    kernel = "Linux 7.3, user-mode",
    transport = "vhost-user")
@Tag("jdk")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlSoundIT {
  /** aplay sends up to a tenth of a second, and a period of an eighth, of silence at the end. */
  private static final int SILENT_MILLIS = 250;

  private final Clip first = Clip.noise(21, 2000);
  private final Clip second = Clip.noise(22, 2000);
  private final Clip source = Clip.noise(23, 2000);
  private final Clip brief = Clip.noise(24, 300);

  /** How the players that follow each other differ. */
  private final List<String> habits =
      List.of(
          "",
          "-M",
          "--period-size=441 --buffer-size=22050",
          "-M --period-size=128 --buffer-size=16384",
          "--period-size=64 --buffer-size=16384",
          "--period-size=1000 --buffer-size=20000",
          "--period-size=4800 --buffer-size=19200",
          "-N -M --period-size=333 --buffer-size=19980");

  private Path directory;
  private Path share;

  /** One clip of each format that WAV files can have, each of another rate or width. */
  static List<Format> formats() {
    return List.of(
        new Format(2, SampleFormat.U8, SampleRate.HZ_8000, 1),
        new Format(3, SampleFormat.S16, SampleRate.HZ_44100, 1),
        new Format(4, SampleFormat.S16, SampleRate.HZ_48000, 8),
        new Format(5, SampleFormat.S24_3, SampleRate.HZ_48000, 2),
        new Format(6, SampleFormat.S20, SampleRate.HZ_48000, 2),
        new Format(7, SampleFormat.S24, SampleRate.HZ_96000, 2),
        new Format(8, SampleFormat.S32, SampleRate.HZ_192000, 2),
        new Format(9, SampleFormat.FLOAT, SampleRate.HZ_48000, 6),
        new Format(10, SampleFormat.FLOAT64, SampleRate.HZ_48000, 2),
        new Format(11, SampleFormat.A_LAW, SampleRate.HZ_16000, 2),
        new Format(12, SampleFormat.MU_LAW, SampleRate.HZ_8000, 2));
  }

  record Format(int place, SampleFormat format, SampleRate rate, int channels) {
    Clip clip() {
      return Clip.noise(place, format, rate, channels, 300);
    }

    String raw() {
      return "format." + place + ".raw";
    }
  }

  @BeforeAll
  @Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
  void playAndRecordInUserMode(@TempDir Path shared) throws Exception {
    directory = shared;
    share = Files.createDirectory(directory.resolve("share"));
    first.writeRaw(share.resolve("first.raw"));
    second.writeRaw(share.resolve("second.raw"));
    brief.writeRaw(share.resolve("brief.raw"));
    List<String> script = new ArrayList<>(List.of("set -e"));
    String options = first.alsaOptions();
    script.add("play 0 first.raw %s & one=$!".formatted(options));
    script.add("play 1 second.raw %s & two=$!".formatted(options));
    script.add("record 0 first.rec -s %d %s & three=$!".formatted(source.frames(), options));
    script.add("record 1 second.rec -s %d %s".formatted(source.frames(), options));
    script.add("wait $one; wait $two; wait $three");
    habits.forEach(habit -> script.add("play 1 brief.raw %s %s".formatted(habit, options)));
    for (Format format : formats()) {
      format.clip().writeRaw(share.resolve(format.raw()));
      script.add("play 0 %s %s".formatted(format.raw(), format.clip().alsaOptions()));
    }
    script.add("! dmesg | grep -E 'WARNING:|BUG:|virtio_snd virtio'");
    Path one = directory.resolve("first.sock");
    Path two = directory.resolve("second.sock");
    try (Daemon daemon =
            Daemon.start(
                    "--socket=" + one,
                    "--socket=" + two,
                    "--backend=file",
                    "--formats=all",
                    "--rates=all",
                    "--playback-file=" + directory.resolve("first.wav"),
                    "--playback-file=" + directory.resolve("second.wav"),
                    "--capture-file=" + source.writeWav(directory.resolve("source.wav")))
                .awaitReady();
        LinuxGuest guest =
            SoundGuest.bootInUserMode(share, String.join("\n", script) + "\n", List.of(one, two))) {
      guest.awaitSuccess();
      assertThat(daemon.isAlive()).isTrue();
    }
  }

  private Arrived arrived(Clip clip, String file) throws Exception {
    return new Arrived(file, clip.readWavData(directory.resolve(file)));
  }

  private static int silentFrames(Clip clip) {
    return clip.hertz() * SILENT_MILLIS / 1000;
  }

  @Test
  void aCardPlaysBitForBitWhileItRecordsAndAnotherPlays() throws Exception {
    arrived(first, "first.wav").then(first).thenSilenceUpTo(silentFrames(first)).end();
  }

  @Test
  void playersThatFollowEachOtherArriveBitForBitWhateverTheirPeriodsAndAccess() throws Exception {
    Arrived arrived =
        arrived(second, "second.wav").then(second).thenSilenceUpTo(silentFrames(second));
    for (String habit : habits) {
      System.out.println("aplay " + habit);
      arrived.then(brief).thenSilenceUpTo(silentFrames(brief));
    }
    arrived.end();
    assertThat(directory.resolve("second-2.wav")).doesNotExist();
  }

  @ParameterizedTest
  @MethodSource("formats")
  void everyFormatArrivesBitForBit(Format format) throws Exception {
    Clip clip = format.clip();
    arrived(clip, "first-" + format.place() + ".wav")
        .then(clip.leftAligned())
        .thenSilenceUpTo(silentFrames(clip))
        .end();
  }

  @Test
  void bothCardsRecordTheCaptureFileBitForBitAtTheSameTime() throws Exception {
    for (String file : List.of("first.rec", "second.rec")) {
      byte[] recorded = Files.readAllBytes(share.resolve(file));
      new Arrived(file, source.withBytes(recorded)).then(source).end();
    }
  }
}
