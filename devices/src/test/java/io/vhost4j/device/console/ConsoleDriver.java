package io.vhost4j.device.console;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import io.vhost4j.testkit.Returned;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.BooleanSupplier;

/** A guest with a driver of consoles, which does what Linux' driver does. */
final class ConsoleDriver implements AutoCloseable {
  static final long SIZE = 1;
  static final long MULTIPORT = 2;
  static final long EMERG_WRITE = 4;

  private static final int ENTRIES = 16;
  private static final int QUEUE_BYTES = 1 << 20;
  private static final int ROOM = 4096;
  private static final long SECONDS = 20;

  final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  final InProcessGuest guest;
  final VirtioDevice device;
  private final int queues;

  /** What the device has said of ports. */
  final BlockingQueue<String> control = new LinkedBlockingQueue<>();

  private final List<ByteArrayOutputStream> received = new ArrayList<>();

  ConsoleDriver(VirtioDevice device) throws Exception {
    this(device, SIZE | MULTIPORT | EMERG_WRITE);
  }

  ConsoleDriver(VirtioDevice device, long features) throws Exception {
    this.device = device;
    queues = device.queueCount();
    guest = InProcessGuest.create(vertx, device, (long) queues * QUEUE_BYTES);
    guest.acknowledge(
        features | VirtioFeature.VERSION_1 | VirtioFeature.EVENT_IDX | VirtioFeature.INDIRECT_DESC);
    for (int port = 0; port < queues / 2 - 1; port++) {
      received.add(new ByteArrayOutputStream());
    }
    setUp();
  }

  static int receiveQueue(int port) {
    return port == 0 ? 0 : 2 * port + 2;
  }

  private void setUp() {
    for (int i = 0; i < queues; i++) {
      GuestQueue queue = guest.queue(i, (long) i * QUEUE_BYTES, QUEUE_BYTES, ENTRIES, 0);
      int port = i < 2 ? 0 : i / 2 - 1;
      if (i == 2) {
        queue.onReturned(this::told);
      } else if (i % 2 == 0) {
        queue.onReturned(returned -> received(port, returned));
      }
    }
  }

  /** Where the buffers of a queue lie, behind its ring. */
  long buffers(int queue) {
    return (long) queue * QUEUE_BYTES + GuestQueue.ringBytes(ENTRIES);
  }

  /** Starts all queues, with buffers for what the device has to say. */
  ConsoleDriver start() throws Exception {
    for (int i = 0; i < queues; i++) {
      Guest.await(guest.queue(i).start());
    }
    post(2);
    for (int i = 0; i < queues; i += 2) {
      post(i);
    }
    return this;
  }

  /** Gives the device all the buffers that a ring holds. */
  private void post(int queue) {
    GuestQueue of = guest.queue(queue);
    while (of.inFlight() < ENTRIES) {
      int unused = of.add(new byte[0], ROOM, ROOM);
    }
    of.kick();
  }

  private void told(Returned returned) {
    ByteBuffer bytes =
        ByteBuffer.wrap(returned.writable(), 0, (int) returned.length())
            .order(ByteOrder.LITTLE_ENDIAN);
    int id = bytes.getInt();
    int event = bytes.getShort();
    int value = bytes.getShort();
    String rest = "";
    if (event == ControlMessage.RESIZE) {
      rest = " " + bytes.getShort() + " " + bytes.getShort();
    } else if (bytes.hasRemaining()) {
      rest = " " + StandardCharsets.UTF_8.decode(bytes);
    }
    String[] names = {"READY", "ADD", "REMOVE", "PORT_READY", "CONSOLE", "RESIZE", "OPEN", "NAME"};
    control.add(id + " " + names[event] + " " + value + rest);
  }

  private void received(int port, Returned returned) {
    ByteArrayOutputStream of = received.get(port);
    synchronized (of) {
      of.write(returned.writable(), 0, (int) returned.length());
    }
  }

  /** Says something of a port, and waits until the device has taken it. */
  void say(int port, int event, int value) throws Exception {
    Returned returned = guest.queue(3).request(message(port, event, value), 0);
    if (returned.length() != 0) {
      throw new AssertionError("K5: something was written: " + returned.length());
    }
  }

  static byte[] message(int port, int event, int value) {
    ByteBuffer bytes = ByteBuffer.allocate(ControlMessage.SIZE);
    ControlMessage unused = new ControlMessage().wrap(bytes, 0).set(port, event, value);
    return bytes.array();
  }

  /** The first half of what Linux does. */
  void ready() throws Exception {
    say(-1, ControlMessage.DEVICE_READY, 1);
  }

  /** The second half, for a port. */
  void open(int port) throws Exception {
    say(port, ControlMessage.PORT_READY, 1);
    say(port, ControlMessage.PORT_OPEN, 1);
  }

  /** All of it. */
  ConsoleDriver begin() throws Exception {
    start();
    ready();
    for (int port = 0; port < received.size(); port++) {
      open(port);
    }
    return this;
  }

  /** The messages of the device, as many as there are now. */
  List<String> messages() {
    post(2);
    List<String> all = new ArrayList<>();
    control.drainTo(all);
    return all;
  }

  /** Writes to a port, and waits until the device has all of it. */
  void write(int port, byte[] bytes) throws Exception {
    GuestQueue queue = guest.queue(receiveQueue(port) + 1);
    for (int at = 0; at < bytes.length; at += ROOM) {
      byte[] part = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + ROOM));
      Returned returned = queue.request(part, 0);
      if (returned.length() != 0) {
        throw new AssertionError("K5: something was written: " + returned.length());
      }
    }
  }

  /** Puts a buffer into a port, and does not wait. */
  void push(int port, byte[] bytes) {
    GuestQueue queue = guest.queue(receiveQueue(port) + 1);
    int unused = queue.add(bytes, 0, Integer.MAX_VALUE);
    queue.kick();
  }

  /** Buffers of a port's output that are not back. */
  int pending(int port) {
    GuestQueue queue = guest.queue(receiveQueue(port) + 1);
    queue.collect();
    return queue.inFlight();
  }

  /** What a port has got so far. */
  byte[] received(int port) {
    guest.queue(receiveQueue(port)).collect();
    ByteArrayOutputStream of = received.get(port);
    synchronized (of) {
      return of.toByteArray();
    }
  }

  /** What a port has got, when it is so many bytes; gives the device further buffers. */
  byte[] awaitReceived(int port, int bytes) throws InterruptedException {
    await(
        () -> {
          if (received(port).length < bytes) {
            post(receiveQueue(port));
          }
          return received(port).length >= bytes;
        });
    return received(port);
  }

  static void await(BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + SECONDS * 1_000_000_000;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("that does not come");
      }
      Thread.sleep(2);
    }
  }

  @Override
  public void close() throws Exception {
    guest.close();
    Guest.await(vertx.close());
  }
}
