package io.vhost4j.loopback;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A device as it is offered to the kernel's drivers.
 *
 * @param deviceType the virtio device type
 * @param features all that the driver may take, as far as the module can do them
 * @param queues by index
 * @param config the configuration space, from position to limit
 */
public record CardOffer(int deviceType, long features, List<Queue> queues, ByteBuffer config) {
  /**
   * A queue.
   *
   * @param size largest number of descriptors, a power of 2 up to 1024
   * @param memoryBytes what all buffers in flight may need together
   * @param posted whether buffers with nothing for the device to write go back as soon as they have
   *     been copied: the driver spins until it has them back
   */
  public record Queue(int size, int memoryBytes, boolean posted) {}
}
