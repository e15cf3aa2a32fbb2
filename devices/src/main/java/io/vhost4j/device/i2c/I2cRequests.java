package io.vhost4j.device.i2c;

import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceLog;
import io.vhost4j.device.HostThread;
import io.vhost4j.device.queue.HostRequests;
import io.vhost4j.device.queue.Request;
import io.vhost4j.device.queue.RequestQueue;
import io.vhost4j.device.queue.StatusPlace;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The requests of the queue, one after the other (I2). Those that the driver has grouped go over
 * the bus together, as far as the ring holds them (I4, I6).
 *
 * <pre>
 * request  out: 0 le16 address   2 le16 padding   4 le32 flags   8 what is written
 *          in:  what is read, then a byte of status
 * </pre>
 *
 * <p>Event loop only. The bus works on a copy, so nothing is written into a buffer that the driver
 * has back, however late the bus answers.
 */
final class I2cRequests implements HostRequests.Worker {
  /** The last address of 7 bits. */
  static final int LAST_OF_7_BITS = 0x7f;

  private static final int HEADER_BYTES = 8;
  private static final int FLAGS = 4;
  private static final int FAIL_NEXT = 1;
  private static final int READ = 2;

  private static final int OK = 0;
  private static final int ERROR = 1;

  /** What a bus has for a transfer, besides a millisecond for each byte (9 bits at 10 kHz). */
  private static final long TRANSFER_MILLIS = 5000;

  private final HostRequests requests;
  private final List<I2cPort> ports;
  private final I2cCounters counters;

  /** The one with a transfer. */
  private @Nullable I2cPort busy;

  /** The last request has failed and takes the next with it (I3). */
  private boolean failing;

  private boolean accepted;
  private boolean toldOfRefusal;

  private @Nullable DeviceContext context;

  I2cRequests(List<I2cPort> ports, int bound, I2cCounters counters) {
    this.ports = ports;
    this.counters = counters;
    requests = new HostRequests(HEADER_BYTES, 1, StatusPlace.LAST, bound, this);
  }

  RequestQueue queue() {
    return requests.queue();
  }

  void connected(DeviceContext device) {
    context = device;
    toldOfRefusal = false;
    requests.connected(device);
    ports.forEach(port -> requests.connected(device, port.thread()));
  }

  /** The driver may use the device, or may not (I1). */
  void accepted(boolean mayUse) {
    accepted = mayUse;
  }

  /** Forgets a failure. */
  void reset() {
    failing = false;
  }

  /** Has a request go over its bus, with those that are grouped with it and wait too (I4, I6). */
  @Override
  public @Nullable HostThread begin(@Nullable Request oldest) {
    if (oldest == null) {
      return null;
    }
    I2cPort port = failing ? null : port(oldest);
    if (port == null || !port.thread().isFree()) {
      Request unused = requests.take();
      fail(oldest);
      return null;
    }
    I2cTransfer transfer = port.transfer();
    transfer.clear();
    Request next = oldest;
    while (next != null && port(next) == port && !transfer.isFull()) {
      if (isRead(next)) {
        transfer.addRead(address(next), (int) next.room());
      } else {
        transfer.addWrite(address(next), next.reader());
        next.deliverFaults();
      }
      Request following = requests.take();
      next = failsNext(next) ? following : null;
    }
    if (next != null && transfer.isFull()) { // a stop would come in the middle of the group
      requests.underWay().forEach(this::fail);
      return null;
    }
    busy = port;
    port.thread().call(TRANSFER_MILLIS + transfer.bytes());
    return port.thread();
  }

  @Override
  public void ended(boolean inTime) {
    I2cPort port = Objects.requireNonNull(busy);
    if (!inTime) {
      log().warn("{} does not answer: its chips are absent until it does", port);
    }
    int done = inTime ? port.transfer().done() : 0;
    List<Request> sent = requests.underWay();
    for (int i = 0; i < sent.size(); i++) {
      Request request = sent.get(i);
      if (i >= done) {
        fail(request);
      } else {
        if (isRead(request)) {
          port.transfer().copyTo(request.writer(), i);
        }
        counters.done();
        request.reply(OK);
      }
    }
  }

  /** Answers with an error; what the driver has room for is zeroed (I8). */
  @Override
  public void fail(Request request) {
    failing = failsNext(request);
    counters.failed();
    request.reply(ERROR);
  }

  /** The bus of a request that is right, and whose address is allowed (I7); or null. */
  private @Nullable I2cPort port(Request request) {
    if (!accepted || !isRight(request)) {
      return null;
    }
    int address = address(request);
    for (int i = 0; i < ports.size(); i++) {
      if (ports.get(i).has(address)) {
        return ports.get(i);
      }
    }
    if (!toldOfRefusal) {
      toldOfRefusal = true;
      log()
          .info(
              "a driver asks for address 0x{}, which is refused as it is not on the device list;"
                  + " further ones are not told",
              Integer.toHexString(address));
    }
    return null;
  }

  /** It may be without data (I5). */
  private static boolean isRight(Request request) {
    ByteBuffer header = request.header();
    if (header.limit() < HEADER_BYTES
        || (header.getInt(FLAGS) & ~(FAIL_NEXT | READ)) != 0
        || address(request) < 0) {
      return false;
    }
    long written = request.reader().remaining();
    long read = request.room();
    return written <= I2cTransfer.MAX_BYTES
        && read <= I2cTransfer.MAX_BYTES
        && (isRead(request) ? written : read) == 0;
  }

  /**
   * Of 7 bits, or of 10 if it is above these; -1 if it is malformed, or in the wrong of the two.
   */
  private static int address(Request request) {
    int address = Short.toUnsignedInt(request.header().getShort(0));
    if ((address & 0xf9) == 0xf0) {
      int tenBits = (address >> 8) | ((address & 6) << 7);
      return tenBits > LAST_OF_7_BITS ? tenBits : -1;
    }
    return (address & 1) == 0 && address >> 1 <= LAST_OF_7_BITS ? address >> 1 : -1;
  }

  private static boolean isRead(Request request) {
    return (request.header().getInt(FLAGS) & READ) != 0;
  }

  private static boolean failsNext(Request request) {
    ByteBuffer header = request.header();
    return header.limit() >= HEADER_BYTES && (header.getInt(FLAGS) & FAIL_NEXT) != 0;
  }

  private DeviceLog log() {
    return Objects.requireNonNull(context).log();
  }
}
