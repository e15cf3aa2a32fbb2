package io.vhost4j.device.input;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import io.vhost4j.testkit.Returned;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A guest that reads all events, with a ring of four buffers. */
final class Reader implements AutoCloseable {
  private static final long BYTES = 1 << 20;
  private static final int SECONDS = 20;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();
  final InProcessGuest guest;
  private final GuestQueue queue;
  private final GuestQueue status;

  Reader(InputDevice device) throws Exception {
    guest = InProcessGuest.create(vertx, device, 2 * BYTES);
    queue = guest.queue(0, 0, BYTES, 4, 0);
    queue.onReturned(this::take);
    status = guest.queue(1, BYTES, BYTES, 4, 0);
    start();
  }

  private void start() throws Exception {
    for (int i = 0; i < 4; i++) {
      int unused = queue.add(new byte[0], 8, 8);
    }
    InProcessGuest.await(queue.start());
    InProcessGuest.await(status.start());
  }

  private void take(Returned buffer) {
    ByteBuffer bytes = ByteBuffer.wrap(buffer.writable()).order(ByteOrder.LITTLE_ENDIAN);
    events.add(bytes.getShort() + " " + bytes.getShort() + " " + bytes.getInt());
  }

  /** The next events are these, and take no more than a generous time. */
  void expect(String... wanted) throws InterruptedException {
    for (String each : wanted) {
      assertThat(next()).isEqualTo(each);
    }
  }

  private String next() throws InterruptedException {
    String event = events.poll(SECONDS, TimeUnit.SECONDS);
    assertThat(event).as("an event").isNotNull();
    int unused = queue.add(new byte[0], 8, 8);
    queue.kick();
    return event == null ? "" : event;
  }

  void expectNothing() {
    guest.run(() -> {});
    guest.run(() -> {});
    assertThat(List.copyOf(events)).isEmpty();
  }

  /** Switches a light. */
  void light(int code, int value) throws InterruptedException {
    byte[] event = {0x11, 0, (byte) code, 0, (byte) value, 0, 0, 0};
    assertThat(status.request(event, 0).length()).isZero();
  }

  /** As a guest that is paused. */
  void pause() throws Exception {
    InProcessGuest.await(queue.stop());
  }

  void goOn() throws Exception {
    InProcessGuest.await(queue.start());
  }

  /** As a guest that boots again. */
  void reboot() throws Exception {
    InProcessGuest.await(queue.stop());
    InProcessGuest.await(status.stop());
    InProcessGuest.await(guest.reset());
    queue.beginAnew();
    status.beginAnew();
    events.clear();
    start();
  }

  @Override
  public void close() throws Exception {
    guest.close();
    InProcessGuest.await(vertx.close());
  }
}
