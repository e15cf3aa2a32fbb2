package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.device.sound.ScriptedBackend.ScriptedStream;
import io.vhost4j.device.sound.TestQueue.Used;
import io.vhost4j.device.sound.wire.Status;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A37, A38, A44 to A53: messages of the tx and rx queues. */
class IoQueueTest {
  private final ScriptedBackend backend = ScriptedBackend.immediate();

  private static void assertFailed(Used used, long length) {
    assertThat(used.ioStatus()).isEqualTo(Status.IO_ERR.code());
    assertThat(used.length()).isEqualTo(length);
  }

  private static void assertOk(Used used, long length) {
    assertThat(used.ioStatus()).isEqualTo(Status.OK.code());
    assertThat(used.length()).isEqualTo(length);
  }

  @ParameterizedTest(name = "descriptors of {0} bytes")
  @ValueSource(ints = {1, 2, 3, 5, 7, 64, 333})
  void a11A44TheLayoutOfDescriptorsMakesNoDifference(int pieceBytes) throws Exception {
    PcmParameters threeBytes =
        new PcmParameters(SampleFormat.S24_3, SampleRate.HZ_48000, 2, 2400, 600);
    try (Rig rig = new Rig(backend)) {
      rig.started(0, threeBytes);
      byte[] played = Rig.audio(1, 600);
      rig.tx.send(Rig.message(0, played), 8, pieceBytes);
      assertOk(rig.tx.used.get(0), 8);
      assertThat(backend.last().played()).isEqualTo(played);

      rig.started(1, threeBytes);
      byte[] captured = Rig.audio(2, 600);
      rig.rx.send(Rig.le32(1), 608, pieceBytes);
      backend.last().capture(captured);
      rig.loop.settle();
      assertOk(rig.rx.used.get(0), 608);
      assertThat(rig.rx.used.get(0).writable()).startsWith(captured);
    }
  }

  @Test
  void a37OutputBeforeStartIsKeptAndNotPlayed() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.prepared(0, Rig.CD);
      byte[] audio = Rig.audio(1, 1024);
      rig.play(0, audio);
      rig.loop.settle();
      assertThat(backend.last().calls()).isZero();
      assertThat(rig.tx.used).isEmpty();
      rig.start(0);
      assertThat(backend.last().played()).isEqualTo(audio);
      assertOk(rig.tx.used.get(0), 8);
    }
  }

  @Test
  void a37ABufferWhoseKickComesAfterStartIsThereAtStart() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.prepared(0, Rig.CD);
      rig.tx.add(Rig.message(0, Rig.audio(1, 1024)), 8, 4096);
      rig.start(0);
      assertThat(rig.tx.used).hasSize(1);
    }
  }

  @Test
  void a38InputBuffersBeforeStartAreFilledAfterIt() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.prepared(1, Rig.CD);
      rig.record(1, 1024);
      backend.last().capture(Rig.audio(1, 1024));
      rig.loop.settle();
      assertThat(rig.rx.used).isEmpty();
      rig.start(1);
      assertOk(rig.rx.used.get(0), 1032);
    }
  }

  /** What the driver has not got back it adds itself. */
  @Test
  void a46TheLatencyOfOutputBeginsBehindTheBufferThatIsBack() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      ScriptedStream host = backend.last();
      host.keepPending();
      for (int i = 0; i < 4; i++) {
        rig.play(0, Rig.audio(i, 1024));
      }
      host.latency(3 * 1024 + 520);
      host.consume(1024);
      rig.loop.settle();
      assertThat(rig.tx.used.get(0).latency()).isEqualTo(520);
      host.latency(2 * 1024 + 120); // of the third buffer 400 bytes are gone, too
      host.consume(1024 + 400);
      rig.loop.settle();
      assertThat(rig.tx.used.get(1).latency()).isEqualTo(120);
      host.latency(0);
      host.consume(1024);
      rig.loop.settle();
      assertThat(rig.tx.used.get(2).latency()).as("never less than nothing").isZero();
    }
  }

  @Test
  void a46TheLatencyOfOutputThatIsTakenWhenItIsHeardIsAllOfTheHosts() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      backend.last().latency(12_345);
      rig.play(0, Rig.audio(1, 1024));
      rig.play(0, Rig.audio(2, 1024));
      assertThat(rig.tx.used.get(1).latency()).isEqualTo(12_345);
    }
  }

  /** The age of the sample that follows the buffer: the driver adds what it has not read yet. */
  @Test
  void a46TheLatencyOfInputIsAllOfTheHosts() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(1, Rig.CD);
      backend.last().latency(777);
      rig.record(1, 1024);
      rig.record(1, 1024);
      backend.last().capture(Rig.audio(1, 1024));
      rig.loop.settle();
      assertThat(rig.rx.used.get(0).latency()).isEqualTo(777);
    }
  }

  @Test
  void a47OutputIsReturnedWhenItsLastByteWasConsumed() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      ScriptedStream host = backend.last();
      host.keepPending();
      rig.play(0, Rig.audio(1, 1024));
      rig.play(0, Rig.audio(2, 512));
      assertThat(host.played()).hasSize(1536);
      assertThat(rig.tx.used).isEmpty();
      host.consume(1020);
      rig.loop.settle();
      assertThat(rig.tx.used).isEmpty();
      host.consume(4);
      rig.loop.settle();
      assertThat(rig.tx.used).hasSize(1);
      host.consume(511);
      rig.loop.settle();
      assertThat(rig.tx.used).hasSize(1);
      host.consume(1);
      rig.loop.settle();
      assertThat(rig.tx.used).hasSize(2);
    }
  }

  @Test
  void a47TheEndOfABufferInTheHostsRingIsLookedForInTime() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      ScriptedStream host = backend.last();
      host.keepPending();
      rig.play(0, Rig.audio(1, 1024));
      assertThat(rig.loop.isTimerArmed()).isTrue();
      host.consumeSilently(1024);
      rig.loop.advance(Rig.CD.nanosOf(1024) - 1);
      assertThat(rig.tx.used).isEmpty();
      rig.loop.advance(1);
      assertThat(rig.tx.used).hasSize(1);
    }
  }

  @Test
  void a48InputIsReturnedWhenItIsFull() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(1, Rig.CD);
      rig.record(1, 1024);
      backend.last().capture(Rig.audio(1, 1020));
      rig.loop.settle();
      assertThat(rig.rx.used).isEmpty();
      backend.last().capture(Rig.audio(2, 4));
      rig.loop.settle();
      assertOk(rig.rx.used.get(0), 1032);
    }
  }

  @Test
  void a48A49InputCutShortByReleaseHasItsStatusAtTheEnd() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(1, Rig.CD);
      rig.record(1, 1024);
      rig.record(1, 1024);
      byte[] captured = Rig.audio(1, 100);
      backend.last().capture(captured);
      rig.loop.settle();
      rig.stop(1);
      rig.release(1);
      assertOk(rig.rx.used.get(0), 108);
      assertThat(rig.rx.used.get(0).writable()).startsWith(captured);
      assertOk(rig.rx.used.get(1), 8);
    }
  }

  @ParameterizedTest(name = "{0} bytes")
  @ValueSource(ints = {4, 12, 1020, 4096, 60_000})
  void a50AnyWholeNumberOfFramesIsAccepted(int bytes) throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      byte[] audio = Rig.audio(bytes, bytes);
      rig.play(0, audio);
      assertOk(rig.tx.used.get(0), 8);
      assertThat(backend.last().played()).isEqualTo(audio);
    }
  }

  @Test
  void a50NoDataIsFine() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.prepared(0, Rig.CD);
      rig.prepared(1, Rig.CD);
      rig.play(0, new byte[0]);
      rig.record(1, 0);
      assertOk(rig.tx.used.get(0), 8);
      assertOk(rig.rx.used.get(0), 8);
    }
  }

  @ParameterizedTest(name = "{0} bytes")
  @ValueSource(ints = {1, 2, 3, 5, 1023})
  void aPartOfAFrameIsAnError(int bytes) throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.prepared(0, Rig.CD);
      rig.prepared(1, Rig.CD);
      rig.play(0, new byte[bytes]);
      rig.record(1, bytes);
      assertFailed(rig.tx.used.get(0), 8);
      assertFailed(rig.rx.used.get(0), 8);
    }
  }

  @Test
  void a51MisplacedDataIsAnErrorWithTheStatusAtTheEnd() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      rig.started(1, Rig.CD);
      rig.tx.send(Rig.message(0, Rig.audio(1, 1024)), 1032);
      rig.rx.send(Rig.message(1, Rig.audio(1, 1024)), 1032);
      assertFailed(rig.tx.used.get(0), 8);
      assertFailed(rig.rx.used.get(0), 8);
      assertThat(Arrays.copyOf(rig.tx.used.get(0).writable(), 1024)).containsOnly(0);
      assertThat(backend.last().calls()).isZero();
    }
  }

  @ParameterizedTest(name = "{0} writable bytes")
  @ValueSource(ints = {0, 1, 7})
  void a51WithoutRoomForAStatusTheBufferIsReturnedUntouched(int room) throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      rig.started(1, Rig.CD);
      rig.tx.send(Rig.message(0, Rig.audio(1, 1024)), room);
      rig.rx.send(Rig.le32(1), room);
      for (TestQueue queue : List.of(rig.tx, rig.rx)) {
        assertThat(queue.used.get(0).length()).isZero();
        assertThat(queue.used.get(0).writable()).isEqualTo(new byte[room]);
      }
      assertThat(backend.opened.get(0).played()).isEmpty();
    }
  }

  @ParameterizedTest(name = "stream {0}")
  @ValueSource(ints = {1, 2, 100, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
  void a52AWrongStreamOnTxIsAnErrorAtOnce(int stream) throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      rig.started(1, Rig.CD);
      rig.play(stream, Rig.audio(1, 1024));
      assertFailed(rig.tx.used.get(0), 8);
    }
  }

  @ParameterizedTest(name = "stream {0}")
  @ValueSource(ints = {0, 2, -1})
  void a52AWrongStreamOnRxIsAnErrorAtOnce(int stream) throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      rig.started(1, Rig.CD);
      rig.record(stream, 1024);
      assertFailed(rig.rx.used.get(0), 8);
      assertThat(Arrays.copyOf(rig.rx.used.get(0).writable(), 1024)).containsOnly(0);
    }
  }

  @ParameterizedTest(name = "{0} readable bytes")
  @ValueSource(ints = {0, 1, 3})
  void a52AHeaderThatIsTooShortIsAnErrorAtOnce(int length) throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      rig.tx.send(new byte[length], 8);
      rig.rx.send(new byte[length], 8);
      assertFailed(rig.tx.used.get(0), 8);
      assertFailed(rig.rx.used.get(0), 8);
    }
  }

  @Test
  void a52AStreamThatIsNotPreparedTakesNothing() throws Exception {
    try (Rig rig = new Rig(backend)) {
      List<Integer> expected = new ArrayList<>();
      expected.add(rig.play(0, Rig.audio(1, 1024)));
      rig.setParams(0, Rig.CD);
      expected.add(rig.play(0, Rig.audio(1, 1024)));
      rig.prepare(0);
      rig.release(0);
      expected.add(rig.play(0, Rig.audio(1, 1024)));
      assertThat(Rig.heads(rig.tx)).isEqualTo(expected);
      assertThat(rig.tx.used).allSatisfy(used -> assertFailed(used, 8));
    }
  }

  @Test
  void a53MessagesOfAStreamReturnInTheirOrderEvenIfSomeAreBad() throws Exception {
    backend.initialRoom = 0;
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      List<Integer> sent = new ArrayList<>();
      for (int bytes : new int[] {1024, 3, 0, 512, 0, 1023}) {
        sent.add(rig.play(0, Rig.audio(bytes, bytes)));
      }
      assertThat(rig.tx.used).isEmpty();
      backend.last().makeRoom(1024);
      rig.loop.settle();
      assertThat(Rig.heads(rig.tx)).isEqualTo(sent.subList(0, 3));
      backend.last().makeRoom(512);
      rig.loop.settle();
      assertThat(Rig.heads(rig.tx)).isEqualTo(sent);
      assertThat(rig.tx.used.stream().map(Used::ioStatus))
          .containsExactly(0x8000, 0x8003, 0x8000, 0x8000, 0x8000, 0x8003);
    }
  }

  @Test
  void a53StreamsDoNotWaitForEachOther() throws Exception {
    SoundDeviceConfig config =
        SoundDeviceConfig.builder().stream(new StreamConfig(Direction.OUTPUT)).stream(
                new StreamConfig(Direction.OUTPUT))
            .build();
    try (Rig rig = new Rig(config, backend)) {
      backend.initialRoom = 0;
      rig.started(0, Rig.CD);
      backend.initialRoom = 1 << 20;
      rig.started(1, Rig.CD);
      rig.play(0, Rig.audio(1, 1024));
      int second = rig.play(1, Rig.audio(2, 1024));
      assertThat(Rig.heads(rig.tx)).containsExactly(second);
    }
  }

  @Test
  void theDriverIsNotifiedOnceForABatch() throws Exception {
    backend.initialRoom = 0;
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      for (int i = 0; i < 8; i++) {
        rig.play(0, Rig.audio(i, 1024));
      }
      int before = rig.tx.notifications();
      backend.last().makeRoom(8 * 1024);
      rig.loop.settle();
      assertThat(rig.tx.used).hasSize(8);
      assertThat(rig.tx.notifications()).isEqualTo(before + 1);
    }
  }

  @Test
  void aHugeBufferIsMovedInPartsSoThatTheLoopGoesOn() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      int bytes = 5 * Transfer.BYTES_PER_TURN;
      byte[] audio = Rig.audio(1, bytes);
      rig.play(0, audio);
      assertThat(backend.last().played()).hasSize(Transfer.BYTES_PER_TURN);
      rig.loop.settle();
      assertThat(backend.last().played()).isEqualTo(audio);
      assertThat(rig.tx.used).hasSize(1);
    }
  }
}
