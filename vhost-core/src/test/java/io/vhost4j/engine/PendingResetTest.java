package io.vhost4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A device that takes its time to reset, and a transport that does not wait for it (B6). */
class PendingResetTest {
  private final EngineRig rig = new EngineRig();
  private final Promise<Void> reset = Promise.promise();

  PendingResetTest() throws Exception {}

  /** The queue has served a buffer. */
  @BeforeEach
  void aQueueRuns() throws Exception {
    rig.loop.run(rig::begin);
    EngineRig.await(rig.loop.call(rig::start));
    rig.loop.run(rig::send);
    rig.events.clear();
    rig.resets = reset::future;
  }

  @AfterEach
  void close() throws Exception {
    reset.tryComplete();
    rig.close();
  }

  private Future<Void> beginReset() throws Exception {
    Future<Void> done = rig.loop.call(rig.session::reset);
    rig.loop.settle();
    assertThat(rig.events).containsExactly("stop", "reset");
    rig.events.clear();
    return done;
  }

  private void endReset(Future<Void> done) throws Exception {
    rig.resets = Future::succeededFuture;
    rig.loop.run(reset::complete);
    EngineRig.await(done);
  }

  @Test
  void aRingThatIsEnabledMeanwhileRunsBehindTheResetFromItsBeginning() throws Exception {
    Future<Void> done = beginReset();
    rig.loop.run(
        () -> {
          rig.queue().enable();
          rig.queue().look();
        });
    rig.loop.settle();
    assertThat(rig.events).isEmpty();
    endReset(done);
    rig.loop.settle();
    assertThat(rig.events).startsWith("started", "turn ends");
    assertThat(rig.engine.counters().get(0).buffers()).as("the first one again").isEqualTo(2);
  }

  private Future<Void> startAndEnable() throws Exception {
    return rig.loop.call(
        () -> {
          rig.queue().enable();
          return rig.queue().start();
        });
  }

  @Test
  void aRingThatIsStartedMeanwhileRunsBehindTheReset() throws Exception {
    EngineRig.await(rig.loop.call(() -> rig.queue().stop()));
    rig.events.clear();
    Future<Void> done = rig.loop.call(rig.session::reset);
    Future<Void> started = startAndEnable();
    rig.loop.settle();
    assertThat(rig.events).containsExactly("reset");
    assertThat(started.isComplete()).isFalse();
    endReset(done);
    EngineRig.await(started);
    assertThat(rig.events).startsWith("reset", "started");
  }

  @Test
  void aStartWaitsForTheResetThatIsAskedForLast() throws Exception {
    Future<Void> first = beginReset();
    Future<Void> started = rig.loop.call(() -> rig.queue().start());
    Promise<Void> second = Promise.promise();
    rig.resets = second::future;
    Future<Void> last = rig.loop.call(rig.session::reset);
    rig.loop.run(() -> rig.queue().enable());
    rig.loop.run(reset::complete);
    EngineRig.await(first);
    rig.loop.settle();
    assertThat(rig.events).containsExactly("reset");
    assertThat(started.isComplete()).isFalse();
    rig.loop.run(second::complete);
    EngineRig.await(last);
    EngineRig.await(started);
    assertThat(rig.events).startsWith("reset", "started");
  }

  @Test
  void whoStopsARingThatIsStillToStartHasItStopped() throws Exception {
    Future<Void> done = beginReset();
    Future<Void> started = rig.loop.call(() -> rig.queue().start());
    EngineRig.await(rig.loop.call(() -> rig.queue().stop()));
    endReset(done);
    assertThatThrownBy(() -> EngineRig.await(started))
        .hasCause(new RefusedException("queue 0 was stopped before it started"));
    assertThat(rig.events).isEmpty();
  }

  @Test
  void aRingDoesNotStartBeforeItsStopIsComplete() throws Exception {
    rig.loop.run(() -> rig.holds = true);
    rig.loop.run(rig::send);
    Future<Integer> stopped = rig.loop.call(() -> rig.queue().stop());
    Future<Void> started = rig.loop.call(() -> rig.queue().start());
    rig.loop.settle();
    assertThat(rig.events).containsExactly("turn ends", "stop");
    rig.loop.run(rig::release);
    assertThat(EngineRig.await(stopped)).isEqualTo(2);
    EngineRig.await(started);
    assertThat(rig.events).startsWith("turn ends", "stop", "started");
    assertThat(EngineRig.await(rig.loop.call(() -> rig.queue().stop()))).isEqualTo(2);
  }

  /** A buffer is held, and the ring is being disabled. */
  private Future<?> beginDisable() throws Exception {
    rig.loop.run(() -> rig.holds = true);
    rig.loop.run(rig::send);
    Future<?> disabled = rig.loop.call(() -> rig.queue().disable());
    rig.loop.settle();
    assertThat(rig.events).containsExactly("turn ends", "stop");
    assertThat(disabled.isComplete()).isFalse();
    rig.events.clear();
    rig.loop.run(() -> rig.holds = false);
    return disabled;
  }

  @Test
  void aRingThatIsEnabledWhileItIsBeingDisabledRunsWhenItsBuffersAreBack() throws Exception {
    Future<?> disabled = beginDisable();
    rig.loop.run(
        () -> {
          rig.queue().enable();
          rig.queue().look();
        });
    Future<?> again = rig.loop.call(() -> rig.queue().disable());
    rig.loop.run(() -> rig.queue().enable());
    Future<Void> started = rig.loop.call(() -> rig.queue().start());
    rig.loop.settle();
    assertThat(rig.events).isEmpty();
    rig.loop.run(rig::release);
    Object unused = EngineRig.await(disabled);
    unused = EngineRig.await(again);
    EngineRig.await(started);
    rig.loop.settle();
    assertThat(rig.events).startsWith("started", "turn ends").containsOnlyOnce("started");
    rig.loop.run(rig::send);
    assertThat(EngineRig.await(rig.loop.call(() -> rig.queue().stop()))).isEqualTo(3);
  }

  @Test
  void aRingThatIsStoppedWhileItIsBeingDisabledStaysStopped() throws Exception {
    Future<?> unused = beginDisable();
    Future<Integer> stopped = rig.loop.call(() -> rig.queue().stop());
    rig.loop.run(() -> rig.queue().enable());
    rig.loop.run(rig::release);
    assertThat(EngineRig.await(stopped)).isEqualTo(2);
    rig.loop.settle();
    assertThat(rig.events).isEmpty();
    rig.loop.run(() -> rig.queue().setBase(2));
    EngineRig.await(rig.loop.call(() -> rig.queue().start()));
    assertThat(rig.events).as("a pause").containsExactly("started", "turn ends");
  }

  @Test
  void aResetWaitsForARingThatIsBeingDisabled() throws Exception {
    Future<?> disabled = beginDisable();
    Future<Void> done = rig.loop.call(rig.session::reset);
    rig.loop.run(() -> rig.queue().enable());
    rig.loop.settle();
    assertThat(rig.events).isEmpty();
    rig.loop.run(rig::release);
    Object unused = EngineRig.await(disabled);
    rig.loop.settle();
    assertThat(rig.events).containsExactly("reset");
    endReset(done);
    rig.loop.settle();
    assertThat(rig.events)
        .as("from the beginning")
        .containsExactly("reset", "started", "turn ends");
    assertThat(rig.engine.counters().get(0).buffers()).isEqualTo(4);
  }

  @Test
  void whatWouldBeLostInTheResetIsRefused() throws Exception {
    Future<Void> done = beginReset();
    assertThatThrownBy(() -> rig.loop.run(() -> rig.queue().setBase(7)))
        .hasRootCauseMessage("the base of queue 0 cannot change in the middle of a reset");
    endReset(done);
    rig.loop.run(() -> rig.queue().setBase(7));
  }

  @Test
  void noRingStartsInASessionThatCloses() throws Exception {
    Future<Void> closed = rig.loop.call(rig.session::close);
    rig.loop.run(() -> rig.queue().enable());
    rig.loop.settle();
    endReset(closed);
    rig.loop.settle();
    assertThat(rig.events).containsExactly("stop", "reset", "disconnected");
  }
}
