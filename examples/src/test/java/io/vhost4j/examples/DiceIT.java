package io.vhost4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.event.NativeTransport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A device that the daemons do not know, made a daemon by nothing but its jar. */
class DiceIT {
  private static final Path DAEMON =
      Path.of(System.getProperty("vhost4j.daemon", "?")).resolveSibling("vhost-device");
  private static final String JAR = System.getProperty("vhost4j.examples", "?");

  @TempDir Path directory;

  private ProgramRun daemon(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(DAEMON.toString()));
    Collections.addAll(command, arguments);
    Map<String, String> environment =
        Map.of("VHOST4J_PATH", JAR, "JAVA_HOME", System.getProperty("java.home"));
    return ProgramRun.start(directory, environment, command);
  }

  @Test
  void theListNamesItBesideTheOthers() throws Exception {
    try (ProgramRun daemon = daemon("--list")) {
      assertThat(daemon.status()).isZero();
      assertThat(daemon.out().lines())
          .contains(
              "dice     Dice in place of a virtio source of entropy",
              "console  Virtio consoles and serial ports",
              "rng      A virtio source of entropy",
              "sound    A virtio sound card");
    }
  }

  @Test
  void itsHelpHasItsOption() throws Exception {
    try (ProgramRun daemon = daemon("dice", "--help")) {
      assertThat(daemon.status()).isZero();
      assertThat(daemon.out()).startsWith("Usage: vhost-device dice ").contains("--sides=N");
      assertThat(daemon.err()).isEmpty();
    }
  }

  @Test
  void aWrongValueOfItsOptionIsWrongUsage() throws Exception {
    try (ProgramRun daemon = daemon("dice", "--socket=x", "--sides=1")) {
      assertThat(daemon.status()).isEqualTo(2);
      assertThat(daemon.err())
          .startsWith("vhost-device dice: --sides=1: possible are 2 to 100")
          .contains("'vhost-device dice --help'");
    }
  }

  @Test
  void aGuestGetsWhatItThrows() throws Exception {
    Path socket = directory.resolve("dice.sock");
    try (ProgramRun daemon = daemon("dice", "--socket=" + socket, "--sides=3")) {
      daemon.awaitOut(out -> out.contains("READY"));
      assertThat(daemon.err()).contains("dice at " + socket + ": dice with 3 sides");
      Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
      try {
        assertThat(EntropyReader.read(vertx, socket, 4096))
            .containsOnly((byte) 1, (byte) 2, (byte) 3);
      } finally {
        vertx.close().toCompletionStage().toCompletableFuture().get();
      }
      daemon.terminate();
      assertThat(daemon.status()).isZero();
      assertThat(socket).doesNotExist();
    }
  }
}
