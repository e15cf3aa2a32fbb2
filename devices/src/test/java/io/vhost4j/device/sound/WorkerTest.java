package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vhost4j.audio.Direction;
import io.vhost4j.device.sound.TestQueue.Used;
import io.vhost4j.device.sound.wire.RequestCode;
import io.vhost4j.device.sound.wire.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Streams whose backend may wait: nothing else waits with them. */
class WorkerTest {
  private static final SoundDeviceConfig TWO_OUTPUTS =
      SoundDeviceConfig.builder().name("two").stream(new StreamConfig(Direction.OUTPUT)).stream(
              new StreamConfig(Direction.OUTPUT))
          .build();

  private final ScriptedBackend backend = ScriptedBackend.onWorkers();

  private static List<Thread> workers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("two-"))
        .toList();
  }

  /** A15. */
  @Test
  void aSlowPrepareDelaysNeitherQueriesNorOtherStreams() throws Exception {
    try (Rig rig = new Rig(TWO_OUTPUTS, backend)) {
      rig.setParams(0, Rig.CD);
      rig.setParams(1, Rig.CD);
      backend.holdOpen();
      int slow = rig.control.send(Rig.item(RequestCode.PCM_PREPARE, 0), 4);
      backend.awaitOpening();
      backend.letOthersOpen();
      assertThat(rig.request(Rig.query(RequestCode.PCM_INFO, 0, 1, 32), 36).status())
          .isEqualTo(Status.OK.code());
      assertThat(rig.prepare(1)).isEqualTo(Status.OK);
      assertThat(Rig.heads(rig.control).subList(2, 4)).doesNotContain(slow);
      backend.letOpen();
      rig.loop.await(() -> rig.control.used.size() == 5);
      assertThat(rig.control.used.get(4).status()).isEqualTo(Status.OK.code());
    }
  }

  @Test
  void commandsOfOneStreamKeepTheirOrder() throws Exception {
    try (Rig rig = new Rig(TWO_OUTPUTS, backend)) {
      rig.setParams(0, Rig.CD);
      backend.holdOpen();
      List<Integer> sent =
          List.of(
              rig.control.send(Rig.item(RequestCode.PCM_PREPARE, 0), 4),
              rig.control.send(Rig.item(RequestCode.PCM_START, 0), 4),
              rig.control.send(Rig.item(RequestCode.PCM_RELEASE, 0), 4), // not after START
              rig.control.send(Rig.item(RequestCode.PCM_STOP, 0), 4),
              rig.control.send(Rig.item(RequestCode.PCM_RELEASE, 0), 4),
              rig.control.send(Rig.setParams(0, Rig.CD, 0), 4));
      assertThat(rig.control.used).hasSize(1);
      backend.letOpen();
      rig.loop.await(() -> rig.control.used.size() == 7);
      List<Used> replies = rig.control.used.subList(1, 7);
      assertThat(replies.stream().map(Used::head)).isEqualTo(sent);
      assertThat(replies.stream().map(Used::status))
          .containsExactly(0x8000, 0x8000, 0x8001, 0x8000, 0x8000, 0x8000);
    }
  }

  @Test
  void aBufferThatComesWhileTheBackendWaitsIsNotForgotten() throws Exception {
    try (Rig rig = new Rig(TWO_OUTPUTS, backend)) {
      rig.started(0, Rig.CD);
      for (int i = 0; i < 20; i++) {
        backend.last().holdWrite();
        rig.play(0, Rig.audio(1, 1024));
        backend.last().awaitWriting();
        rig.play(0, Rig.audio(2, 1024));
        backend.last().letWrite();
        int expected = 2 * i + 2;
        rig.loop.await(() -> rig.tx.used.size() == expected);
      }
    }
  }

  @Test
  void aResetForgetsCommandsThatWait() throws Exception {
    try (Rig rig = new Rig(TWO_OUTPUTS, backend)) {
      rig.setParams(0, Rig.CD);
      backend.holdOpen();
      rig.control.send(Rig.item(RequestCode.PCM_PREPARE, 0), 4);
      rig.control.send(Rig.setParams(0, Rig.CD, 0), 4);
      backend.awaitOpening();
      for (TestQueue queue : rig.queues()) {
        assertThat(queue.stop().succeeded()).isTrue();
      }
      Future<Void> reset = rig.device.reset();
      backend.letOpen();
      rig.loop.await(reset::isComplete);
      rig.control.start();
      assertThat(rig.prepare(0)).as("initial").isEqualTo(Status.BAD_MSG);
    }
  }

  @Test
  void aResetEndsTheThreads() throws Exception {
    try (Rig rig = new Rig(TWO_OUTPUTS, backend)) {
      assertThat(workers()).isEmpty();
      rig.started(0, Rig.CD);
      rig.started(1, Rig.CD);
      List<Thread> workers = workers();
      assertThat(workers).hasSize(2).allMatch(Thread::isDaemon);
      rig.stopAndReset();
      for (Thread worker : workers) {
        worker.join(10_000);
      }
      assertThat(workers()).isEmpty();
    }
  }

  @Test
  void theFrontendGoesAwayWhileTheBackendIsOpening() throws Exception {
    try (Rig rig = new Rig(TWO_OUTPUTS, backend)) {
      rig.setParams(0, Rig.CD);
      backend.holdOpen();
      rig.control.send(Rig.item(RequestCode.PCM_PREPARE, 0), 4);
      backend.awaitOpening();
      List<Future<Void>> stops =
          Stream.of(rig.control, rig.tx, rig.rx, rig.event).map(TestQueue::stop).toList();
      assertThat(stops).as("nobody waits for the host").allMatch(Future::succeeded);
      Future<Void> reset = rig.device.reset();
      rig.loop.settle();
      assertThat(reset.isComplete()).as("the backend is still at work").isFalse();
      backend.letOpen();
      rig.loop.await(reset::isComplete);
      assertThat(backend.last().isOpen()).isFalse();
    }
  }

  @Test
  void theFrontendGoesAwayWhileTheBackendPlays() throws Exception {
    try (Rig rig = new Rig(TWO_OUTPUTS, backend)) {
      rig.started(0, Rig.CD);
      backend.last().holdWrite();
      List<Integer> heads = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        heads.add(rig.play(0, Rig.audio(i, 1024)));
      }
      backend.last().awaitWriting();
      Future<Void> stopped = rig.tx.stop();
      rig.loop.settle();
      assertThat(stopped.isComplete()).as("the worker reads guest memory").isFalse();
      backend.last().letWrite();
      rig.loop.await(stopped::isComplete);
      assertThat(stopped.succeeded()).isTrue();
      assertThat(Rig.heads(rig.tx)).isEqualTo(heads.subList(0, rig.tx.used.size()));
      assertThat(rig.tx.used.size() + rig.tx.leftInRing).isEqualTo(5);
    }
  }

  @Test
  void aStreamWithoutAThreadFailsAndCanBePreparedWhenThereAreThreadsAgain() throws Exception {
    try (Rig rig = new Rig(TWO_OUTPUTS, backend)) {
      rig.started(1, Rig.CD);
      rig.setParams(0, Rig.CD);
      rig.noThreads = true;
      assertThat(rig.prepare(0)).isEqualTo(Status.IO_ERR);
      assertThat(rig.prepare(0)).isEqualTo(Status.IO_ERR);
      rig.play(0, Rig.audio(1, 1024));
      assertThat(rig.tx.used).hasSize(1);
      assertThat(rig.tx.used.get(0).ioStatus()).isEqualTo(Status.IO_ERR.code());
      rig.play(1, Rig.audio(2, 1024));
      rig.loop.await(() -> rig.tx.used.size() == 2);
      assertThat(rig.tx.used.get(1).ioStatus()).as("others go on").isEqualTo(Status.OK.code());

      rig.noThreads = false;
      assertThat(rig.prepare(0)).isEqualTo(Status.OK);
      assertThat(rig.start(0)).isEqualTo(Status.OK);
      rig.play(0, Rig.audio(3, 1024));
      rig.loop.await(() -> rig.tx.used.size() == 3);
      assertThat(rig.tx.used.get(2).ioStatus()).isEqualTo(Status.OK.code());
    }
  }

  @Test
  void aRingThatStopsAndAResetNeedNoThread() throws Exception {
    try (Rig rig = new Rig(TWO_OUTPUTS, backend)) {
      rig.setParams(0, Rig.CD);
      rig.noThreads = true;
      assertThat(rig.prepare(0)).isEqualTo(Status.IO_ERR);
      assertThat(rig.tx.stop().succeeded()).isTrue();
      rig.tx.start();
      rig.stopAndReset();
      rig.control.start();
      assertThat(rig.prepare(0)).as("initial").isEqualTo(Status.BAD_MSG);
      rig.setParams(0, Rig.CD);
      rig.noThreads = false;
      assertThat(rig.prepare(0)).isEqualTo(Status.OK);
      rig.noThreads = true; // the device is closed without one
    }
    assertThat(backend.closed).isTrue();
  }
}
