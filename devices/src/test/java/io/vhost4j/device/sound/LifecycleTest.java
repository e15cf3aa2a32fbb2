package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.device.sound.ScriptedBackend.ScriptedStream;
import io.vhost4j.device.sound.TestQueue.Used;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A35, A39 to A43, C18, C19: what commands, stops and resets do to buffers. */
class LifecycleTest {
  private static void playMany(Rig rig, int stream, int count) throws Exception {
    for (int i = 0; i < count; i++) {
      rig.play(stream, Rig.audio(i, 1024));
    }
  }

  @Test
  void a35ParametersSurviveRelease() throws Exception {
    ScriptedBackend backend = ScriptedBackend.immediate();
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      rig.stop(0);
      rig.release(0);
      assertThat(rig.prepare(0)).isEqualTo(Status.OK);
      assertThat(backend.openCount()).isEqualTo(2);
      assertThat(backend.last().parameters).isEqualTo(Rig.CD);
    }
  }

  @Test
  void a35SetParamsAfterPrepareMakesTheNextPrepareOpenAnew() throws Exception {
    ScriptedBackend backend = ScriptedBackend.immediate();
    PcmParameters mono = new PcmParameters(SampleFormat.S16, SampleRate.HZ_44100, 1, 400, 100);
    try (Rig rig = new Rig(backend)) {
      rig.prepared(0, Rig.CD);
      rig.play(0, Rig.audio(1, 1024));
      assertThat(rig.setParams(0, mono)).isEqualTo(Status.OK);
      assertThat(rig.tx.used).as("buffers of the former format").hasSize(1);
      assertThat(backend.last().isOpen()).isFalse();
      assertThat(rig.prepare(0)).isEqualTo(Status.OK);
      assertThat(backend.last().parameters).isEqualTo(mono);
    }
  }

  @Test
  void prepareTwiceKeepsWhatWasBuffered() throws Exception {
    ScriptedBackend backend = ScriptedBackend.immediate();
    try (Rig rig = new Rig(backend)) {
      rig.prepared(0, Rig.CD);
      byte[] audio = Rig.audio(1, 1024);
      rig.play(0, audio);
      assertThat(rig.prepare(0)).isEqualTo(Status.OK);
      rig.start(0);
      assertThat(backend.openCount()).isEqualTo(1);
      assertThat(backend.last().played()).isEqualTo(audio);
    }
  }

  @Test
  void a39StopKeepsBuffersAndStartGoesOnWithThem() throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(true);
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      byte[] audio = Rig.audio(1, 1024);
      rig.play(0, audio);
      ScriptedStream host = backend.last();
      host.makeRoom(100);
      rig.loop.settle();
      assertThat(rig.stop(0)).isEqualTo(Status.OK);
      host.makeRoom(10_000);
      rig.loop.settle();
      byte[] more = Rig.audio(2, 512);
      rig.play(0, more);
      assertThat(rig.tx.used).isEmpty();
      assertThat(host.played()).hasSize(100);
      assertThat(rig.start(0)).isEqualTo(Status.OK);
      assertThat(rig.tx.used).hasSize(2);
      assertThat(host.played()).isEqualTo(Rig.concat(audio, more));
      assertThat(host.log).containsExactly("start", "stop", "start");
    }
  }

  @ParameterizedTest(name = "on the loop: {0}")
  @ValueSource(booleans = {true, false})
  void a40A41ReleaseReturnsEveryBufferBeforeItsReply(boolean immediate) throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(immediate);
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      playMany(rig, 0, 20);
      rig.stop(0);
      // Seen by the driver at the moment when the reply is in the ring: all 20 came before.
      List<Integer> returnedAtReply = new ArrayList<>();
      rig.control.onComplete = () -> returnedAtReply.add(20 - rig.tx.inFlight());
      assertThat(rig.release(0)).isEqualTo(Status.OK);
      assertThat(returnedAtReply).containsExactly(20);
      assertThat(rig.tx.used).hasSize(20);
      assertThat(backend.last().isOpen()).isFalse();
    }
  }

  @Test
  void a40ReleaseReturnsBuffersWhoseKickWasNotSeenYet() throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(true);
    try (Rig rig = new Rig(backend)) {
      rig.prepared(0, Rig.CD);
      rig.tx.add(Rig.message(0, Rig.audio(1, 1024)), 8, 4096);
      assertThat(rig.release(0)).isEqualTo(Status.OK);
      assertThat(rig.tx.used.get(0).ioStatus()).isEqualTo(Status.OK.code());
    }
  }

  @Test
  void a40TheHostsRingIsDroppedAtRelease() throws Exception {
    ScriptedBackend backend = ScriptedBackend.immediate();
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      backend.last().keepPending();
      playMany(rig, 0, 3);
      rig.stop(0);
      assertThat(rig.tx.used).isEmpty();
      rig.release(0);
      assertThat(rig.tx.used).hasSize(3);
    }
  }

  @Test
  void a42ReleaseLeavesOtherStreamsAlone() throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(true);
    try (Rig rig = new Rig(Rig.TWO_OUTPUTS, backend)) {
      rig.started(0, Rig.CD);
      rig.started(1, Rig.CD);
      int first = rig.play(0, Rig.audio(1, 1024));
      int second = rig.play(1, Rig.audio(2, 1024));
      rig.stop(0);
      rig.release(0);
      assertThat(Rig.heads(rig.tx)).containsExactly(first);
      backend.last().makeRoom(1024);
      rig.loop.settle();
      assertThat(Rig.heads(rig.tx)).containsExactly(first, second);
    }
  }

  @Test
  void a42ReleaseOfAStreamNeverPreparedIsRefusedAtOnce() throws Exception {
    try (Rig rig = new Rig(ScriptedBackend.immediate())) {
      assertThat(rig.release(0)).isEqualTo(Status.BAD_MSG);
    }
  }

  @ParameterizedTest(name = "on the loop: {0}")
  @ValueSource(booleans = {true, false})
  void a43AfterAResetNothingIsLeft(boolean immediate) throws Exception {
    ScriptedBackend backend = ScriptedBackend.withoutRoom(immediate);
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      rig.started(1, Rig.CD);
      playMany(rig, 0, 5);
      rig.record(1, 1024);
      rig.stopAndReset();
      assertThat(rig.tx.used.size() + rig.tx.leftInRing).isEqualTo(5);
      assertThat(rig.rx.used.size() + rig.rx.leftInRing).isEqualTo(1);
      rig.tx.used.clear();
      assertThat(backend.opened).noneMatch(ScriptedStream::isOpen);
      assertThat(rig.loop.isTimerArmed()).isFalse();
      for (TestQueue queue : rig.queues()) {
        queue.start();
      }
      assertThat(rig.prepare(0)).as("initial again").isEqualTo(Status.BAD_MSG);
      backend.initialRoom = 1 << 20;
      rig.started(0, Rig.CD);
      byte[] audio = Rig.audio(9, 1024);
      rig.play(0, audio);
      rig.loop.await(() -> rig.tx.used.size() == 1);
      assertThat(backend.last().played()).isEqualTo(audio);
    }
  }

  @Test
  void c18AStoppedControlQueueGetsARequestBackThatIsUnderWay() throws Exception {
    ScriptedBackend backend = ScriptedBackend.onWorkers();
    try (Rig rig = new Rig(backend)) {
      rig.setParams(0, Rig.CD);
      backend.holdOpen();
      int head = rig.control.send(Rig.item(RequestCode.PCM_PREPARE, 0), 4);
      backend.awaitOpening();
      assertThat(rig.control.stop().succeeded()).isTrue();
      Used reply = rig.control.used.get(rig.control.used.size() - 1);
      assertThat(reply.head()).isEqualTo(head);
      assertThat(reply.status()).isEqualTo(Status.IO_ERR.code());
      backend.letOpen();
    }
  }
}
