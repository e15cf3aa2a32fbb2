package io.vhost4j.device.can;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.device.DeviceConfig;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.queue.PostedBuffers;
import io.vhost4j.device.queue.Request;
import io.vhost4j.device.queue.RequestQueue;
import io.vhost4j.device.queue.StatusPlace;
import io.vhost4j.virtqueue.ChainWriter;
import io.vhost4j.virtqueue.DescriptorChain;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A virtio CAN controller (VIRTIO 5.20) on a {@link CanBus}.
 *
 * <p>A driver starts it and stops it (L1, L2, L8). While it is started, frames of the bus go into
 * the driver's buffers in their order, and as many as {@link #INBOX} wait for buffers; what comes
 * then is lost and counted.
 *
 * <pre>
 *   control queue   0      2           config space   0        2
 *                   | type | result |                 | status |
 * </pre>
 */
final class CanDevice implements VirtioDevice, CanBus.Listener {
  static final int DEVICE_TYPE = 36;

  private static final int TX = 0;
  private static final int RX = 1;
  private static final int QUEUES = 3;

  private static final long CLASSIC = 1 << 0;
  private static final long FD = 1 << 1;
  private static final long RTR_FRAMES = 1 << 2;
  private static final long LATE_TX_ACK = 1 << 3;

  private static final int START = 0x0201;
  private static final int STOP = 0x0202;
  private static final int OK = 0;
  private static final int NOT_OK = 1;
  private static final int COMMANDS = 16;

  private static final int CONFIG_BYTES = 2;
  private static final short BUS_OFF = 1;

  /** Frames that wait for buffers of the driver. */
  static final int INBOX = 1024;

  /**
   * How long the news of a bus are kept after START, unless the driver sends a frame itself, and
   * the reply to STOP after the last of them. Linux' driver has the reply to START a moment before
   * it can be interrupted, and with the reply to STOP it can be no more: an interrupt that comes in
   * between is lost, and with it each further one until the driver is loaded anew.
   */
  static final long SETTLING_MILLIS = 50;

  private final String name;
  private final CanBus bus;
  private final long settlingMillis;
  private final DeviceConfig config = new DeviceConfig(CONFIG_BYTES);
  private final CanCounters counters = new CanCounters();
  private final FrameRing inbox = new FrameRing(INBOX);
  private final TransmitQueue transmit = new TransmitQueue(this::send, counters);
  private final PostedBuffers receive = new PostedBuffers(new Inbox());
  private final RequestQueue control =
      new RequestQueue(Short.BYTES, Byte.BYTES, StatusPlace.FIRST, COMMANDS, new Commands());

  /** STOP that was obeyed, and is to be replied to. */
  private final ArrayDeque<Request> stops = new ArrayDeque<>(COMMANDS);

  /** Made once. */
  private final Runnable toAndFro = this::toAndFro;

  private long features;
  private boolean started;
  private boolean overrun;
  private @Nullable DeviceContext context;

  /** The timer until whose end the news of the bus are kept; null if they are not. */
  private @Nullable Long settling;

  /**
   * A controller that is stopped.
   *
   * @param settlingMillis {@link #SETTLING_MILLIS}, or 0
   */
  CanDevice(String name, CanBus bus, long settlingMillis) {
    this.name = name;
    this.bus = bus;
    this.settlingMillis = settlingMillis;
  }

  CanCounters counters() {
    return counters;
  }

  @Override
  public int deviceType() {
    return DEVICE_TYPE;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int queueCount() {
    return QUEUES;
  }

  /** (L3) */
  @Override
  public long features() {
    return CLASSIC | RTR_FRAMES | LATE_TX_ACK | (bus.takesFd() ? FD : 0);
  }

  @Override
  public DeviceConfig config() {
    return config;
  }

  @Override
  public QueueHandler queue(int index) {
    return switch (index) {
      case TX -> transmit;
      case RX -> receive;
      default -> control;
    };
  }

  @Override
  public void connected(DeviceContext itsContext) {
    context = itsContext;
  }

  @Override
  public void featuresAcknowledged(long acknowledged) {
    features = acknowledged;
  }

  @Override
  public Future<Void> reset() {
    leaveBus();
    stops.clear();
    config.bytes().putShort(0, (short) 0);
    return Future.succeededFuture();
  }

  // Commands

  /** What the control queue takes. */
  private final class Commands implements RequestQueue.Handler {
    @Override
    public void handle(Request command) {
      boolean whole = command.header().remaining() == Short.BYTES;
      int type = whole ? Short.toUnsignedInt(command.header().getShort(0)) : 0;
      switch (type) {
        case START -> command.reply(start());
        case STOP -> stop(command);
        default -> command.reply(NOT_OK);
      }
    }

    @Override
    public void stopping(Request command) {
      stops.remove(command);
      command.reply(OK);
    }
  }

  private int start() {
    if (started) {
      return OK;
    }
    DeviceContext present = Objects.requireNonNull(context);
    try {
      bus.start(present, this, (features & LATE_TX_ACK) != 0);
    } catch (IOException e) {
      present.log().warn("the controller cannot be started: {}", e.getMessage());
      return NOT_OK;
    }
    started = true;
    if (settlingMillis > 0) {
      settling = setTimer(this::settled);
    }
    if (config.bytes().getShort(0) != 0) {
      config.bytes().putShort(0, (short) 0);
      present.configChanged();
    }
    return OK;
  }

  private void stop(Request command) {
    leaveBus();
    transmit.cancel();
    if (settlingMillis > 0) {
      stops.add(command);
      long unused = setTimer(timer -> touchMemory(this::replyToStop));
    } else {
      command.reply(OK);
    }
  }

  private void replyToStop() {
    Request oldest = stops.poll();
    if (oldest != null) {
      oldest.reply(OK);
    }
  }

  private long setTimer(Handler<Long> handler) {
    DeviceContext present = Objects.requireNonNull(context);
    return ((ContextInternal) present.context()).setTimer(settlingMillis, handler);
  }

  private void settled(Long timer) {
    if (timer.equals(settling)) {
      settling = null;
      touchMemory(receive::fill);
      tellBusOff();
    }
  }

  private void leaveBus() {
    started = false;
    settling = null;
    overrun = false;
    bus.stop();
    inbox.clear();
  }

  // Frames of the driver

  /** A frame that is refused changes nothing else (L11). */
  private CanBus.Sent send(CanFrame frame) {
    if (settling != null) {
      settled(settling);
    }
    return started && isNegotiated(frame) ? bus.send(frame) : CanBus.Sent.REFUSED;
  }

  private boolean isNegotiated(CanFrame frame) {
    long needed = frame.has(CanFrame.FD) ? FD : CLASSIC;
    if (frame.has(CanFrame.RTR)) {
      needed |= RTR_FRAMES;
    }
    return (features & needed) == needed;
  }

  // Frames of the bus

  /** What the rx queue is filled from. */
  private final class Inbox implements PostedBuffers.Source {
    @Override
    public boolean fits(DescriptorChain buffer) {
      return buffer.writer().size() >= CanFrame.HEADER;
    }

    /** A frame for which the buffer is too small is dropped, and the buffer stays (L9). */
    @Override
    public int fill(ChainWriter buffer) {
      if (settling != null) {
        return 0;
      }
      for (CanFrame frame = inbox.peek(); frame != null; frame = inbox.peek()) {
        inbox.remove(); // it stays as it is, as nobody adds one meanwhile
        if (frame.size() <= buffer.size()) {
          counters.received++;
          frame.write(buffer);
          return frame.size();
        }
        counters.tooLarge++;
      }
      return 0;
    }
  }

  @Override
  public void received(CanFrame frame) {
    if (!isNegotiated(frame)) {
      counters.notNegotiated++;
    } else if (!inbox.offer(frame)) {
      counters.overruns++;
      if (!overrun) {
        overrun = true;
        log("frames are lost, as the guest has no buffers for them");
      }
    }
  }

  private void log(String what) {
    Objects.requireNonNull(context).log().warn(what);
  }

  @Override
  public void confirmed(CanFrame frame) {
    transmit.confirm(frame);
  }

  @Override
  public int failLost() {
    touchMemory(transmit::failLost);
    return transmit.underway();
  }

  @Override
  public void missed(int count) {
    counters.missed += count;
    transmit.confirmAll();
  }

  @Override
  public void gone() {
    touchMemory(transmit::cancel);
  }

  @Override
  public void ready() {
    touchMemory(toAndFro);
  }

  private void toAndFro() {
    receive.fill();
    transmit.goOn();
  }

  /** (L7) The driver learns of it by the configuration space. */
  @Override
  public void busOff() {
    counters.busOffs++;
    Long timer = settling;
    leaveBus();
    settling = timer;
    config.bytes().putShort(0, BUS_OFF);
    touchMemory(transmit::cancel);
    tellBusOff();
  }

  private void tellBusOff() {
    if (settling == null && config.bytes().getShort(0) == BUS_OFF) {
      Objects.requireNonNull(context).configChanged();
    }
  }

  /** Does what is caused by the bus: a frontend's memory may be gone. */
  private void touchMemory(Runnable action) {
    try {
      action.run();
    } catch (InternalError e) {
      Objects.requireNonNull(context).fail("the frontend has cut its memory short");
    }
  }
}
