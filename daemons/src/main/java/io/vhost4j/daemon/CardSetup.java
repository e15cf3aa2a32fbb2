package io.vhost4j.daemon;

import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.engine.Polling;
import io.vhost4j.loopback.DeviceKind;
import java.nio.file.Path;

/** What the command line of the loopback adapter says about one card. */
sealed interface CardSetup {
  /** N of {@code /dev/loopback-N}. */
  int node();

  /**
   * A device of ours, in this process.
   *
   * @param options its name and its own options
   * @param polling how long to look at rings that have run empty
   * @param queueSize descriptors of a queue
   */
  record Here(
      int node,
      VirtioDeviceProvider provider,
      DeviceOptions options,
      Polling polling,
      int queueSize)
      implements CardSetup {}

  /**
   * A daemon, of ours or another.
   *
   * @param socket where it listens
   * @param queues how many of its queues are used
   * @param queueSize descriptors of each
   */
  record Behind(int node, DeviceKind kind, Path socket, int queues, int queueSize)
      implements CardSetup {}
}
