package io.vhost4j.virtqueue;

import io.vhost4j.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * The device side of a split virtqueue (VIRTIO 2.7). It writes nothing but the used ring (V1),
 * looks at the ring as often as it is asked to (V15), and takes chains back in any order (V16).
 *
 * <p>From start to stop, all on the device's event loop:
 *
 * <pre>{@code
 * SplitVirtqueue queue = SplitVirtqueue.create(memory, 256, addresses, features, base);
 * do {                                       // at start and at each kick
 *   queue.disableKicks();
 *   while ((chain = queue.next()) != null) { ... queue.complete(chain, written); }
 *   if (queue.needsNotification()) { signal the call eventfd }
 * } while (queue.enableKicks());             // buffers came in between (V14)
 * queue.deliverFaults();
 * ...
 * int base = queue.nextAvail();              // GET_VRING_BASE, after the last completion
 * queue.close();
 * }</pre>
 *
 * <p>Steady state allocates nothing: chains with their readers and writers come from a pool, which
 * grows to the largest number ever in flight.
 *
 * <p>After a {@link VirtqueueException} the ring is beyond use: {@link #next()} fails again,
 * nothing is written to the ring any more, and chains in flight can still be completed, which only
 * releases them. An {@link InternalError} (memory truncated by its owner) leaves the queue
 * consistent enough for {@link #close()}, which is all that should follow it.
 */
public final class SplitVirtqueue implements Virtqueue, AutoCloseable {
  private final int size;
  private final VringAddresses addresses;
  private final boolean indirect;
  private final ChainPool pool;

  private GuestMemory memory;
  private ByteBuffer avail;
  private ChainWalker walker;
  private final UsedRing used;

  /* Both count modulo 65536; availIndex is the driver's index as last seen. */
  private int nextAvail;
  private int availIndex;

  /** Why the ring is beyond use: what the driver did, or that the queue is closed. */
  private @Nullable VirtqueueException defect;

  private boolean closed;

  private SplitVirtqueue(
      GuestMemory memory, int size, VringAddresses addresses, long features, int startIndex)
      throws VirtqueueException {
    this.size = size;
    this.addresses = addresses;
    this.indirect = (features & RingFeatures.INDIRECT_DESC) != 0;
    this.pool = new ChainPool(size);
    this.nextAvail = SplitRing.u16(startIndex);
    this.availIndex = nextAvail;
    RingAreas areas = RingAreas.locate(memory, size, addresses);
    this.avail = areas.avail();
    this.used = new UsedRing(areas, size, (features & RingFeatures.EVENT_IDX) != 0);
    this.walker = new ChainWalker(memory, areas.table(), size, indirect);
    this.memory = memory;
    memory.deliverFaults(); // a fault behind the next line would keep the memory mapped for ever
    memory.retain();
  }

  /**
   * Attaches to a ring without writing to it. The used index is read from the ring (C17).
   *
   * @param memory the table, retained until {@link #close()} or {@link #rebind}
   * @param size number of entries
   * @param addresses in the frontend's address space
   * @param features as negotiated; of {@link RingFeatures}, others are ignored
   * @param startIndex the next avail index, from SET_VRING_BASE
   * @throws VirtqueueException if the size is no power of 2 up to 32768, or a part is misaligned or
   *     not inside one region (V31, E10)
   * @throws InternalError if the memory was truncated by its owner
   */
  public static SplitVirtqueue create(
      GuestMemory memory, int size, VringAddresses addresses, long features, int startIndex)
      throws VirtqueueException {
    if (!SplitRing.isValidSize(size)) {
      throw new VirtqueueException("E7", "a ring of " + size + " entries");
    }
    return new SplitVirtqueue(memory, size, addresses, features, startIndex);
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public int inFlight() {
    return pool.inFlight();
  }

  @Override
  public @Nullable DescriptorChain next() throws VirtqueueException {
    try {
      if (nextAvail == availIndex && !lookForMore()) {
        return null;
      }
      return take();
    } catch (VirtqueueException e) {
      defect = e;
      forgetAvailable();
      memory.deliverFaults(); // truncated memory reads as anything: no fault of the driver then
      throw e;
    }
  }

  private boolean isUsable() {
    return defect == null && !closed;
  }

  /** Reads the driver's index, only when all that was known has been taken (V2, V3, V17). */
  private boolean lookForMore() throws VirtqueueException {
    checkOpen();
    if (defect != null) {
      throw new VirtqueueException(defect.rule(), String.valueOf(defect.getMessage()));
    }
    int index = SplitRing.acquireIndex(avail);
    int count = SplitRing.u16(index - nextAvail);
    if (count > size) {
      throw new VirtqueueException(
          "V17", "avail index " + index + " is " + count + " ahead in a ring of " + size);
    }
    availIndex = index;
    return count > 0;
  }

  private DescriptorChain take() throws VirtqueueException {
    if (pool.isExhausted()) {
      throw new VirtqueueException(
          "V32", "more than " + size + " chains in flight in a ring of that size");
    }
    int slot = SplitRing.RING_ENTRIES + SplitRing.AVAIL_ENTRY_BYTES * (nextAvail & (size - 1));
    int head = SplitRing.u16(avail.getShort(slot));
    DescriptorChain chain = pool.peek();
    walker.walk(head, chain, pool.piecesInFlight());
    memory.deliverFaults();
    // Nothing has been changed so far, whatever went wrong; from here on nothing goes wrong.
    chain.take(head, nextAvail, pool.nextIndex(), memory);
    pool.take();
    nextAvail = SplitRing.u16(nextAvail + 1);
    return chain;
  }

  /** Makes the next {@link #next()} look at the state of the queue first. */
  private void forgetAvailable() {
    availIndex = nextAvail;
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the queue is closed");
    }
  }

  @Override
  public void complete(DescriptorChain chain, int written) {
    checkInFlight(chain);
    if (written < 0 || written > chain.writer().size()) {
      throw new IllegalArgumentException(
          written + " bytes written to a chain with room for " + chain.writer().size());
    }
    int head = chain.head();
    pool.release(chain);
    if (isUsable()) {
      used.publish(head, written);
    }
  }

  private void checkInFlight(DescriptorChain chain) {
    if (!pool.isInFlight(chain)) {
      throw new IllegalStateException("the chain is not in flight on this queue");
    }
  }

  /**
   * Leaves the latest chain in the ring, as if it had not been taken (F8): the avail index moves
   * back over it, and {@link #next()}, or a queue created at {@link #nextAvail()}, finds it again.
   * Can be repeated with the one taken before it, and so on, up to a chain that was completed: an
   * honest driver has not changed entries of the avail ring from there on, as it has none of those
   * chains back. Writes nothing to the ring.
   *
   * @return false if a chain that was taken later was completed or is still in flight: this one can
   *     only be completed then
   * @throws IllegalStateException if the chain is not in flight on this queue
   */
  public boolean putBack(DescriptorChain chain) {
    checkInFlight(chain);
    if (age(chain) != 0) {
      return false;
    }
    pool.release(chain);
    nextAvail = chain.position();
    forgetAvailable();
    return true;
  }

  /**
   * Takes back every chain that is still in flight, although somebody may hold it: leaves the
   * latest ones in the ring, as {@link #putBack} does, and returns the others unused, so that
   * nothing is lost to the driver. Whoever still touches such a chain meets its memory or, when
   * that is let go of, blank memory. {@link #close()} is all that should follow.
   *
   * @throws InternalError if memory was truncated by its owner
   */
  public void reclaim() {
    DescriptorChain[] kept = pool.allInFlight();
    Arrays.sort(kept, Comparator.comparingInt(this::age));
    for (DescriptorChain chain : kept) {
      boolean isLatest = age(chain) == 0;
      chain.abandon();
      if (isLatest) {
        putBack(chain);
      } else {
        complete(chain, 0);
      }
    }
    memory.deliverFaults();
  }

  /** How many chains have been taken, and not put back, since this one. */
  private int age(DescriptorChain chain) {
    return SplitRing.u16(nextAvail - 1 - chain.position());
  }

  /**
   * Whether the driver wants to be told of the chains completed since this was last asked (V10 to
   * V12). The first completion after the start always is told.
   */
  public boolean needsNotification() {
    return !closed && used.needsNotification();
  }

  /**
   * Tells the driver that it need not kick, as this side looks at the ring anyway (V13). With
   * EVENT_IDX nothing is written: avail_event stays behind and so asks for no further kick. Kicks
   * may still come.
   */
  public void disableKicks() {
    if (isUsable()) {
      used.disableKicks();
    }
  }

  /**
   * Whether a buffer is available that has not been taken. Says no more than the moment's truth.
   */
  public boolean hasNext() {
    return isUsable() && SplitRing.acquireIndex(avail) != nextAvail;
  }

  /**
   * Asks the driver for a kick at the next buffer. To be called once at the start too.
   *
   * @return true if a buffer was made available meanwhile, for which no kick may come: take it
   *     (V14)
   */
  public boolean enableKicks() {
    return isUsable() && used.enableKicks(nextAvail);
  }

  /**
   * The avail index to go on from, for GET_VRING_BASE: entries up to it have been taken and
   * completed, those from it on are still to be taken. Exact when nothing is in flight, which is
   * when to ask.
   */
  public int nextAvail() {
    return SplitRing.u16(nextAvail - pool.inFlight());
  }

  /**
   * Goes on in another memory table, with the same addresses of the ring (SET_MEM_TABLE,
   * ADD_MEM_REG and REM_MEM_REG while started, C16, C26). Chains in flight keep the table they came
   * from.
   *
   * @throws VirtqueueException if the ring is not in the new table (V31); the queue then is as it
   *     was, in the old one, and the caller stops it
   */
  public void rebind(GuestMemory newMemory) throws VirtqueueException {
    checkOpen();
    RingAreas areas = RingAreas.locate(newMemory, size, addresses);
    newMemory.retain();
    GuestMemory old = memory;
    memory = newMemory;
    avail = areas.avail();
    used.rebind(areas);
    walker = new ChainWalker(newMemory, areas.table(), size, indirect);
    old.release();
  }

  /**
   * Makes sure that no failed access of the event loop to this queue's memory remains unreported;
   * to be called at the end of each batch, also if that ended with some other exception: devices do
   * odd things with what truncated memory seems to hold.
   *
   * @throws InternalError if memory was truncated by its owner
   */
  public void deliverFaults() {
    memory.deliverFaults();
  }

  /**
   * Lets go of the memory: of the queue's table and of those of the chains that are still in
   * flight. Such a chain cannot be completed any more; who touches it meets blank memory, see
   * {@link GuestMemory#abandon()}. Writes nothing. The queue then takes and tells nothing any more.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    forgetAvailable();
    try {
      memory.deliverFaults(); // now, and not in the middle of what follows
    } catch (InternalError e) {
      // The memory is let go of anyway.
    }
    pool.abandonAll();
    memory.release();
  }
}
