package io.vhost4j.examples;

import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import java.util.random.RandomGenerator;

/** A whole virtio device: an entropy source (VIRTIO 5.4) that fills every buffer it is given. */
public final class RandomNumberDevice implements VirtioDevice, QueueHandler {
  private static final int ENTROPY_DEVICE = 4;
  private static final int LONGEST_ANSWER = 4096;

  private final RandomGenerator source;

  /** A device that takes its bytes from {@code source}. */
  public RandomNumberDevice(RandomGenerator source) {
    this.source = source;
  }

  @Override
  public int deviceType() {
    return ENTROPY_DEVICE;
  }

  @Override
  public String name() {
    return "rng";
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
  public void available(DeviceQueue queue) throws VirtqueueException {
    for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
      int length = (int) Math.min(chain.writer().remaining(), LONGEST_ANSWER);
      for (int i = 0; i < length; i++) {
        chain.writer().writeByte((byte) source.nextInt());
      }
      queue.complete(chain, length);
    }
  }
}
