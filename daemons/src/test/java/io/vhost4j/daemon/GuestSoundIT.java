package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Linux guest with two sound cards of one daemon plays into WAV files and records from them. It
 * boots once; the tests look at what it left.
 */
@DriverTest(
    device = "sound",
    driver = "virtio_snd",
    kernel = "Linux 6.12, QEMU",
    transport = "vhost-user")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class GuestSoundIT {
  /** aplay sends up to a tenth of a second, and a period of an eighth, of silence at the end. */
  private static final int SILENT_FRAMES = 12_000;

  private final Clip stereo = Clip.noise(1, 5000);
  private final Clip wide = Clip.noise(2, SampleFormat.S32, SampleRate.HZ_44100, 2, 5000);
  private final Clip surround = Clip.noise(3, SampleFormat.S16, SampleRate.HZ_48000, 6, 5000);
  private final Clip other = Clip.noise(4, 5000);
  private final Clip source = Clip.noise(5, 5000);

  private Path directory;
  private Path share;

  @BeforeAll
  @Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
  void playAndRecordInAGuest(@TempDir Path shared) throws Exception {
    directory = shared;
    share = Files.createDirectory(directory.resolve("share"));
    stereo.writeRaw(share.resolve("stereo.raw"));
    wide.writeRaw(share.resolve("wide.raw"));
    surround.writeRaw(share.resolve("surround.raw"));
    other.writeRaw(share.resolve("other.raw"));
    Path first = directory.resolve("first.sock");
    Path second = directory.resolve("second.sock");
    String script =
        """
        set -e
        play 0 stereo.raw %1$s & one=$!
        play 1 other.raw %1$s & two=$!
        record 1 recorded.raw -s %4$d %1$s
        wait $one
        wait $two
        play 0 wide.raw %2$s
        play 0 surround.raw %3$s
        """
            .formatted(
                stereo.alsaOptions(), wide.alsaOptions(), surround.alsaOptions(), source.frames());
    try (Daemon daemon =
            Daemon.start(
                    "--socket=" + first,
                    "--socket=" + second,
                    "--backend=file",
                    "--playback-file=" + directory.resolve("first.wav"),
                    "--playback-file=" + directory.resolve("second.wav"),
                    "--capture-file=" + source.writeWav(directory.resolve("source.wav")))
                .awaitReady();
        LinuxGuest guest = SoundGuest.boot(share, script, List.of(first, second))) {
      assertThat(daemon.isAlive()).isTrue();
      guest.awaitSuccess();
    }
  }

  private void assertPlayed(Clip clip, String file) throws Exception {
    new Arrived(file, clip.readWav(directory.resolve(file)))
        .then(clip)
        .thenSilenceUpTo(SILENT_FRAMES)
        .end();
  }

  /** A29. */
  @Test
  void s16StereoAt48kHzArrivesBitForBit() throws Exception {
    assertPlayed(stereo, "first.wav");
  }

  @Test
  void s32StereoAt44100HzArrivesBitForBitInTheFileThatFollows() throws Exception {
    assertPlayed(wide, "first-2.wav");
  }

  @Test
  void s16WithSixChannelsArrivesBitForBitInTheThirdFile() throws Exception {
    assertPlayed(surround, "first-3.wav");
    assertThat(directory.resolve("first-4.wav")).doesNotExist();
  }

  @Test
  void theSecondCardOfTheProcessPlaysItsOwnNoiseAtTheSameTime() throws Exception {
    assertPlayed(other, "second.wav");
    assertThat(directory.resolve("second-2.wav")).doesNotExist();
  }

  @Test
  void whatTheGuestRecordsIsTheCaptureFileBitForBit() throws Exception {
    byte[] recorded = Files.readAllBytes(share.resolve("recorded.raw"));
    new Arrived("recorded by the guest", source.withBytes(recorded)).then(source).end();
  }
}
