package io.vhost4j.testkit;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A second device on the event loop, with a guest of its own, which must not notice anything. */
final class Neighbour implements AutoCloseable {
  private static final int MEMORY_BYTES = 1 << 20;

  private final InProcessGuest guest;
  private final GuestQueue queue;
  private int serial;

  /** Gives back what it is given. */
  private static final class Echo implements VirtioDevice, QueueHandler {
    @Override
    public int deviceType() {
      return 63;
    }

    @Override
    public String name() {
      return "neighbour";
    }

    @Override
    public int queueCount() {
      return 1;
    }

    @Override
    public QueueHandler queue(int index) {
      return this;
    }

    @Override
    public void started(DeviceQueue running) {}

    @Override
    public void available(DeviceQueue running) throws VirtqueueException {
      for (DescriptorChain chain = running.next(); chain != null; chain = running.next()) {
        int count = 0;
        while (chain.reader().remaining() > 0) {
          chain.writer().writeByte(chain.reader().readByte());
          count++;
        }
        running.complete(chain, count);
      }
    }

    @Override
    public Future<Void> stop(DeviceQueue running) {
      return Future.succeededFuture();
    }
  }

  Neighbour(Vertx vertx) throws Exception {
    guest = InProcessGuest.create(vertx, new Echo(), MEMORY_BYTES);
    queue = guest.queue(0, 0, MEMORY_BYTES, 16, 0);
    Guest.await(queue.start());
  }

  /** Checks that it is served. */
  void requireServed() throws InterruptedException {
    byte[] text = ("neighbour " + serial++).getBytes(StandardCharsets.UTF_8);
    Returned answer = queue.request(text, text.length);
    if (!Arrays.equals(answer.writable(), text)) {
      throw new AssertionError("a device on the same event loop answers with nonsense");
    }
  }

  @Override
  public void close() throws Exception {
    guest.close();
  }
}
