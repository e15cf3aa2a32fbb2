package io.vhost4j.testkit;

import io.vertx.core.Future;
import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.RingFeatures;
import io.vhost4j.virtqueue.VirtqueueException;
import io.vhost4j.virtqueue.VringAddresses;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The driver's side of one queue of a {@link Guest}. Buffers go into memory one behind the other,
 * with a byte between them, and over again from its beginning when it is full.
 */
public final class GuestQueue {
  private static final int TABLE = 1024;
  private static final int LONGEST_DIRECT = 8;

  private record Piece(long address, int length) {}

  private final Guest guest;
  private final int index;
  private final long start;
  private final long bufferStart;
  private final long bufferEnd;

  /* Guards what follows: the device's event loop takes buffers back while a test adds some. */
  private final Object lock = new Object();
  private final Map<Integer, List<Piece>> writable = new HashMap<>();
  private DriverQueue driver;
  private int base;
  private long nextBuffer;
  private Consumer<Returned> onReturned = returned -> {};
  private int notifications;
  private final Set<Integer> awaited = new HashSet<>();
  private final Map<Integer, Returned> answers = new HashMap<>();

  /** The ring is a test's to scribble on, and no driver's to read. */
  private boolean forsaken;

  GuestQueue(Guest guest, int index, long start, long end, int size, int startIndex) {
    this.guest = guest;
    this.index = index;
    this.start = start;
    this.base = startIndex;
    this.driver = newDriver(size);
    this.bufferStart = start + ringBytes(size);
    this.bufferEnd = end;
    this.nextBuffer = bufferStart;
  }

  private DriverQueue newDriver(int size) {
    return DriverQueue.create(guest.memory(), start, size, TABLE, guest.features(), base);
  }

  /** Bytes of memory that a ring and its tables take, in whole pages. */
  public static long ringBytes(int size) {
    return (DriverQueue.bytesNeeded(size, TABLE) + 4095L) & -4096L;
  }

  /**
   * Has each buffer that comes back handed to {@code action}: on the device's event loop as soon as
   * the device notifies, or on the thread that calls {@link #collect()}.
   */
  public void onReturned(Consumer<Returned> action) {
    synchronized (lock) {
      onReturned = action;
    }
  }

  /**
   * Starts and enables the queue, at the index where it stopped or at which it begins.
   *
   * @return completes when it runs, which may take a reset of the device
   */
  public Future<Void> start() {
    return start(true);
  }

  /** Starts the queue; a disabled one takes no buffers until it is {@linkplain #enable enabled}. */
  public Future<Void> start(boolean enabled) {
    int size;
    VringAddresses at;
    int from;
    synchronized (lock) {
      size = driver.size();
      at = driver.addresses();
      from = base;
    }
    return guest.start(index, size, from, at, enabled);
  }

  /**
   * Enables the started queue, or disables it.
   *
   * @return completes when it is so: if it is disabled, the device has given all buffers back or
   *     put them back into the ring
   */
  public Future<Void> enable(boolean enabled) {
    return guest.enable(index, enabled);
  }

  /**
   * Stops the queue, as GET_VRING_BASE does.
   *
   * @return completes when the device has given all buffers back or put them back into the ring
   */
  public Future<Void> stop() {
    return guest
        .stop(index)
        .map( // not onSuccess: who waits for this may look before that is called
            next -> {
              synchronized (lock) {
                base = next;
              }
              return null;
            });
  }

  /** The driver begins anew with an empty ring at index 0, as after a reset of the device. */
  public void beginAnew() {
    synchronized (lock) {
      base = 0;
      driver = newDriver(driver.size());
      writable.clear();
      awaited.clear();
      answers.clear();
      forsaken = false;
    }
  }

  /**
   * Kicks, whether the device wants it or not. In one process what it does at once is done then.
   */
  public void kick() {
    guest.kick(index);
  }

  /**
   * Sends a request in one readable and one writable piece, kicks, and waits until it is back.
   *
   * @param readable what the device reads
   * @param writableBytes room for what it writes
   * @throws AssertionError if it does not come back, or the driver is not notified of it
   */
  public Returned request(byte[] readable, int writableBytes) throws InterruptedException {
    int head;
    synchronized (lock) {
      head = add(readable, writableBytes, Integer.MAX_VALUE);
      awaited.add(head);
    }
    kick();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Guest.SECONDS);
    synchronized (lock) {
      Returned answer = answers.remove(head);
      while (answer == null) {
        if (System.nanoTime() > end || guest.isDisconnected()) {
          throw new AssertionError(
              "queue %d: a buffer did not come back%s"
                  .formatted(index, guest.isDisconnected() ? ", the guest was disconnected" : ""));
        }
        guest.awaitNotification(this, lock);
        answer = answers.remove(head);
      }
      return answer;
    }
  }

  /**
   * Adds a buffer without a kick, in pieces of so many bytes that do not touch each other.
   *
   * @param readable what the device reads
   * @param writableBytes room for what it writes
   * @return the head, which tells the buffer from others until it is back
   * @throws AssertionError if the ring is full, or the memory of the queue is too small
   */
  public int add(byte[] readable, int writableBytes, int pieceBytes) {
    synchronized (lock) {
      List<Piece> out = cut(readable.length, pieceBytes);
      List<Piece> in = cut(writableBytes, pieceBytes);
      int done = 0;
      for (Piece piece : out) {
        guest.memory().write(piece.address, ByteBuffer.wrap(readable, done, piece.length));
        done += piece.length;
      }
      List<Piece> all = new ArrayList<>(out);
      all.addAll(in);
      long[] addresses = all.stream().mapToLong(Piece::address).toArray();
      int[] lengths = all.stream().mapToInt(Piece::length).toArray();
      int head =
          hasTables() && (all.size() > driver.freeDescriptors() || all.size() > LONGEST_DIRECT)
              ? driver.addIndirect(addresses, lengths, out.size(), in.size())
              : driver.add(addresses, lengths, out.size(), in.size());
      if (head < 0) {
        throw new AssertionError("the ring is full");
      }
      writable.put(head, in);
      driver.publish();
      return head;
    }
  }

  private boolean hasTables() {
    return (guest.features() & RingFeatures.INDIRECT_DESC) != 0;
  }

  private List<Piece> cut(int bytes, int pieceBytes) {
    List<Piece> pieces = new ArrayList<>();
    for (int rest = bytes; rest > 0; ) {
      int length = Math.min(rest, pieceBytes);
      if (nextBuffer + length + 1 > bufferEnd) {
        nextBuffer = bufferStart;
      }
      if (nextBuffer + length + 1 > bufferEnd) {
        throw new AssertionError("no room for %d bytes in the queue's memory".formatted(length));
      }
      pieces.add(new Piece(nextBuffer, length));
      nextBuffer += length + 1;
      rest -= length;
    }
    return pieces;
  }

  void notified() {
    synchronized (lock) {
      notifications++;
      if (!forsaken) {
        collect();
      }
      lock.notifyAll();
    }
  }

  /** Takes what has come back, and asks to be notified of the next. */
  public void collect() {
    synchronized (lock) {
      try {
        do {
          for (int head = driver.poll(); head >= 0; head = driver.poll()) {
            Returned buffer = returned(head);
            if (awaited.remove(head)) {
              answers.put(head, buffer);
            }
            onReturned.accept(buffer);
          }
        } while (driver.enableNotifications());
      } catch (VirtqueueException e) {
        throw new AssertionError(e);
      }
    }
  }

  private Returned returned(int head) {
    List<Piece> pieces = Objects.requireNonNull(writable.remove(head));
    int size = pieces.stream().mapToInt(Piece::length).sum();
    ByteBuffer bytes = ByteBuffer.allocate(size);
    try {
      for (Piece piece : pieces) {
        bytes.limit(bytes.position() + piece.length);
        guest.memory().read(piece.address, bytes);
      }
      guest.memory().deliverFaults();
    } catch (InternalError e) {
      // A test has cut the memory short.
    }
    return new Returned(head, driver.usedLength(), bytes.array());
  }

  /** How often the device has notified the driver. */
  public int notifications() {
    synchronized (lock) {
      return notifications;
    }
  }

  /** Buffers that the device has, or that wait in the ring. */
  public int inFlight() {
    synchronized (lock) {
      return driver.inFlight();
    }
  }

  // For hostile guests

  /** The driver looks no more, until it {@linkplain #beginAnew() begins anew}. */
  void forsake() {
    synchronized (lock) {
      forsaken = true;
    }
  }

  /** Whether there is room for another buffer, after a look at what has come back. */
  boolean canTake() {
    synchronized (lock) {
      collect();
      return driver.freeDescriptors() > 0;
    }
  }

  /** What the device has written as index of the used ring. */
  int usedIndex() {
    synchronized (lock) {
      ByteBuffer bytes = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
      guest.memory().read(driver.addresses().usedRing() - Guest.USER_ADDRESS + 2, bytes);
      return bytes.getShort(0) & 0xffff;
    }
  }

  boolean isForsaken() {
    synchronized (lock) {
      return forsaken;
    }
  }

  int index() {
    return index;
  }

  int size() {
    synchronized (lock) {
      return driver.size();
    }
  }

  VringAddresses addresses() {
    synchronized (lock) {
      return driver.addresses();
    }
  }

  /** Where the device goes on, as of the last stop. */
  int base() {
    synchronized (lock) {
      return base;
    }
  }

  /** Guest address of the memory for buffers. */
  long bufferStart() {
    return bufferStart;
  }

  long bufferEnd() {
    return bufferEnd;
  }
}
