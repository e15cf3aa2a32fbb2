package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.Pacing;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.audio.StreamClock;
import io.vhost4j.audio.none.NullBackend;
import io.vhost4j.audio.none.NullStream;
import io.vhost4j.device.sound.ScriptedBackend.ScriptedStream;
import io.vhost4j.device.sound.TestQueue.Used;
import io.vhost4j.device.sound.wire.Status;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * C18, C19: the frontend stops the rings and starts them again where they were, as QEMU does for a
 * pause. The guest notices nothing of it.
 */
class PauseTest {
  private static void stop(Rig rig, TestQueue queue) {
    Future<Void> stopped = queue.stop();
    rig.loop.await(stopped::isComplete);
    assertThat(stopped.succeeded()).isTrue();
  }

  private static List<Integer> statuses(TestQueue queue) {
    return queue.used.stream().map(Used::ioStatus).toList();
  }

  @ParameterizedTest(name = "on the loop: {0}")
  @ValueSource(booleans = {true, false})
  void outputGoesOnInTheMiddleOfABuffer(boolean immediate) throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(immediate);
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      ScriptedStream host = backend.last();
      host.keepPending();
      host.makeRoom(2500); // two buffers and a part of the third
      byte[] audio = Rig.audio(1, 4096);
      List<Integer> heads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        heads.add(rig.play(0, Arrays.copyOfRange(audio, 1024 * i, 1024 * (i + 1))));
      }
      rig.loop.await(() -> host.played().length == 2500);
      host.consume(1024);
      rig.loop.await(() -> rig.tx.used.size() == 1);

      for (int pause = 1; pause <= 3; pause++) {
        stop(rig, rig.tx);
        assertThat(host.isRunning()).as("the host rests").isFalse();
        assertThat(rig.tx.used).as("what the host still has is not done").hasSize(1);
        assertThat(rig.tx.leftInRing).isEqualTo(3 * pause);
        rig.tx.start();
        rig.loop.await(host::isRunning);
      }
      host.consume(1023);
      rig.loop.settle();
      assertThat(rig.tx.used).as("one byte of the second is still to be heard").hasSize(1);
      host.consume(1);
      rig.loop.await(() -> rig.tx.used.size() == 2);
      host.makeRoom(4096);
      rig.loop.await(() -> host.played().length == 4096);
      host.consume(2047);
      rig.loop.await(() -> rig.tx.used.size() == 3);
      host.consume(1);
      rig.loop.await(() -> rig.tx.used.size() == 4);
      assertThat(host.played()).isEqualTo(audio);
      assertThat(Rig.heads(rig.tx)).isEqualTo(heads);
      assertThat(statuses(rig.tx)).containsOnly(Status.OK.code());
      assertThat(rig.stop(0)).as("it was started all the time").isEqualTo(Status.OK);
    }
  }

  @ParameterizedTest(name = "on the loop: {0}")
  @ValueSource(booleans = {true, false})
  void inputGoesOnInTheMiddleOfABuffer(boolean immediate) throws Exception {
    ScriptedBackend backend = new ScriptedBackend(immediate);
    try (Rig rig = new Rig(backend)) {
      rig.started(1, Rig.CD);
      ScriptedStream host = backend.last();
      byte[] audio = Rig.audio(1, 3072);
      List<Integer> heads = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        heads.add(rig.record(1, 1024));
      }
      host.capture(Arrays.copyOf(audio, 1500));
      rig.loop.await(() -> rig.rx.used.size() == 1);

      stop(rig, rig.rx);
      assertThat(rig.rx.used).hasSize(1);
      assertThat(rig.rx.leftInRing).isEqualTo(2);
      rig.rx.start();
      host.capture(Arrays.copyOfRange(audio, 1500, 3072));
      rig.loop.await(() -> rig.rx.used.size() == 3);
      assertThat(Rig.heads(rig.rx)).isEqualTo(heads);
      byte[] captured = new byte[0];
      for (Used used : rig.rx.used) {
        assertThat(used.length()).isEqualTo(1024 + 8);
        captured = Rig.concat(captured, Arrays.copyOf(used.writable(), 1024));
      }
      assertThat(captured).isEqualTo(audio);
      assertThat(statuses(rig.rx)).containsOnly(Status.OK.code());
    }
  }

  @ParameterizedTest(name = "on the loop: {0}")
  @ValueSource(booleans = {true, false})
  void theRingMayStopAgainBeforeAllBuffersWereTakenAgain(boolean immediate) throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(immediate);
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      ScriptedStream host = backend.last();
      host.keepPending();
      host.makeRoom(2500);
      byte[] audio = Rig.audio(1, 4096);
      for (int i = 0; i < 4; i++) {
        rig.play(0, Arrays.copyOfRange(audio, 1024 * i, 1024 * (i + 1)));
      }
      rig.loop.await(() -> host.played().length == 2500);
      for (int takes = 0; takes < 4; takes++) {
        stop(rig, rig.tx);
        rig.tx.takesAtMost = takes;
        rig.tx.start();
        rig.loop.await(host::isRunning);
      }
      stop(rig, rig.tx);
      rig.tx.takesAtMost = Integer.MAX_VALUE;
      rig.tx.start();
      host.makeRoom(4096);
      rig.loop.await(() -> host.played().length == 4096);
      assertThat(host.played()).isEqualTo(audio);
      assertThat(rig.tx.used).isEmpty();
      host.consume(4095);
      rig.loop.await(() -> rig.tx.used.size() == 3);
      host.consume(1);
      rig.loop.await(() -> rig.tx.used.size() == 4);
    }
  }

  /** Streams in real time by a clock of the test's. */
  private record PacedBackend(LongSupplier nanoTime) implements AudioBackend {
    @Override
    public StreamCapabilities capabilities(Direction direction) {
      return NullBackend.CAPABILITIES;
    }

    @Override
    public boolean isImmediate() {
      return true;
    }

    @Override
    public AudioStream open(
        int streamId, Direction direction, PcmParameters parameters, Runnable wake) {
      return new NullStream(
          parameters.format(), new StreamClock(direction, parameters, Pacing.REALTIME, nanoTime));
    }

    @Override
    public void close() {}
  }

  @Test
  void timeStandsStillAndNobodyIsLate() throws Exception {
    ManualLoop[] loop = new ManualLoop[1];
    long period = 1024 / 4 * 1_000_000_000L / 48_000;
    try (Rig rig = new Rig(new PacedBackend(() -> loop[0].nanoTime()))) {
      loop[0] = rig.loop;
      rig.started(0, Rig.CD);
      for (int i = 0; i < 4; i++) {
        rig.play(0, Rig.audio(i, 1024));
      }
      rig.loop.advance(period * 3 / 2);
      assertThat(rig.tx.used).hasSize(1);
      stop(rig, rig.tx);
      rig.loop.advance(3_600_000_000_000L);
      assertThat(rig.loop.isTimerArmed()).isFalse();
      rig.tx.start();
      rig.loop.advance(period / 4);
      assertThat(rig.tx.used).hasSize(1);
      rig.loop.advance(period / 2);
      assertThat(rig.tx.used).hasSize(2);
      rig.loop.advance(2 * period);
      assertThat(rig.tx.used).hasSize(4);
      assertThat(rig.device.streams().get(0).counters().xruns()).isZero();
    }
  }

  @ParameterizedTest(name = "on the loop: {0}")
  @ValueSource(booleans = {true, false})
  void whatIsBehindABufferThatIsBackStaysAndWhatIsBeforeItFails(boolean immediate)
      throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(immediate);
    try (Rig rig = new Rig(Rig.TWO_OUTPUTS, backend)) {
      rig.started(0, Rig.CD);
      ScriptedStream first = backend.last();
      first.keepPending();
      first.makeRoom(1024 + 512);
      rig.started(1, Rig.CD);
      ScriptedStream second = backend.last();
      second.makeRoom(1024);
      byte[] audio = Rig.audio(1, 4096);
      int heard = rig.play(0, Arrays.copyOfRange(audio, 0, 1024));
      int inPart = rig.play(0, Arrays.copyOfRange(audio, 1024, 2048));
      int back = rig.play(1, Rig.audio(2, 1024));
      rig.play(0, Arrays.copyOfRange(audio, 2048, 3072));
      rig.play(1, Rig.audio(3, 1024));
      rig.play(0, Arrays.copyOfRange(audio, 3072, 4096));
      rig.loop.await(() -> rig.tx.used.size() == 1 && first.played().length == 1536);

      stop(rig, rig.tx);
      assertThat(Rig.heads(rig.tx)).containsExactly(back, heard, inPart);
      assertThat(statuses(rig.tx))
          .as("the host has all of the first, not all of the second")
          .containsExactly(Status.OK.code(), Status.OK.code(), Status.IO_ERR.code());
      assertThat(rig.tx.leftInRing).isEqualTo(3);

      rig.tx.start();
      first.makeRoom(4096);
      second.makeRoom(4096);
      rig.loop.await(() -> second.played().length == 2048 && first.played().length == 3584);
      assertThat(first.played())
          .isEqualTo(
              Rig.concat(
                  Arrays.copyOfRange(audio, 0, 1536), Arrays.copyOfRange(audio, 2048, 4096)));
      rig.loop.await(() -> rig.tx.used.size() == 4);
      first.consume(1536 + 1024);
      rig.loop.await(() -> rig.tx.used.size() == 5);
      first.consume(1024);
      rig.loop.await(() -> rig.tx.used.size() == 6);
      assertThat(statuses(rig.tx).subList(3, 6)).containsOnly(Status.OK.code());
    }
  }

  @Test
  void aHostThatIsLostMeanwhilePlaysTheBuffersInTheRingFromTheirStart() throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(true);
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      ScriptedStream lost = backend.last();
      lost.keepPending();
      lost.makeRoom(1500);
      byte[] audio = Rig.audio(1, 2048);
      rig.play(0, Arrays.copyOf(audio, 1024));
      rig.play(0, Arrays.copyOfRange(audio, 1024, 2048));
      rig.loop.advance(2_000_000_000L); // what has been open for so long is opened again at once
      stop(rig, rig.tx);
      lost.failStart("gone");
      backend.initialRoom = 4096;
      rig.tx.start();
      rig.loop.advance(2_000_000_000L);
      assertThat(backend.last()).isNotSameAs(lost);
      assertThat(backend.last().played()).isEqualTo(audio);
      assertThat(statuses(rig.tx)).containsExactly(Status.OK.code(), Status.OK.code());
    }
  }

  @Test
  void anOutageDoesNotMakeUpForThePause() throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(true);
    long second = 1_000_000_000L;
    long period = Rig.CD.nanosOf(1024);
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      backend.refusal = "gone";
      backend.last().fail("unplugged");
      for (int i = 0; i < 4; i++) {
        rig.play(0, Rig.audio(i, 1024));
      }
      int lost = rig.tx.used.size();
      rig.loop.advance(period / 2);
      stop(rig, rig.tx);
      rig.loop.advance(3600 * second);
      rig.tx.start();
      rig.loop.advance(period / 2);
      assertThat(rig.tx.used).hasSize(lost);
      rig.loop.advance(period);
      assertThat(rig.tx.used).hasSize(lost + 1);
    }
  }

  @Test
  void releaseForgetsWhatWasPlayedOfBuffersInTheRing() throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(true);
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      backend.last().makeRoom(512);
      byte[] audio = Rig.audio(1, 1024);
      rig.play(0, audio);
      stop(rig, rig.tx);
      rig.stop(0);
      rig.release(0);
      rig.started(0, Rig.CD);
      backend.last().makeRoom(1024);
      rig.tx.start();
      assertThat(backend.last().played()).as("from its start").isEqualTo(audio);
    }
  }

  @Test
  void aResetForgetsWhatWasInTheRing() throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(true);
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      backend.last().makeRoom(512);
      rig.play(0, Rig.audio(1, 1024));
      rig.stopAndReset();
      for (TestQueue queue : rig.queues()) {
        queue.start();
      }
      rig.started(0, Rig.CD);
      backend.last().makeRoom(1024);
      byte[] audio = Rig.audio(2, 1024);
      rig.play(0, audio);
      assertThat(backend.last().played()).isEqualTo(audio);
      assertThat(statuses(rig.tx)).containsExactly(Status.OK.code());
    }
  }
}
