package io.vhost4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vhost4j.vhostuser.backend.Logs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Vert.x closes and undeploys the queues while their session starts or stops them. */
class VertxClosesTest {
  private final Logs logs = new Logs();
  private final EngineRig rig = new EngineRig();

  VertxClosesTest() throws Exception {}

  @BeforeEach
  void begin() throws Exception {
    rig.loop.run(rig::begin);
  }

  @AfterEach
  void nobodyComplains() throws Exception {
    logs.close();
    assertThat(logs.complaints()).isEmpty();
    assertThat(rig.events).containsOnlyOnce("stop");
    rig.session.memory().release(); // nobody has closed the session
    rig.free();
  }

  /** A queue runs, and the device holds a buffer. */
  private void hold() throws Exception {
    EngineRig.await(rig.loop.call(rig::start));
    rig.holds = true;
    rig.loop.run(rig::send);
  }

  @Test
  void whileARingWaitsForItsBuffers() throws Exception {
    hold();
    Future<Integer> stopped = rig.loop.call(() -> rig.queue().stop());
    rig.loop.settle();
    Future<Void> closed = rig.loop.vertx.close();
    assertThat(closed.isComplete()).isFalse();
    rig.loop.run(rig::release);
    EngineRig.await(closed);
    assertThat(stopped.isComplete()).isTrue();
  }

  @Test
  void beforeARingIsStopped() throws Exception {
    hold();
    Future<Void> closed = rig.loop.vertx.close();
    Future<Integer> stopped = rig.loop.call(() -> rig.queue().stop());
    rig.loop.run(rig::release);
    EngineRig.await(closed);
    assertThat(stopped.isComplete()).isTrue();
  }

  @Test
  void whileARingStarts() throws Exception {
    Promise<Void> closed = Promise.promise();
    rig.inStarted = () -> rig.loop.vertx.close().onComplete(closed);
    Future<Void> started = rig.loop.call(rig::start);
    EngineRig.await(closed.future());
    assertThat(started.succeeded()).isTrue();
  }
}
