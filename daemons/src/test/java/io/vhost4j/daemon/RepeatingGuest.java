package io.vhost4j.daemon;

import io.vhost4j.testkit.LinuxGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A Linux guest that plays the same clip as often as it is told to. */
final class RepeatingGuest implements AutoCloseable {
  private static final String SCRIPT =
      """
      round=0
      until [ -e enough ]; do
        round=$((round + 1))
        until [ -e round.$round ] || [ -e enough ]; do sleep 0.1; done
        if [ -e round.$round ]; then
          play 0 clip.raw %s || exit 1
          echo "played $round"
        fi
      done
      """;

  private final Path share;
  private final LinuxGuest guest;
  private int round;

  /**
   * Boots.
   *
   * @param share an empty directory for the guest
   */
  RepeatingGuest(Path share, Clip clip, Path socket) throws IOException {
    this.share = share;
    clip.writeRaw(share.resolve("clip.raw"));
    guest = SoundGuest.boot(share, SCRIPT.formatted(clip.alsaOptions()), List.of(socket));
  }

  /** Plays to the end. */
  void play() throws IOException {
    round++;
    Files.createFile(share.resolve("round." + round));
    guest.awaitLine("played " + round);
  }

  /** Shuts the guest down. */
  void end() throws IOException, InterruptedException {
    Files.createFile(share.resolve("enough"));
    guest.awaitSuccess();
  }

  @Override
  public void close() {
    guest.close();
  }
}
