package io.vhost4j.device.spi;

import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.HostThread;
import io.vhost4j.device.queue.HostRequests;
import io.vhost4j.device.queue.Request;
import io.vhost4j.device.queue.RequestQueue;
import io.vhost4j.device.queue.StatusPlace;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The requests of the queue, one transfer after the other: a head and what is written, then room
 * for what is read and a byte of result, the last of all (P8).
 *
 * <p>Event loop only. The chips work on a copy, so nothing is written into a buffer that the driver
 * has back, however late a chip answers.
 */
final class SpiRequests implements HostRequests.Worker {
  /** Results. */
  static final int OK = 0;

  static final int PARAMETER_ERROR = 1;
  static final int TRANSFER_ERROR = 2;
  static final int RESULTS = 3;

  /** What a chip has for a transfer, besides a millisecond for each byte (8 bits at 10 kHz). */
  private static final long TRANSFER_MILLIS = 5000;

  private final HostRequests requests;
  private final List<SpiPort> ports;
  private final SpiAbilities abilities;
  private final SpiCounters counters;
  private final SpiRequest head = new SpiRequest();

  /** The one with a transfer. */
  private @Nullable SpiPort busy;

  private @Nullable DeviceContext context;

  SpiRequests(List<SpiPort> ports, SpiAbilities abilities, int bound, SpiCounters counters) {
    this.ports = ports;
    this.abilities = abilities;
    this.counters = counters;
    requests = new HostRequests(SpiRequest.BYTES, 1, StatusPlace.LAST, bound, this);
  }

  RequestQueue queue() {
    return requests.queue();
  }

  void connected(DeviceContext device) {
    context = device;
    requests.connected(device);
    ports.forEach(port -> requests.connected(device, port.thread()));
  }

  @Override
  public @Nullable HostThread begin(@Nullable Request oldest) {
    if (oldest == null) {
      return null;
    }
    Request unused = requests.take();
    if (oldest.header().limit() < SpiRequest.BYTES) {
      reply(oldest, PARAMETER_ERROR);
      return null;
    }
    String fault = head.wrap(oldest.header(), 0).fault(oldest, abilities, ports.size());
    if (fault != null) {
      context().log().info("a transfer is refused: {}", fault);
      reply(oldest, PARAMETER_ERROR);
      return null;
    }
    SpiPort port = ports.get(head.chipSelect());
    if (!port.thread().isFree()) {
      reply(oldest, TRANSFER_ERROR);
      return null;
    }
    port.transfer().become(head, oldest.reader(), oldest.room());
    oldest.deliverFaults();
    busy = port;
    port.thread().call(TRANSFER_MILLIS + port.transfer().length());
    return port.thread();
  }

  @Override
  public void ended(boolean inTime) {
    SpiPort port = Objects.requireNonNull(busy);
    if (!inTime) {
      context().log().warn("{} does not answer: its transfers fail until it does", port);
    }
    Request request = requests.underWay().get(0);
    boolean done = inTime && port.transfer().done();
    if (done) {
      port.transfer().copyTo(request.writer());
    }
    reply(request, done ? OK : TRANSFER_ERROR);
  }

  private void reply(Request request, int result) {
    counters.replied(result);
    request.reply(result);
  }

  @Override
  public void fail(Request request) {
    reply(request, TRANSFER_ERROR);
  }

  private DeviceContext context() {
    return Objects.requireNonNull(context);
  }
}
