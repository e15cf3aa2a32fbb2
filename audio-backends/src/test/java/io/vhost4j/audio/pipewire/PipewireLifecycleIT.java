package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import java.io.File;
import java.util.Arrays;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** PipeWire comes and goes, and so do streams. */
@Timeout(120)
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
class PipewireLifecycleIT {
  private static final int PERIOD_BYTES = 4 * PipewireSession.QUANTUM;

  private static final PcmParameters PARAMETERS =
      new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 4 * PERIOD_BYTES, PERIOD_BYTES);

  @Test
  void theProviderIsFoundByName() {
    assertThat(ServiceLoader.load(AudioBackendProvider.class))
        .extracting(AudioBackendProvider::name)
        .contains("pipewire");
  }

  @Test
  void withoutPipewireTheMessageSaysWhereItShouldBeAndWhatToDo() {
    assertThatThrownBy(
            () ->
                new PipewireBackendProvider()
                    .open(Map.of("pipewire-remote", "/nowhere/pipewire-0")))
        .isInstanceOf(AudioException.class)
        .hasMessage(
            "cannot connect to PipeWire at /nowhere/pipewire-0: there is no such socket;"
                + " is it running? start pipewire and wireplumber for this user,"
                + " or set XDG_RUNTIME_DIR to that of the user who runs them");
  }

  @Test
  void aGuestThatPlaysOnWhilePipewireIsRestartedIsHeardAgain() throws Exception {
    byte[] noise = Noise.bytes(PARAMETERS, 12 * 48000);
    try (PipewireSession session = new PipewireSession();
        AudioBackend backend = new PipewireBackendProvider().open(session.options(2))) {
      CompletableFuture<Long> xruns = Guest.inBackground(() -> play(backend, noise));
      try (Recording before = new Recording(session, "s16", 48000, 2)) {
        PipewireSession.pause(1000);
        assertIsPartOf(noise, Recording.trim(before.stop(), 4));
      }

      session.stopServer();
      PipewireSession.pause(500);
      session.startServer();

      try (Recording after = new Recording(session, "s16", 48000, 2)) {
        assertThat(xruns.get(60, TimeUnit.SECONDS)).isPositive();
        PipewireSession.pause(1000);
        byte[] heard = Recording.trim(after.stop(), 4);
        assertIsPartOf(noise, heard);
        assertThat(heard).endsWith(Arrays.copyOfRange(noise, noise.length - 4000, noise.length));
      }
    }
  }

  @Test
  void aNodeThatIsRemovedFromTheGraphComesBack() throws Exception {
    byte[] noise = Noise.bytes(PARAMETERS, 8 * 48000);
    try (PipewireSession session = new PipewireSession();
        AudioBackend backend = new PipewireBackendProvider().open(session.options(2))) {
      CompletableFuture<Long> xruns = Guest.inBackground(() -> play(backend, noise));
      PipewireSession.await("the node", () -> isPlaying(session));
      session.run("pw-cli", "destroy", "vhost4j.playback-0");
      PipewireSession.await("its end", () -> !isPlaying(session));
      PipewireSession.await("the node again", () -> isPlaying(session));
      try (Recording after = new Recording(session, "s16", 48000, 2)) {
        assertThat(xruns.get(60, TimeUnit.SECONDS)).isPositive();
        PipewireSession.pause(1000);
        assertIsPartOf(noise, Recording.trim(after.stop(), 4));
      }
    }
  }

  private static boolean isPlaying(PipewireSession session) {
    return session.run("pw-link", "-o").contains("vhost4j.playback-0:output_FR");
  }

  private static long play(AudioBackend backend, byte[] pcm) throws AudioException {
    try (Guest guest = new Guest(backend, Direction.OUTPUT, PARAMETERS)) {
      guest.play(pcm);
      return guest.stream.xruns();
    }
  }

  /** Checks that a second and more of the noise was heard, without a gap. */
  private static void assertIsPartOf(byte[] noise, byte[] heard) {
    assertThat(heard.length).isGreaterThan(PARAMETERS.bytesPerSecond() / 2);
    int at = 0;
    while (!Arrays.equals(noise, at, at + 64, heard, 0, 64)) {
      at += 4;
    }
    assertThat(Arrays.copyOfRange(noise, at, at + heard.length)).isEqualTo(heard);
  }

  @Test
  void aGuestThatStartsWhilePipewireIsAwayPlaysByTheClock() throws Exception {
    try (PipewireSession session = new PipewireSession();
        AudioBackend backend = new PipewireBackendProvider().open(session.options(2))) {
      session.stopServer();
      try (Guest output = new Guest(backend, Direction.OUTPUT, PARAMETERS);
          Guest input = new Guest(backend, Direction.INPUT, PARAMETERS)) {
        output.play(Noise.bytes(PARAMETERS, 48000));
        assertThat(output.stream.xruns()).isOne();
        assertThat(input.record(PARAMETERS.bytesPerSecond())).containsOnly(0);
        assertThat(input.stream.xruns()).isOne();
      }
    }
  }

  @Test
  void aStreamThatNobodyLinksPlaysByTheClock() throws Exception {
    try (PipewireSession session = new PipewireSession();
        AudioBackend backend = new PipewireBackendProvider().open(session.options(2))) {
      session.stopLinking();
      try (Guest guest = new Guest(backend, Direction.OUTPUT, PARAMETERS)) {
        guest.play(Noise.bytes(PARAMETERS, 48000));
        assertThat(guest.stream.xruns()).isOne();
      }
    }
  }

  @Test
  void fiftyBackendsLeaveNoThreadsAndNoDescriptors() throws Exception {
    try (PipewireSession session = new PipewireSession()) {
      openAndClose(session);
      int threads = count("/proc/self/task");
      int descriptors = count("/proc/self/fd");
      for (int i = 0; i < 50; i++) {
        openAndClose(session);
      }
      PipewireSession.await("the end of threads", () -> count("/proc/self/task") <= threads);
      assertThat(count("/proc/self/fd")).isLessThanOrEqualTo(descriptors);
    }
  }

  private static void openAndClose(PipewireSession session) throws AudioException {
    try (AudioBackend backend = new PipewireBackendProvider().open(session.options(2))) {
      Guest output = new Guest(backend, Direction.OUTPUT, PARAMETERS);
      Guest input = new Guest(backend, Direction.INPUT, PARAMETERS);
      output.stream.start();
      input.stream.start();
      output.close();
      input.close();
    }
  }

  private static int count(String directory) {
    String[] entries = new File(directory).list();
    return entries == null ? 0 : entries.length;
  }
}
