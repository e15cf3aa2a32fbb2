package io.vhost4j.daemon;

import static io.vhost4j.daemon.PrivatePipewire.untilWhole;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** The daemon plays and records through a real PipeWire, without a gap. */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class DaemonPipewireIT {
  private static final int ANY = Integer.MAX_VALUE;
  private static final int BYTES_PER_SECOND = 48_000 * 4;

  @TempDir Path directory;
  private Path socket;
  private PrivatePipewire pipewire;

  @BeforeEach
  void startPipewire() throws Exception {
    socket = directory.resolve("sound.sock");
    pipewire = new PrivatePipewire();
  }

  @AfterEach
  void endPipewire() throws Exception {
    pipewire.close();
  }

  private Daemon serve(String... more) throws Exception {
    String[] args = new String[more.length + 2];
    args[0] = "--socket=" + socket;
    args[1] = "--backend=pipewire";
    System.arraycopy(more, 0, args, 2, more.length);
    return Daemon.start(pipewire.environment(), args).awaitReady();
  }

  @Test
  void whatADriverPlaysReachesTheSinkWithoutAGap() throws Exception {
    Clip clip = Clip.noise(21, 3000);
    try (Daemon daemon = serve();
        PrivatePipewire.Recorder sink = pipewire.recordSink(directory.resolve("sink.raw"));
        Player player = new Player(socket)) {
      untilWhole(
          () -> {
            sink.skip();
            player.play(clip);
            sink.assertHeard(clip);
          });
      assertThat(daemon.isAlive()).isTrue();
    }
  }

  @Test
  void whatALinuxGuestPlaysReachesTheSinkWithoutAGap() throws Exception {
    Clip clip = Clip.noise(22, 3000);
    Path share = Files.createDirectory(directory.resolve("share"));
    try (Daemon daemon = serve();
        PrivatePipewire.Recorder sink = pipewire.recordSink(directory.resolve("sink.raw"));
        RepeatingGuest guest = new RepeatingGuest(share, clip, socket)) {
      untilWhole(
          () -> {
            sink.skip();
            guest.play();
            sink.assertHeard(clip);
          });
      guest.end();
      assertThat(daemon.isAlive()).isTrue();
    }
  }

  @Test
  void whatASourceGivesIsRecordedWithoutAGap() throws Exception {
    Clip clip = Clip.noise(23, 3000);
    Path wav = clip.withSilence(24_000).writeWav(directory.resolve("source.wav"));
    pipewire.createSource("test-source");
    try (Daemon daemon = serve("--pipewire-capture-target=test-source");
        Player player = new Player(socket)) {
      untilWhole(
          () ->
              new Arrived("recorded from the source", player.record(clip, new Playing(wav)))
                  .thenSilenceUpTo(ANY)
                  .then(clip)
                  .thenSilenceUpTo(ANY)
                  .end());
      assertThat(daemon.isAlive()).isTrue();
    }
  }

  /** Has a file played into the source as soon as the recording runs, and ends it after that. */
  private final class Playing implements Predicate<ByteArrayOutputStream> {
    private final Path wav;
    private @Nullable Process player;
    private int end = ANY;

    Playing(Path wav) {
      this.wav = wav;
    }

    @Override
    public boolean test(ByteArrayOutputStream recorded) {
      Process started = player;
      if (started == null && recorded.size() > BYTES_PER_SECOND / 4) {
        player = start();
      } else if (end == ANY && started != null && !started.isAlive()) {
        end = recorded.size() + BYTES_PER_SECOND / 2;
      }
      return recorded.size() > end;
    }

    private Process start() {
      try {
        return pipewire.start("pw-play", wav.toString());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
