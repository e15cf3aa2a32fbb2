package io.vhost4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.virtqueue.VirtqueueException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A ring that is empty whenever a buffer is to be taken, and is not when it is asked whether it is:
 * memory that its owner has truncated may read so, and a driver may write so.
 */
class RestlessRingTest {
  private static final int ENOUGH = 100 * EngineQueue.STEPS_PER_TURN;

  private boolean restless = true;
  private int looks;
  private final EngineRig rig =
      new EngineRig(
          new QueueHandler() {
            @Override
            public void available(DeviceQueue queue) throws VirtqueueException {
              rig().availIndex(0);
              assertThat(queue.next()).isNull();
              looks++;
              if (restless && looks < ENOUGH) {
                rig().availIndex(1);
              }
            }

            @Override
            public Future<Void> stop(DeviceQueue queue) {
              return Future.succeededFuture();
            }
          });

  RestlessRingTest() throws Exception {}

  private EngineRig rig() {
    return rig;
  }

  @BeforeEach
  void begin() throws Exception {
    rig.loop.run(rig::begin);
  }

  @AfterEach
  void close() throws Exception {
    restless = false;
    rig.close();
  }

  @Test
  void othersGetTheirTurn() throws Exception {
    rig.loop.run(
        () -> {
          Future<Void> started = rig.start();
          assertThat(started.succeeded()).isTrue();
          assertThat(looks).isBetween(2, EngineQueue.STEPS_PER_TURN);
          looks = 0;
          rig.queue().look();
          assertThat(looks).isBetween(2, EngineQueue.STEPS_PER_TURN);
          restless = false;
        });
  }
}
