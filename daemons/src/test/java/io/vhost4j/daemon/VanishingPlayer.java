package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;

/** A player in a virtual machine of its own, which is killed while it plays. */
final class VanishingPlayer {
  private static final String PLAYING = "playing";

  private VanishingPlayer() {}

  /** The player. */
  public static void main(String[] args) throws Exception {
    Player player = new Player(Path.of(args[0]));
    var playing = player.start(Clip.noise(1, 60_000));
    System.out.println(PLAYING);
    Player.await(playing);
  }

  /** Starts one and kills it as soon as it has begun. */
  static void playAndBeKilled(Path socket) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                VanishingPlayer.class.getName(),
                socket.toString())
            .start();
    String line = process.inputReader().readLine();
    assertThat(line)
        .as("stderr: %s", line == null ? process.errorReader().lines().toList() : "")
        .isEqualTo(PLAYING);
    process.destroyForcibly();
    assertThat(process.waitFor()).isNotZero();
  }
}
