package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.vhost4j.testkit.DriverTest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * Cards with roles, on a whole machine with PipeWire: the example for WirePlumber that is in the
 * distribution makes the music of one card quieter while the other one plays a prompt.
 */
@DriverTest(
    device = "sound",
    driver = "virtio_snd",
    kernel = "Linux 7.3, user-mode",
    transport = "loopback")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackRolesIT {
  private static final int HERTZ = 48_000;
  private static final int FRAME_BYTES = 4;
  private static final int MUSIC_HERTZ = 1000;
  private static final int PROMPT_HERTZ = 400;
  private static final double LOUDNESS = 0.4;

  /** {@code linking.role-based.duck-level} of the example. */
  private static final double DUCK_LEVEL = 0.2;

  /** Whole periods of both tones. */
  private static final int WINDOW_FRAMES = HERTZ / 20;

  @TempDir Path directory;

  /** What is heard of both in a twentieth of a second, as parts of full scale. */
  private record Heard(double music, double prompt) {}

  @Test
  void musicIsQuietWhileAPromptPlays() throws Exception {
    LoopbackGuest guest = new LoopbackGuest(directory);
    Files.write(guest.share().resolve("music.raw"), tone(MUSIC_HERTZ, 14));
    Files.write(guest.share().resolve("prompt.raw"), tone(PROMPT_HERTZ, 3));
    guest.run(
        2,
        """
        TMPDIR=/dev/shm chroot $H @SCRIPTS@/pipewire-session.sh --format S16LE --quantum 4096 --wireplumber @ROLES@ sh -c '
          echo "export XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR" >/dev/shm/env.new
          mv /dev/shm/env.new /dev/shm/env
          exec sleep 600' >session.out 2>session.err & session=$!
        until_so [ -e /dev/shm/env ]
        . /dev/shm/env
        start adapter virtio-loopback-adapter -d sound -l 0 -l 1 --backend=pipewire \
          --pipewire-media-role=Music --pipewire-media-role=Navigation
        ready adapter
        await_card 0; zero=$card
        await_card 1; one=$card
        # By itself its role would be Music, too.
        chroot $H pw-record --target test-sink -P '{ stream.capture.sink=true }' --media-role Test \
          --format s16 --rate 48000 --channels 2 --raw - >/tmp/heard & recorder=$!
        until_so [ -s /tmp/heard ]
        format='-t raw -f S16_LE -r 48000 -c 2 --buffer-time=900000'
        play $zero music.raw $format & player=$!
        sleep 4
        play $one prompt.raw $format
        wait $player
        sleep 1
        kill $recorder
        cp /tmp/heard .
        stop adapter TERM
        kill $session
        """
            .replace("@SCRIPTS@", Daemon.SCRIPTS.toRealPath().toString())
            .replace(
                "@ROLES@",
                Daemon.DISTRIBUTION.resolve("share/doc/vhost4j/50-sound-roles.conf").toString()));

    List<Heard> heard = listen(Files.readAllBytes(guest.share().resolve("heard")));
    heard.forEach(System.out::println);
    int begin = first(heard);
    int end = last(heard);
    assertThat(begin).as("the prompt begins").isGreaterThan(20);
    // A cycle of the graph and the volume's ramp lie between.
    double before = median(heard.subList(begin - 20, begin - 4));
    double meanwhile = median(heard.subList(begin + 10, end - 10));
    double after = median(heard.subList(end + 10, end + 30));
    System.out.printf(
        "music before, during and after the prompt: %.4f %.4f %.4f%n", before, meanwhile, after);
    assertThat(before).isCloseTo(LOUDNESS, within(0.01));
    assertThat(meanwhile).isCloseTo(LOUDNESS * DUCK_LEVEL, within(0.01));
    assertThat(after).isCloseTo(LOUDNESS, within(0.01));
    guest.assertNoComplaint();
  }

  private static int first(List<Heard> heard) {
    int at = 0;
    while (at < heard.size() && heard.get(at).prompt() < LOUDNESS / 2) {
      at++;
    }
    return at;
  }

  private static int last(List<Heard> heard) {
    int at = heard.size() - 1;
    while (at > 0 && heard.get(at).prompt() < LOUDNESS / 2) {
      at--;
    }
    return at;
  }

  private static double median(List<Heard> heard) {
    return heard.stream().mapToDouble(Heard::music).sorted().toArray()[heard.size() / 2];
  }

  private static byte[] tone(int hertz, int seconds) {
    ByteBuffer samples =
        ByteBuffer.allocate(seconds * HERTZ * FRAME_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int frame = 0; frame < seconds * HERTZ; frame++) {
      double value = LOUDNESS * Math.sin(2 * Math.PI * hertz * frame / HERTZ);
      short sample = (short) Math.round(value * Short.MAX_VALUE);
      samples.putShort(sample).putShort(sample);
    }
    return samples.array();
  }

  private static List<Heard> listen(byte[] recorded) {
    ByteBuffer samples = ByteBuffer.wrap(recorded).order(ByteOrder.LITTLE_ENDIAN);
    List<Heard> heard = new ArrayList<>();
    for (int frame = 0;
        (frame + WINDOW_FRAMES) * FRAME_BYTES <= recorded.length;
        frame += WINDOW_FRAMES) {
      heard.add(new Heard(level(samples, frame, MUSIC_HERTZ), level(samples, frame, PROMPT_HERTZ)));
    }
    return heard;
  }

  /** The amplitude of one frequency in a window of the left channel. */
  private static double level(ByteBuffer samples, int start, int hertz) {
    double real = 0;
    double imaginary = 0;
    for (int frame = start; frame < start + WINDOW_FRAMES; frame++) {
      double sample = samples.getShort(frame * FRAME_BYTES) / (double) Short.MAX_VALUE;
      double phase = 2 * Math.PI * hertz * frame / HERTZ;
      real += sample * Math.cos(phase);
      imaginary += sample * Math.sin(phase);
    }
    return 2 * Math.hypot(real, imaginary) / WINDOW_FRAMES;
  }
}
