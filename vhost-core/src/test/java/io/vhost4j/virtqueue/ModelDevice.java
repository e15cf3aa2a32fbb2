package io.vhost4j.virtqueue;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * The device's half of {@link ModelTest}: checks what it reads, answers, completes in any order.
 * Now and then its ring is stopped and started again: it puts back what it can of what it holds, or
 * less than that, and completes the rest.
 */
final class ModelDevice {
  /** One step of so many is a restart. */
  private static final int RESTARTS = 30;

  private final SplittableRandom random;
  private final Start start;
  private final DescriptorChain[] held;
  private SplitVirtqueue queue;
  private int holding;
  private boolean awake;
  private boolean drained;
  private boolean kicked;
  private long kicks;
  private long enables;
  private long restarts;
  private long putBack;
  private int expectedTag;
  private final ByteBuffer scratch = ByteBuffer.allocate(1024);

  /** Starts the ring. */
  interface Start {
    SplitVirtqueue at(int nextAvail) throws VirtqueueException;
  }

  /** As after SET_VRING_KICK: looks at the ring without a kick (C14). */
  ModelDevice(SplittableRandom random, Start start, int base) throws VirtqueueException {
    this.random = random;
    this.start = start;
    queue = start.at(base);
    held = new DescriptorChain[queue.size()];
    awake = true;
  }

  /** The driver signals the kick eventfd. */
  void kick() {
    kicked = true;
    kicks++;
  }

  /** How much of the room for {@code room} bytes the answer to a chain takes. */
  static int written(int tag, int room) {
    return room == 0 ? 0 : Math.floorMod(tag * 31, room + 1);
  }

  SplitVirtqueue queue() {
    return queue;
  }

  /** How often the ring was started again. */
  long restarts() {
    return restarts;
  }

  /** Chains that were taken more than once. */
  long putBack() {
    return putBack;
  }

  /** The ring stops, and starts again where it was: the driver notices nothing. */
  private void restart(ModelDriver driver) throws VirtqueueException {
    int mostLeft = random.nextBoolean() ? held.length : random.nextInt(1 + holding);
    for (int latest = latest(); mostLeft > 0 && latest >= 0; latest = latest()) {
      DescriptorChain chain = held[latest];
      for (int i = 0; i < holding; i++) {
        if (i != latest && queue.putBack(held[i])) {
          throw new AssertionError("put back, and not the chain taken last");
        }
      }
      if (!queue.putBack(chain)) {
        throw new AssertionError("the chain taken last cannot be put back");
      }
      held[latest] = held[--holding];
      expectedTag--;
      putBack++;
      mostLeft--;
    }
    while (holding > 0) {
      complete(random.nextInt(holding));
    }
    if (queue.needsNotification()) {
      driver.call();
    }
    assertThat(queue.inFlight()).isZero();
    int base = queue.nextAvail();
    queue.close();
    queue = start.at(base);
    restarts++;
    awake = true;
    drained = false;
  }

  /** Where the chain is that was taken last of all, or -1 if that was completed. */
  private int latest() {
    for (int i = 0; i < holding; i++) {
      if (tagOf[held[i].head()] == expectedTag - 1) {
        return i;
      }
    }
    return -1;
  }

  boolean step(ModelDriver driver) throws VirtqueueException {
    boolean moved = false;
    boolean asleep = !awake && holding == 0; // then a start would make up for a kick that was lost
    if (!asleep && random.nextInt(RESTARTS) == 0) {
      restart(driver);
    }
    if (kicked) {
      kicked = false;
      awake = true;
      if (random.nextBoolean()) {
        queue.disableKicks();
      }
    }
    if (awake) {
      moved = take();
    }
    if (holding > 0) {
      moved = true;
      int batch = random.nextInt(1, holding + 1);
      for (int i = 0; i < batch; i++) {
        complete(random.nextInt(holding));
      }
    }
    if (queue.needsNotification()) {
      driver.call();
    }
    assertThat(queue.inFlight()).isEqualTo(holding);
    return moved;
  }

  private boolean take() throws VirtqueueException {
    if (drained) {
      drained = false;
      enables++;
      awake = queue.enableKicks();
      return true;
    }
    int batch = random.nextInt(1, 2 * queue.size() + 2);
    while (batch-- > 0) {
      DescriptorChain chain = queue.next();
      if (chain == null) {
        drained = true; // the driver may act before kicks are enabled
        return true;
      }
      read(chain.reader());
      held[holding++] = chain;
      tags(chain);
    }
    return true;
  }

  /* The tag is not in the chain, which may be empty: chains come in order, so they can be counted. */
  private final int[] tagOf = new int[65536];

  private void tags(DescriptorChain chain) {
    tagOf[chain.head()] = expectedTag++;
  }

  private void read(ChainReader reader) {
    int tag = expectedTag;
    int at = 0;
    while (reader.remaining() > 0) {
      int mode = random.nextInt(5);
      if (mode == 0 && reader.remaining() >= Long.BYTES) {
        long value = reader.readLong();
        for (int i = 0; i < Long.BYTES; i++) {
          expect(tag, at++, (byte) (value >> (8 * i)));
        }
      } else if (mode == 1 && reader.remaining() >= Short.BYTES) {
        short value = reader.readShort();
        expect(tag, at++, (byte) value);
        expect(tag, at++, (byte) (value >> 8));
      } else if (mode == 2) {
        ByteBuffer window = reader.contiguous();
        int count = window.remaining();
        while (window.hasRemaining()) {
          expect(tag, at++, window.get());
        }
        reader.skip(count);
      } else if (mode == 3) {
        scratch.clear().limit((int) reader.remaining());
        reader.read(scratch);
        scratch.flip();
        while (scratch.hasRemaining()) {
          expect(tag, at++, scratch.get());
        }
      } else {
        expect(tag, at++, reader.readByte());
      }
    }
    if (at != reader.size()) {
      throw new AssertionError("chain " + tag + ": read " + at + " of " + reader.size());
    }
  }

  private static void expect(int tag, int at, byte found) {
    if (found != (byte) (tag + 7 * at)) {
      throw new AssertionError("chain " + tag + ", readable byte " + at + " is " + found);
    }
  }

  private void complete(int index) {
    DescriptorChain chain = held[index];
    held[index] = held[--holding];
    int tag = tagOf[chain.head()];
    ChainWriter writer = chain.writer();
    int written = written(tag, (int) writer.size());
    while (writer.position() < written) {
      int at = (int) writer.position();
      int rest = written - at;
      int mode = random.nextInt(4);
      if (mode == 0 && rest >= Integer.BYTES) {
        writer.writeInt(
            answer(tag, at)
                | answer(tag, at + 1) << 8
                | answer(tag, at + 2) << 16
                | answer(tag, at + 3) << 24);
      } else if (mode == 1) {
        ByteBuffer window = writer.contiguous();
        int count = Math.min(rest, window.remaining());
        for (int i = 0; i < count; i++) {
          window.put((byte) answer(tag, at + i));
        }
        writer.skip(count);
      } else if (mode == 2) {
        scratch.clear();
        for (int i = 0; i < rest; i++) {
          scratch.put((byte) answer(tag, at + i));
        }
        writer.write(scratch.flip());
      } else {
        writer.writeByte((byte) answer(tag, at));
      }
    }
    queue.complete(chain, written);
  }

  private static int answer(int tag, int at) {
    return (3 * tag + 13 * at) & 0xff;
  }

  void assertSuppression() {
    // Without EVENT_IDX a device that leaves the flag at 0 is kicked for every batch: no bound.
    assertThat(enables).isPositive();
    assertThat(kicks).isPositive();
  }
}
