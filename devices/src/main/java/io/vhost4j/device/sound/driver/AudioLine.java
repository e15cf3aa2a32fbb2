package io.vhost4j.device.sound.driver;

import io.vhost4j.audio.Direction;
import io.vhost4j.device.sound.wire.PcmXfer;
import io.vhost4j.vhostuser.frontend.FrontendQueue;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The tx or the rx queue, shared by all streams of its direction. Event loop only. */
final class AudioLine {
  private final FrontendQueue queue;
  private final @Nullable PcmTransfer[] ownerOfHead;
  private final int[] slotOfHead;
  private final long[] addresses = new long[2];
  private final int[] lengths = new int[2];

  AudioLine(FrontendQueue queue) throws IOException {
    this.queue = queue;
    ownerOfHead = new @Nullable PcmTransfer[queue.driver().size()];
    slotOfHead = new int[queue.driver().size()];
    queue.onUsed(this::used);
  }

  /**
   * Adds a buffer of header, audio and status that lie behind each other; {@link #publish()} shows
   * it to the device.
   *
   * @return false if the ring is full
   */
  boolean add(PcmTransfer owner, int slot, long address, int audioBytes, Direction direction) {
    int readable = PcmXfer.HEADER_SIZE + (direction == Direction.OUTPUT ? audioBytes : 0);
    addresses[0] = address;
    lengths[0] = readable;
    addresses[1] = address + readable;
    lengths[1] = PcmXfer.HEADER_SIZE + audioBytes + PcmXfer.STATUS_SIZE - readable;
    int head = queue.driver().add(addresses, lengths, 1, 1);
    if (head < 0) {
      return false;
    }
    ownerOfHead[head] = owner;
    slotOfHead[head] = slot;
    return true;
  }

  void publish() {
    queue.publish();
  }

  private void used(int head, long length) {
    PcmTransfer owner = ownerOfHead[head];
    ownerOfHead[head] = null;
    if (owner != null) {
      owner.returned(slotOfHead[head], length);
      queue.publish();
    }
  }

  /** Nothing comes back any more. */
  void fail(Throwable reason) {
    for (PcmTransfer owner : ownerOfHead) {
      if (owner != null) {
        owner.fail(reason);
      }
    }
  }
}
