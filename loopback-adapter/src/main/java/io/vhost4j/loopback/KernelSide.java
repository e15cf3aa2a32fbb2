package io.vhost4j.loopback;

import io.vertx.core.internal.ContextInternal;
import java.nio.file.Files;
import java.util.function.Consumer;

/** What of the kernel makes cards. */
public enum KernelSide {
  /**
   * Our module where it has the node, or else VDUSE, if the kernel has that and it takes the card.
   */
  AUTO,
  /** Our module virtio-loopback: {@code /dev/loopback-N}. */
  LOOPBACK,
  /** The kernel's own VDUSE: {@code /dev/vduse/loopback-N}. */
  VDUSE;

  /**
   * Opens the place of a card.
   *
   * @param index N
   * @param deviceType of the cards
   * @param lost told why a card cannot go on, if that does not show in what is asked of the place
   */
  CardNode open(int index, int deviceType, ContextInternal context, Consumer<String> lost)
      throws LoopbackException {
    return isVduse(index, deviceType)
        ? VduseNode.open(index, context, lost)
        : LoopbackNode.open(index, context);
  }

  private boolean isVduse(int index, int deviceType) {
    return this == VDUSE
        || (this == AUTO
            && VduseNode.takes(deviceType)
            && !Files.exists(LoopbackNode.path(index))
            && Files.exists(VduseNode.CONTROL));
  }
}
