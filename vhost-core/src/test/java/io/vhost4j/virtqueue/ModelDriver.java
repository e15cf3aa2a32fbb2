package io.vhost4j.virtqueue;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.SplittableRandom;

/**
 * The driver's half of {@link ModelTest}: adds random chains with known content, and checks what
 * comes back. Byte i of a chain's readable part is {@code tag + 7 i}, of its writable part {@code 3
 * tag + 13 i}, where the tag is the number of the chain.
 */
final class ModelDriver {
  static final int MAX_BUFFERS = 9;

  /** Bytes for one chain; the last byte of each buffer's slot guards it. */
  private static final int SLOT = 40;

  private static final int CHAIN_BYTES = MAX_BUFFERS * SLOT;

  /** A seam between the device's regions, in the middle of the chains' places. */
  private static final int SEAM = 1 << 21;

  private static final byte GUARD = 0x5a;

  private final SplittableRandom random;
  private final DriverQueue queue;
  private final boolean indirect;
  private final boolean eventIndex;
  private final ByteBuffer memory;
  private long left;
  private long added;

  private final int[] tags;
  private final int[] readable;
  private final int[] writable;
  private final int[][] lengths;
  private final long[] addresses = new long[MAX_BUFFERS];
  private final boolean[] offered;

  /* Places for chains, by number; those not in use are on a stack. */
  private final int[] placeOf;
  private final int[] freePlaces;
  private int places;

  private boolean awake = true;
  private boolean drained;
  private boolean notified;
  private long enables = 1;
  private long notifications;

  ModelDriver(
      SplittableRandom random, DriverQueue queue, GuestMemory memory, long features, long chains) {
    this.random = random;
    this.queue = queue;
    this.indirect = (features & RingFeatures.INDIRECT_DESC) != 0;
    this.eventIndex = (features & RingFeatures.EVENT_IDX) != 0;
    this.memory = Objects.requireNonNull(memory.slice(0, 1 << 22));
    this.left = chains;
    int size = queue.size();
    tags = new int[size];
    readable = new int[size];
    writable = new int[size];
    offered = new boolean[size];
    lengths = new int[size][MAX_BUFFERS];
    placeOf = new int[size];
    freePlaces = new int[size];
    while (places < size) {
      freePlaces[places] = SEAM + (places - size / 2) * CHAIN_BYTES - SLOT / 2;
      places++;
    }
  }

  long left() {
    return left + queue.inFlight();
  }

  boolean isDone() {
    return left == 0 && queue.inFlight() == 0;
  }

  /** The device signals the call eventfd. */
  void call() {
    notified = true;
    notifications++;
  }

  /**
   * Does what this side may do now: adds chains at any time, but polls only when awake.
   *
   * @return whether anything happened
   */
  boolean step(ModelDevice device) throws VirtqueueException {
    boolean moved = false;
    if (left > 0 && random.nextInt(4) != 0) {
      int batch = random.nextInt(1, 2 + queue.size() / 2);
      int before = queue.inFlight();
      while (batch-- > 0 && left > 0 && add()) {}
      if (queue.inFlight() > before) {
        moved = true;
        queue.publish();
        if (queue.needsKick()) {
          device.kick();
        }
      }
    }
    if (notified) {
      notified = false;
      awake = true;
      if (random.nextBoolean()) {
        queue.disableNotifications();
      }
    }
    if (awake) {
      moved |= poll();
    }
    return moved;
  }

  private boolean poll() throws VirtqueueException {
    if (drained) {
      drained = false;
      enables++;
      awake = queue.enableNotifications();
      return true;
    }
    int batch = random.nextInt(1, 2 * queue.size() + 2);
    while (batch-- > 0) {
      int head = queue.poll();
      if (head < 0) {
        drained = true; // the device may act before notifications are enabled
        return true;
      }
      check(head);
    }
    return true;
  }

  private boolean add() {
    int count = random.nextInt(1, MAX_BUFFERS + 1);
    boolean viaTable = indirect && random.nextBoolean();
    if (!viaTable) {
      count = Math.min(count, queue.size());
    }
    if (queue.freeDescriptors() < (viaTable ? 1 : count)) {
      return false;
    }
    int reads = random.nextInt(count + 1);
    int tag = (int) added;
    int place = freePlaces[--places];
    int[] sizes = new int[MAX_BUFFERS];
    int content = 0;
    for (int i = 0; i < count; i++) {
      sizes[i] = length();
      addresses[i] = place + (long) SLOT * i;
      for (int j = 0; i < reads && j < sizes[i]; j++) {
        memory.put((int) addresses[i] + j, (byte) (tag + 7 * content++));
      }
      for (int j = i < reads ? sizes[i] : 0; j < SLOT; j++) {
        memory.put((int) addresses[i] + j, GUARD);
      }
    }
    int head =
        viaTable
            ? queue.addIndirect(addresses, sizes, reads, count - reads)
            : queue.add(addresses, sizes, reads, count - reads);
    assertThat(head).isNotNegative();
    assertThat(offered[head]).as("head %s twice in flight", head).isFalse();
    offered[head] = true;
    placeOf[head] = place;
    tags[head] = tag;
    readable[head] = reads;
    writable[head] = count - reads;
    lengths[head] = sizes;
    added++;
    left--;
    return true;
  }

  private int length() {
    return switch (random.nextInt(4)) {
      case 0 -> 1;
      case 1 -> random.nextInt(4);
      default -> random.nextInt(SLOT);
    };
  }

  private void check(int head) {
    assertThat(offered[head]).isTrue();
    offered[head] = false;
    int tag = tags[head];
    int place = placeOf[head];
    freePlaces[places++] = place;
    int room = 0;
    for (int i = 0; i < writable[head]; i++) {
      room += lengths[head][readable[head] + i];
    }
    int written = ModelDevice.written(tag, room);
    if (queue.usedLength() != written) {
      throw new AssertionError("chain " + tag + ": used length " + queue.usedLength());
    }
    int content = 0;
    for (int i = readable[head]; i < readable[head] + writable[head]; i++) {
      int address = place + i * SLOT;
      for (int j = 0; j < SLOT; j++) {
        boolean isContent = j < lengths[head][i] && content < written;
        byte expected = isContent ? (byte) (3 * tag + 13 * content++) : GUARD;
        if (memory.get(address + j) != expected) {
          throw new AssertionError("chain " + tag + ", buffer " + i + ", byte " + j);
        }
      }
    }
  }

  /**
   * @param starts of the device's ring, after each of which the first completion is told
   */
  void assertSuppression(long starts) {
    if (eventIndex) {
      // One per request at most, and one for each time that the index comes round.
      assertThat(notifications).isLessThanOrEqualTo(enables + starts + added / 65536 + 1);
    }
  }
}
