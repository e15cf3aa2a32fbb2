package io.vhost4j.device.can;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.engine.DeviceEngine;
import io.vhost4j.engine.DeviceSession;
import io.vhost4j.engine.EngineQueue;
import io.vhost4j.engine.Polling;
import io.vhost4j.engine.Transport;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.testkit.Guest;
import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.RingFeatures;
import io.vhost4j.virtqueue.VirtqueueException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Frames that come and go allocate nothing: the device behind the engine, with a driver on the same
 * event loop that allocates nothing either. Each frame is confirmed and heard again.
 */
@Tag("jdk")
class CanAllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int STEPS = 40_000;
  private static final int BATCH = 4;
  private static final int RING_BYTES = 1 << 16;
  private static final long BUFFERS = 1 << 20;
  private static final long ROOM = BUFFERS + 4096;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final MemoryFile file = MemoryFile.create("lean", 4 << 20);
  private final GuestMemory memory = map();
  private final byte[] raw = Frames.tx("12345678##0" + "ab".repeat(64));
  private final CanDevice device = new CanDevice("can", new EchoBus(), 0);

  private int missing;
  private int steps;
  private long allocated;
  private final Promise<Long> end = Promise.promise();
  private Ring[] rings = {};

  CanAllocationTest() throws Exception {}

  private GuestMemory map() throws Exception {
    return GuestMemory.map(List.of(new MemoryRegion(0, file.size(), 0, 0)), file.fd());
  }

  @AfterEach
  void close() throws Exception {
    Guest.await(vertx.close());
    memory.release();
    file.close();
  }

  /** One queue of the driver: each buffer has the same memory. */
  private final class Ring {
    final EngineQueue queue;
    final DriverQueue driver;
    final long[] addresses;
    final int[] lengths;
    final int readable;

    Ring(DeviceSession session, int index, long[] addresses, int[] lengths, int readable)
        throws Exception {
      queue = session.queues().get(index);
      driver =
          DriverQueue.create(memory, (long) index * RING_BYTES, 64, 0, RingFeatures.EVENT_IDX, 0);
      this.addresses = addresses;
      this.lengths = lengths;
      this.readable = readable;
      queue.setSize(driver.size());
      queue.setAddresses(driver.addresses());
      queue.enable();
      queue.start();
    }

    void add(int count) {
      for (int i = 0; i < count; i++) {
        int unused = driver.add(addresses, lengths, readable, lengths.length - readable);
      }
      driver.publish();
      queue.look();
    }

    void collect() {
      try {
        do {
          while (driver.poll() >= 0) {
            missing--;
          }
        } while (driver.enableNotifications());
      } catch (VirtqueueException e) {
        end.tryFail(e);
      }
    }
  }

  /** The next frames, when all of the last ones are back. */
  private void next() {
    if (missing > 0) {
      return;
    }
    if (steps == STEPS) {
      end.tryComplete(THREADS.getCurrentThreadAllocatedBytes() - allocated);
      return;
    }
    if (++steps == STEPS / 2) {
      allocated = THREADS.getCurrentThreadAllocatedBytes();
    }
    missing = 2 * BATCH;
    rings[1].add(BATCH);
    rings[0].add(BATCH);
  }

  @Test
  void nothingForAFrame() throws Exception {
    DeviceEngine engine = DeviceEngine.create(vertx, device, Polling.never(), device::name);
    Context loop = engine.context();
    Transport transport =
        new Transport() {
          @Override
          public boolean notifyDriver(int queue) {
            if (rings.length > queue) {
              rings[queue].collect();
              next();
            }
            return true;
          }

          @Override
          public void queueBroken(int queue) {
            end.tryFail("queue " + queue + " is broken");
          }

          @Override
          public void configChanged() {}

          @Override
          public void disconnect(String reason) {
            end.tryFail(reason);
          }
        };
    memory.write(BUFFERS, ByteBuffer.wrap(raw));
    memory.write(ROOM, ByteBuffer.wrap(new byte[] {1, 2}));
    DeviceSession session =
        call(
            loop,
            () -> {
              DeviceSession opened = engine.open(transport);
              opened.memory(map());
              opened.begin();
              opened.acknowledge(engine.features());
              long[] command = {ROOM, ROOM + 8};
              new Ring(opened, 2, command, new int[] {2, 1}, 1).add(1);
              long[] frame = {BUFFERS, BUFFERS + 1024};
              Ring tx = new Ring(opened, 0, frame, new int[] {raw.length, 1}, 1);
              Ring rx = new Ring(opened, 1, new long[] {BUFFERS + 2048}, new int[] {80}, 0);
              rings = new Ring[] {tx, rx};
              next();
              return opened;
            });
    long bytes = Guest.await(end.future());
    assertThat(device.counters().sent).isEqualTo((long) STEPS * BATCH);
    assertThat(device.counters().received).isEqualTo((long) STEPS * BATCH);
    ByteBuffer received = ByteBuffer.allocate(80);
    memory.read(BUFFERS + 2048, received);
    assertThat(received.array()).isEqualTo(Frames.rx("12345678##0" + "ab".repeat(64)));
    assertThat(bytes).as("bytes for %d frames", STEPS / 2 * BATCH).isLessThan(STEPS);
    Guest.await(call(loop, session::close));
    Guest.await(call(loop, engine::close));
  }

  private static <T> T call(Context loop, Callable<T> action) throws Exception {
    Promise<T> result = Promise.promise();
    loop.runOnContext(
        v -> {
          try {
            result.complete(action.call());
          } catch (Exception e) {
            result.fail(e);
          }
        });
    Future<T> future = result.future();
    return Guest.await(future);
  }
}
