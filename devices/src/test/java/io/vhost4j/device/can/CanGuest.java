package io.vhost4j.device.can;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import io.vhost4j.testkit.Returned;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** A guest with a CAN controller, whose three queues run. */
final class CanGuest implements AutoCloseable {
  static final int START = 0x201;
  static final int STOP = 0x202;
  static final int OK = 0;
  static final int NOT_OK = 1;

  private static final int ENTRIES = 64;
  private static final long QUEUE_BYTES = GuestQueue.ringBytes(ENTRIES) + (1 << 20);

  final InProcessGuest guest;
  final GuestQueue tx;
  final GuestQueue rx;
  final GuestQueue control;

  /** Results of the tx queue in their order; -1 for none. */
  final List<Integer> results = Collections.synchronizedList(new ArrayList<>());

  /** What the rx queue has brought; an empty array for a buffer that came back unused. */
  final List<byte[]> received = Collections.synchronizedList(new ArrayList<>());

  CanGuest(Vertx vertx, CanDevice device) throws Exception {
    this(vertx, device, -1);
  }

  /**
   * @param features what the driver acknowledges of the device's; -1 for all
   */
  CanGuest(Vertx vertx, CanDevice device, long features) throws Exception {
    guest = InProcessGuest.create(vertx, device, 3 * QUEUE_BYTES);
    guest.acknowledge(guest.offered() & (features | -1L << 24));
    tx = queue(0);
    rx = queue(1);
    control = queue(2);
  }

  private GuestQueue queue(int index) throws Exception {
    GuestQueue queue = guest.queue(index, index * QUEUE_BYTES, QUEUE_BYTES, ENTRIES, 0);
    Guest.await(queue.start());
    if (index == 0) {
      queue.onReturned(r -> results.add(r.length() == 0 ? -1 : (int) r.writable()[0]));
    } else if (index == 1) {
      queue.onReturned(r -> received.add(Arrays.copyOf(r.writable(), (int) r.length())));
    }
    return queue;
  }

  /** Sends a command; the result. */
  int command(int type) throws Exception {
    return command(new byte[] {(byte) type, (byte) (type >> 8)});
  }

  int command(byte[] bytes) throws Exception {
    Returned reply = control.request(bytes, 1);
    assertThat(reply.length()).isEqualTo(1);
    return reply.writable()[0];
  }

  /** Has the device look at a frame; when this returns, it has. */
  void send(byte[] frame) {
    int unused = tx.add(frame, 1, Integer.MAX_VALUE);
    tx.kick();
  }

  void send(String... texts) {
    for (String text : texts) {
      int unused = tx.add(Frames.tx(text), 1, Integer.MAX_VALUE);
    }
    tx.kick();
  }

  /** Posts buffers for frames. */
  void post(int count, int bytes) {
    for (int i = 0; i < count; i++) {
      int unused = rx.add(new byte[0], bytes, Integer.MAX_VALUE);
    }
    rx.kick();
  }

  /** Brings frames of the bus in one go. */
  void hear(ScriptedBus bus, String... texts) {
    guest.run(
        () -> {
          for (String text : texts) {
            bus.listener().received(Frames.frame(text));
          }
          bus.listener().ready();
        });
  }

  /** Tells that the bus has frames. */
  void confirm(ScriptedBus bus, String... texts) {
    guest.run(
        () -> {
          for (String text : texts) {
            bus.listener().confirmed(Frames.frame(text));
          }
          bus.listener().ready();
        });
  }

  int status() throws Exception {
    return guest.readConfig(0, 2)[0];
  }

  @Override
  public void close() throws Exception {
    guest.close();
  }
}
