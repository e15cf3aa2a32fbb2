package io.vhost4j.device.queue;

import io.vhost4j.device.DeviceQueue;
import io.vhost4j.virtqueue.ChainReader;
import io.vhost4j.virtqueue.ChainWriter;
import io.vhost4j.virtqueue.DescriptorChain;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A request of a {@link RequestQueue} from its arrival to its reply, which may come later. Pooled:
 * nobody touches it after the reply. Event loop only.
 */
public final class Request {
  private final RequestQueue queue;
  private final int run;
  private final ByteBuffer header;

  private @Nullable DeviceQueue ring;

  /** Null when there is nothing to reply to. */
  private @Nullable DescriptorChain chain;

  /**
   * @param run which run of the ring this request is for
   */
  Request(RequestQueue queue, int run, int headerBytes) {
    this.queue = queue;
    this.run = run;
    this.header = ByteBuffer.allocate(headerBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Takes a chain that has room for a status.
   *
   * @throws InternalError if the frontend has cut its memory short
   */
  void begin(DeviceQueue running, DescriptorChain taken) {
    ring = running;
    chain = taken;
    ChainReader reader = taken.reader();
    reader.read(header.clear().limit((int) Math.min(header.capacity(), reader.size())));
    header.flip();
    taken.writer().position(queue.dataStart());
    taken.deliverFaults();
  }

  int run() {
    return run;
  }

  boolean isOpen() {
    return chain != null;
  }

  /**
   * The first bytes of the request: as many as the queue was made for, or fewer if the driver has
   * given no more. A copy, little-endian, from position 0 to the limit: what is checked is what is
   * used, and the guest's descriptors make no difference (V4).
   */
  public ByteBuffer header() {
    return header;
  }

  /** What comes behind the header, in the guest's memory. */
  public ChainReader reader() {
    return current().reader();
  }

  /**
   * Makes sure that what was read so far is what the driver wrote: to be called before it is
   * obeyed.
   *
   * @throws InternalError if the frontend has cut its memory short
   */
  public void deliverFaults() {
    current().deliverFaults();
  }

  /** Takes the data of the reply, at most {@link #room()} bytes. The status is not for it. */
  public ChainWriter writer() {
    return current().writer();
  }

  /** Bytes that the reply has room for besides its status; 0 after the reply. */
  public long room() {
    return chain == null ? 0 : chain.writer().size() - queue.statusBytes();
  }

  private DescriptorChain current() {
    return Objects.requireNonNull(chain, "there was a reply already");
  }

  /**
   * Replies, with the data written so far. Does nothing if there was a reply before, as when the
   * ring was stopped meanwhile.
   *
   * @param status as the device type has it, as many bytes as the queue's statuses
   * @throws InternalError if the frontend has cut its memory short
   */
  public void reply(long status) {
    DescriptorChain replied = chain;
    DeviceQueue running = ring;
    if (replied == null || running == null) {
      return;
    }
    chain = null;
    int written = 0;
    try {
      written = queue.writeStatus(replied.writer(), status);
      replied.deliverFaults();
    } finally { // the memory may be gone, but the ring wants its chain back
      running.complete(replied, written);
      queue.replied(this, status);
    }
  }

  /**
   * Leaves the request in the ring, as if it had never been taken: who goes on where the ring
   * stopped, as after a pause of the guest, finds it there (F8). Only while the ring stops, see
   * {@link RequestQueue.Handler#stopping}, for a request of which nothing has been done, and the
   * latest first.
   *
   * @return false if one that was taken later was replied to or waits for its reply: then this one
   *     has to be replied to
   */
  public boolean putBack() {
    DescriptorChain left = chain;
    DeviceQueue running = ring;
    if (left == null || running == null || !running.putBack(left)) {
      return false;
    }
    chain = null;
    queue.dropped();
    return true;
  }

  /** Gives the chain back as it is. */
  void drop() {
    DescriptorChain dropped = chain;
    DeviceQueue running = ring;
    if (dropped != null && running != null) {
      chain = null;
      running.complete(dropped, 0);
      queue.dropped();
    }
  }
}
