package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.DeviceLog;
import io.vhost4j.device.sound.ScriptedBackend.ScriptedStream;
import io.vhost4j.device.sound.TestQueue.Used;
import io.vhost4j.device.sound.wire.PcmFeature;
import io.vhost4j.device.sound.wire.Status;
import io.vhost4j.testkit.LogWatch;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A12 and A45: the host's audio fails, and comes back. */
class HostFailureTest {
  private static final long SECOND = 1_000_000_000L;

  private final ScriptedBackend backend = ScriptedBackend.immediate();

  private static List<Integer> statuses(TestQueue queue) {
    return queue.used.stream().map(Used::ioStatus).toList();
  }

  @Test
  void aRefusedPrepareChangesNothingAndCanBeTriedAgain() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.setParams(0, Rig.CD);
      backend.refusal = "no such device";
      assertThat(rig.prepare(0)).isEqualTo(Status.IO_ERR);
      assertThat(rig.start(0)).isEqualTo(Status.BAD_MSG);
      backend.refusal = null;
      assertThat(rig.prepare(0)).isEqualTo(Status.OK);
      assertThat(rig.start(0)).isEqualTo(Status.OK);
    }
  }

  @Test
  void aMissingLibraryIsARefusalToo() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.setParams(0, Rig.CD);
      backend.error = new UnsatisfiedLinkError("libsound.so");
      assertThat(rig.prepare(0)).isEqualTo(Status.IO_ERR);
      backend.error = null;
      assertThat(rig.prepare(0)).isEqualTo(Status.OK);
      assertThat(rig.loop.failures).isEmpty();
    }
  }

  /** A pause between two lines would be of no use if it ended with a reset. */
  @Test
  void aGuestThatResetsAgainAndAgainDoesNotFillTheLog() throws Exception {
    try (LogWatch log = new LogWatch();
        Rig rig = new Rig(backend)) {
      backend.error = new UnsatisfiedLinkError("libsound.so");
      for (int i = 0; i < 50; i++) {
        rig.setParams(0, Rig.CD);
        assertThat(rig.prepare(0)).isEqualTo(Status.IO_ERR);
        rig.stopAndReset();
        for (TestQueue queue : rig.queues()) {
          queue.start();
        }
      }
      assertThat(log.lines())
          .filteredOn(line -> line.contains("PREPARE failed"))
          .hasSize(DeviceLog.LINES);
      assertThat(log.stackTraces()).hasSize(1);
    }
  }

  @Test
  void aBackendThatBreaksInEachConnectionDoesNotFillTheLog() throws Exception {
    try (LogWatch log = new LogWatch();
        Rig rig = new Rig(backend)) {
      for (int i = 0; i < 50; i++) {
        rig.started(0, Rig.CD);
        backend.last().fail(new AssertionError("a bug of the backend"));
        rig.play(0, Rig.audio(i, 1024));
        rig.loop.settle();
        assertThat(rig.loop.failures).hasSize(i + 1);
        rig.disconnect();
        rig.connect();
        for (TestQueue queue : rig.queues()) {
          queue.start();
        }
      }
      assertThat(log.lines())
          .filteredOn(line -> line.contains("must not be"))
          .hasSize(DeviceLog.LINES);
      assertThat(log.stackTraces()).hasSize(1);
    }
  }

  @Test
  void theBufferThatWasBeingPlayedFailsAndTheRestAtItsTime() throws Exception {
    backend.initialRoom = 512;
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      for (int i = 0; i < 3; i++) {
        rig.play(0, Rig.audio(i, 1024));
      }
      backend.refusal = "gone";
      backend.last().fail("unplugged");
      rig.loop.settle();
      assertThat(statuses(rig.tx)).containsExactly(Status.IO_ERR.code());
      assertThat(backend.last().isOpen()).isFalse();

      long period = Rig.CD.nanosOf(1024);
      rig.loop.advance(period - 1);
      assertThat(rig.tx.used).hasSize(1);
      rig.loop.advance(1);
      assertThat(rig.tx.used).hasSize(2);
      rig.loop.advance(period);
      assertThat(rig.tx.used).hasSize(3);
      rig.loop.advance(period);
      rig.play(0, Rig.audio(9, 1024));
      assertThat(rig.tx.used).as("time has not passed for this one").hasSize(3);
      rig.loop.advance(period);
      assertThat(statuses(rig.tx)).hasSize(4).containsOnly(Status.IO_ERR.code());
    }
  }

  @Test
  void audioResumesWhenTheHostIsBack() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      rig.loop.advance(10 * SECOND);
      ScriptedStream first = backend.last();
      backend.refusal = "the server is restarting";
      first.fail("connection lost");
      rig.loop.settle();
      rig.play(0, Rig.audio(1, 4 * 48_000 * 5)); // five seconds
      rig.loop.advance(SECOND / 2);
      assertThat(backend.openCount()).isEqualTo(1);
      backend.refusal = null;
      rig.loop.advance(SECOND);
      assertThat(backend.openCount()).isEqualTo(2);
      assertThat(backend.last().played()).isEqualTo(Rig.audio(1, 4 * 48_000 * 5));
      assertThat(statuses(rig.tx)).containsExactly(Status.OK.code());
    }
  }

  @Test
  void aHostThatFailsAgainAndAgainIsTriedOnceASecond() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      backend.last().fail("broken");
      backend.failEveryStream = true;
      for (int i = 0; i < 10; i++) {
        rig.play(0, Rig.audio(i, 1024));
        rig.loop.advance(SECOND);
      }
      assertThat(backend.openCount()).isBetween(10, 12);
      assertThat(statuses(rig.tx)).hasSize(10).containsOnly(Status.IO_ERR.code());
    }
  }

  @Test
  void aLostStreamIsOpenedAgainAtStart() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      backend.refusal = "gone";
      backend.last().fail("unplugged");
      rig.play(0, Rig.audio(0, 1024));
      assertThat(rig.stop(0)).isEqualTo(Status.OK);
      assertThat(rig.start(0)).isEqualTo(Status.IO_ERR);
      backend.refusal = null;
      assertThat(rig.start(0)).isEqualTo(Status.OK);
      byte[] audio = Rig.audio(1, 1024);
      rig.play(0, audio);
      assertThat(backend.last().played()).endsWith(audio);
    }
  }

  @Test
  void aLostInputReturnsItsBufferWithAnErrorAndGoesOn() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(1, Rig.CD);
      rig.loop.advance(2 * SECOND);
      rig.record(1, 1024);
      rig.record(1, 1024);
      byte[] half = Rig.audio(1, 512);
      backend.last().capture(half);
      rig.loop.settle();
      backend.last().fail("unplugged");
      rig.loop.settle();
      assertThat(rig.rx.used.get(0).ioStatus()).isEqualTo(Status.IO_ERR.code());
      assertThat(rig.rx.used.get(0).length()).as("Linux passes over 8, whole").isEqualTo(8);
      assertThat(backend.openCount()).isEqualTo(2);
      backend.last().capture(Rig.audio(2, 1024));
      rig.loop.settle();
      assertThat(rig.rx.used.get(1).ioStatus()).isEqualTo(Status.OK.code());
    }
  }

  @Test
  void aLossIsAnXrunForTheGuest() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.event.send(new byte[0], 8);
      rig.request(Rig.setParams(0, Rig.CD, PcmFeature.EVT_XRUNS.mask()), 4);
      rig.prepare(0);
      rig.start(0);
      backend.last().fail("unplugged");
      rig.play(0, Rig.audio(0, 1024));
      rig.play(0, Rig.audio(1, 1024));
      rig.loop.settle();
      assertThat(rig.event.used).hasSize(1);
      assertThat(rig.event.used.get(0).word(0)).isEqualTo(0x1101);
    }
  }

  /** The guest gets its buffers back and goes on: there is nothing to be told of. */
  @Test
  void aLossThatIsOverAtOnceIsCountedAndNotTold() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.event.send(new byte[0], 8);
      rig.request(Rig.setParams(0, Rig.CD, PcmFeature.EVT_XRUNS.mask()), 4);
      rig.prepare(0);
      rig.loop.advance(2 * SECOND);
      rig.start(0);
      backend.last().fail("unplugged for a moment");
      rig.play(0, Rig.audio(0, 1024));
      rig.play(0, Rig.audio(1, 1024));
      rig.loop.settle();
      assertThat(backend.openCount()).isEqualTo(2);
      assertThat(rig.device.streams().get(0).counters().xruns()).isEqualTo(1);
      assertThat(rig.event.used).isEmpty();
    }
  }

  @Test
  void aBackendThatBreaksIsLikeOneThatFails() throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      backend.refusal = "gone";
      backend.last().fail(new IllegalStateException("a bug of the backend"));
      rig.play(0, Rig.audio(1, 1024));
      rig.loop.advance(SECOND);
      assertThat(statuses(rig.tx)).containsExactly(Status.IO_ERR.code());
      assertThat(rig.loop.failures).isEmpty();
      assertThat(rig.stop(0)).isEqualTo(Status.OK);
      assertThat(rig.release(0)).isEqualTo(Status.OK);
    }
  }

  @ParameterizedTest(name = "descriptors of {0} bytes")
  @ValueSource(ints = {3, 5000})
  void aBackendThatCutsFramesIsLikeOneThatFails(int pieceBytes) throws Exception {
    try (Rig rig = new Rig(backend)) {
      rig.started(0, Rig.CD);
      rig.started(1, Rig.CD);
      backend.opened.forEach(ScriptedStream::cutFrames);
      backend.refusal = "not again";
      backend.last().capture(Rig.audio(2, 1024));
      rig.tx.send(Rig.message(0, Rig.audio(1, 1024)), 8, pieceBytes);
      rig.rx.send(Rig.le32(1), 1032, pieceBytes);
      rig.loop.advance(SECOND);
      assertThat(statuses(rig.tx)).containsExactly(Status.IO_ERR.code());
      assertThat(statuses(rig.rx)).containsExactly(Status.IO_ERR.code());
    }
  }

  @ParameterizedTest(name = "on the loop: {0}")
  @ValueSource(booleans = {true, false})
  void memoryThatIsGoneEndsTheConnectionAndNothingElse(boolean immediate) throws Exception {
    ScriptedBackend host = ScriptedBackend.withoutRoom(immediate);
    try (Rig rig = new Rig(host)) {
      rig.started(0, Rig.CD);
      rig.started(1, Rig.CD);
      for (int i = 0; i < 4; i++) {
        rig.play(0, Rig.audio(i, 1024));
      }
      host.opened.get(0).fail(new InternalError("a fault occurred in an unsafe memory access"));
      rig.loop.await(() -> !rig.loop.failures.isEmpty());
      assertThat(rig.loop.failures).hasSize(1);
      assertThat(rig.loop.failures.get(0)).contains("stream 0").contains("memory");
      rig.loop.await(() -> rig.tx.used.size() == 4); // those, too, that the failure overtook
      rig.play(0, Rig.audio(4, 1024)); // nobody will look at this one again
      rig.loop.await(() -> rig.tx.used.size() == 5);
      assertThat(statuses(rig.tx)).containsOnly(Status.IO_ERR.code());
      rig.record(1, 1024);
      host.last().capture(Rig.audio(5, 1024));
      rig.loop.await(() -> rig.rx.used.size() == 1);
      rig.stopAndReset();
      for (TestQueue queue : rig.queues()) {
        queue.start();
      }
      host.initialRoom = 1 << 20;
      rig.started(0, Rig.CD);
      rig.play(0, Rig.audio(6, 1024));
      rig.loop.await(() -> rig.tx.used.size() == 6);
    }
  }
}
