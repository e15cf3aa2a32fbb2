package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.event.NativeTransport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** What clients do to the packaged daemon leaves nothing behind and does not harm the next one. */
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class DaemonEnduranceIT {
  private static final int WARM_UP = 10;
  private static final int CYCLES = 50;

  /** Cycles that take a virtual machine of their own, to be killed: a second each. */
  private static final int KILLED_EVERY = 10;

  private static final int ATTACKS = 200;
  private static final int SCRIBBLES = 300;

  private final Clip clip = Clip.noise(41, 60_000);

  /** Of a format of its own, and so in a file of its own. */
  private final Clip last = Clip.noise(42, SampleFormat.S32, SampleRate.HZ_96000, 2, 500);

  private final Random random = new Random(43);

  @TempDir Path directory;
  private Path socket;
  private Daemon daemon;
  private Vertx vertx;

  @BeforeEach
  void serve() throws Exception {
    socket = directory.resolve("sound.sock");
    daemon =
        Daemon.start(
                "--socket=" + socket,
                "--backend=file",
                "--playback-file=" + directory.resolve("played.wav"))
            .awaitReady();
    vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  }

  @AfterEach
  void endDaemon() throws Exception {
    Player.await(vertx.close());
    daemon.close();
  }

  /** Whatever was before: the next client plays from the first frame to the last. */
  private void assertServesTheNext() throws Exception {
    try (Player player = new Player(socket)) {
      player.play(last);
    }
    assertThat(daemon.isAlive()).isTrue();
    Path other = directory.resolve("played-2.wav"); // if something of another format came before
    Path file = Files.exists(other) ? other : directory.resolve("played.wav");
    new Arrived(file.getFileName().toString(), last.readWav(file)).then(last).end();
  }

  @Test
  void fiftyClientsThatVanishInMidPlayLeaveNothingBehind() throws Exception {
    for (int i = 0; i < WARM_UP; i++) {
      vanish(i);
    }
    ProcessResources before = settled();
    for (int i = 0; i < CYCLES; i++) {
      vanish(i);
    }
    ProcessResources after = settled();
    System.out.printf("before %s%nafter  %s%n", before, after);
    assertThat(after.descriptors()).isEqualTo(before.descriptors());
    assertThat(after.threads()).isEqualTo(before.threads());
    assertThat(after.mappings()).isCloseTo(before.mappings(), within(8L));
    assertServesTheNext();
  }

  private void vanish(int cycle) throws Exception {
    if (cycle % KILLED_EVERY == 0) {
      VanishingPlayer.playAndBeKilled(socket);
    } else if (cycle % 3 == 0) {
      try (Frontend frontend = new Frontend(socket)) {
        assertThat(frontend.features()).isNotZero();
      }
    } else {
      try (Player player = new Player(socket)) {
        var unused = player.start(clip);
        Thread.sleep(random.nextInt(60));
      }
    }
  }

  /** What the daemon holds when nobody is connected, once it has noticed. */
  private ProcessResources settled() throws Exception {
    ProcessResources last = ProcessResources.of(daemon.pid());
    int same = 0;
    while (same < 40) { // for two seconds, as threads that close descriptors last one
      Thread.sleep(50);
      ProcessResources now = ProcessResources.of(daemon.pid());
      same = now.guestMappings() == 0 && now.equals(last) ? same + 1 : 0;
      last = now;
    }
    return last;
  }

  @Test
  void aClientThatCutsItsMemoryShortInMidStreamHarmsNobodyElse_E9() throws Exception {
    try (RawCard card = new RawCard(vertx, socket);
        RawCard.FrailMemory frail = card.addFrailMemory(1 << 20)) {
      card.play(Player.parameters(clip));
      int period = Player.parameters(clip).periodBytes();
      card.send(frail.address(), period);
      frail.truncate();
      card.send(frail.address() + period, period);
      card.awaitBuffersOrHangUp(2);
    }
    assertServesTheNext();
  }

  @Test
  void aDriverThatScribblesOverItsRingsHarmsNobodyElse_V17_V31() throws Exception {
    for (int i = 0; i < ATTACKS; i++) {
      try (RawCard card = new RawCard(vertx, socket)) {
        card.play(Player.parameters(clip));
        card.send(card.audio(1 << 16), 1 << 16);
        for (int j = 0; j < SCRIBBLES; j++) {
          card.scribble(random);
        }
      }
    }
    assertServesTheNext();
    daemon.terminate();
    assertThat(daemon.exitStatus()).isZero();
    assertThat(daemon.err())
        .anyMatch(line -> line.contains("stopped"))
        .noneMatch(line -> line.contains("ERROR"));
  }
}
