package io.vhost4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.vhostuser.backend.Logs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A transport may stop a ring, or end the session, in the midst of what the engine tells it. */
class ReentrantTransportTest {
  private final Logs logs = new Logs();
  private final EngineRig rig = new EngineRig();

  ReentrantTransportTest() throws Exception {}

  /** What the transport does. */
  enum Action {
    STOPS {
      @Override
      void run(EngineRig rig) {
        rig.queue().stop();
      }
    },
    RESETS {
      @Override
      void run(EngineRig rig) {
        rig.session.reset();
      }
    },
    CLOSES {
      @Override
      void run(EngineRig rig) {
        rig.session.close();
      }
    },
    CLOSES_TWICE {
      @Override
      void run(EngineRig rig) {
        rig.session.close();
        rig.session.close();
      }
    };

    abstract void run(EngineRig rig);
  }

  @BeforeEach
  void begin() throws Exception {
    rig.loop.run(rig::begin);
  }

  @AfterEach
  void closeLogs() {
    logs.close();
  }

  /** The handler was not asked to stop in the midst of something else, and nothing is left. */
  private void assertEnds(int complaints) throws Exception {
    rig.loop.settle();
    assertThat(rig.queue().isRunning()).isFalse();
    assertThat(rig.loop.vertx.deploymentIDs()).isEmpty();
    rig.close();
    assertThat(rig.events).containsOnlyOnce("stop", "disconnected");
    assertThat(logs.complaints()).hasSize(complaints);
  }

  @ParameterizedTest
  @EnumSource
  void inTheTurnOfAQueue(Action action) throws Exception {
    EngineRig.await(rig.loop.call(rig::start));
    rig.events.clear();
    rig.inNotifyDriver = () -> action.run(rig);
    int head = rig.loop.call(rig::send);
    rig.loop.settle();
    assertThat(rig.events).startsWith("turn ends", "stop");
    assertThat(rig.driver.poll()).isEqualTo(head);
    assertEnds(0);
  }

  @ParameterizedTest
  @EnumSource
  void inTheFirstTurn(Action action) throws Exception {
    rig.inNotifyDriver = () -> action.run(rig);
    int head =
        rig.loop.call(
            () -> {
              rig.setUp();
              int added = rig.add();
              rig.queue().start();
              return added;
            });
    rig.loop.settle();
    assertThat(rig.events).startsWith("started", "turn ends", "stop");
    assertThat(rig.driver.poll()).isEqualTo(head);
    assertEnds(0);
  }

  @ParameterizedTest
  @EnumSource
  void whenTheDeviceReturnsWhatItHeld(Action action) throws Exception {
    EngineRig.await(rig.loop.call(rig::start));
    rig.holds = true;
    int head = rig.loop.call(rig::send);
    rig.inNotifyDriver = () -> action.run(rig);
    rig.loop.run(rig::release);
    assertThat(rig.driver.poll()).isEqualTo(head);
    assertEnds(0);
  }

  @ParameterizedTest
  @EnumSource
  void whenARingIsBrokenAsItStarts(Action action) throws Exception {
    rig.inStarted =
        () -> {
          throw new IllegalStateException("meant to");
        };
    rig.inQueueBroken = () -> action.run(rig);
    EngineRig.await(rig.loop.call(rig::start));
    assertEnds(2); // the failure, and the ring that stops
  }

  @ParameterizedTest
  @EnumSource
  void whenTheDeviceFindsOutThatARingIsMalformed(Action action) throws Exception {
    EngineRig.await(rig.loop.call(rig::start));
    rig.events.clear();
    rig.inQueueBroken = () -> action.run(rig);
    rig.loop.run(rig::breakRing);
    rig.loop.run(rig::take);
    rig.loop.settle();
    assertThat(rig.events).startsWith("broken", "defect", "stop");
    assertEnds(1);
  }

  @ParameterizedTest
  @EnumSource
  void whenItIsToldToDisconnect(Action action) throws Exception {
    EngineRig.await(rig.loop.call(rig::start));
    rig.inDisconnect = () -> action.run(rig);
    rig.loop.run(() -> rig.session.fail("meant to"));
    assertEnds(0);
  }

  @Test
  void whenTheDeviceFailsAtTheConnection() throws Exception {
    EngineRig failing = new EngineRig();
    failing.inConnected =
        () -> {
          throw new IllegalStateException("meant to");
        };
    failing.inDisconnect = () -> failing.session.close();
    failing.loop.run(failing::begin);
    failing.loop.settle();
    assertThat(failing.events).last().isEqualTo("disconnected");
    failing.close();
    assertThat(failing.events).containsOnlyOnce("disconnected");
    rig.close();
  }
}
