package io.vhost4j.loopback;

import io.vertx.core.Future;
import io.vhost4j.event.FdRegistration;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.GuestMemoryException;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.OwnedFd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A place in the kernel where one card after the other can be: what kernels have for that differs
 * behind this. Event loop of the card only.
 */
interface CardNode extends AutoCloseable {
  /** How long who serves a card that goes may take to write back what its driver has. */
  long SERVED_MILLIS = 6_000;

  /**
   * A piece of the memory that kernel and device share.
   *
   * @param region its user address is its guest address
   * @param file the receiver closes it
   */
  record Shared(MemoryRegion region, OwnedFd file) {}

  /**
   * Where a queue is, by addresses of the memory.
   *
   * @param size number of descriptors; 0 if the driver does not use the queue
   */
  record Place(int size, long descriptors, long available, long used) {}

  /** What a thread of the kernel asks, and waits for the reply. */
  record Message(int id, Type type, int status, long features, int offset, ByteBuffer data) {
    enum Type {
      STATUS,
      CONFIG_WRITE,
      OTHER
    }
  }

  /** What people know the place by. */
  String name();

  /** All feature bits that a device may offer. */
  long features() throws LoopbackException;

  /** Longest configuration space in bytes. */
  int maxConfig();

  /** The kernel's modules that have to be there for a driver's to find the card. */
  String modules(String driver);

  /**
   * Takes away a card that a program left which was killed: its driver waits for ever. There is no
   * card of this program.
   *
   * @return fails with a {@link LoopbackException} if another program has it
   */
  default Future<Void> removeFormer() {
    return Future.succeededFuture(); // the kernel has done so
  }

  /**
   * Makes a card. The kernel asks nothing before it was {@linkplain #plug plugged in}, unless it
   * asks at once.
   *
   * @param timeoutMillis how long a driver may be kept waiting for a reply, where that can be said
   * @return fails with a {@link LoopbackException} if the kernel does not take it; there is nothing
   *     of it then
   */
  Future<Void> attach(CardOffer offer, int timeoutMillis);

  /**
   * Shows the card to drivers, which ask from now on.
   *
   * @return completes when they know it; fails with a {@link LoopbackException}
   */
  Future<Void> plug();

  /** Calls {@code handler} when there are messages, until the card is {@link #detach}ed. */
  void watch(FdRegistration.Handler handler) throws IOException;

  /**
   * The next message.
   *
   * @return null if there is none now
   * @throws LoopbackException if the card broke
   */
  @Nullable Message read() throws LoopbackException;

  /** Answers a message; if nobody waits for it any more, nobody hears. */
  void reply(Message message, boolean done);

  /** Why the card broke; null if it did not. */
  @Nullable String broken() throws LoopbackException;

  /** Whether a driver has the card and all that it makes of it, such as its number, is settled. */
  boolean isBound() throws LoopbackException;

  /** What the kernel calls the card's device. */
  String busName() throws LoopbackException;

  /** The memory with rings and buffers; from the start of the queues to the next reset. */
  List<Shared> memory() throws LoopbackException;

  /** The same, mapped. */
  GuestMemory map() throws LoopbackException, GuestMemoryException;

  /** Where a queue is, once the driver has set it up. */
  Place queue(int index) throws LoopbackException;

  /** Has both eventfds of a queue signalled from now on, to the next reset. */
  void connect(QueueBell bell) throws LoopbackException;

  /**
   * Changes configuration space, as drivers read it.
   *
   * @param bytes from position to limit
   * @param notify whether the driver is told
   */
  void config(int offset, ByteBuffer bytes, boolean notify) throws LoopbackException;

  /** Nobody serves the card any more: all that its driver waits for fails. */
  void abandon();

  /**
   * Takes the card away, if there is one. Messages are to be answered until that is done.
   *
   * @return never fails
   */
  Future<Void> detach();

  /** Lets the place go, and with it a card that is still there. */
  @Override
  void close();
}
