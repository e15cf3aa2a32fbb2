package io.vhost4j.device.console;

import io.vhost4j.device.DeviceLog;
import io.vhost4j.device.queue.PostedBuffers;
import io.vhost4j.device.queue.ReadBuffers;
import io.vhost4j.nativeio.Terminal;
import io.vhost4j.virtqueue.ChainReader;
import io.vhost4j.virtqueue.ChainWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tells the driver of the ports, and hears which of them it has open (VIRTIO 5.3.6.2, 5.3.6.3).
 * What is to be told is the present state of a port, once, however often it has changed and however
 * often the driver asks: nothing piles up. Event loop only.
 */
final class ControlMessages implements PostedBuffers.Source, ReadBuffers.Sink {
  /** What the driver is to be told of a port, in this order (K3). */
  private static final int[] ORDER = {
    ControlMessage.DEVICE_ADD,
    ControlMessage.CONSOLE_PORT,
    ControlMessage.RESIZE,
    ControlMessage.PORT_NAME,
    ControlMessage.PORT_OPEN
  };

  /** In which order RESIZE has the two sizes: Linux has changed its mind in 2025. */
  enum SizeOrder {
    COLUMNS_FIRST,
    ROWS_FIRST
  }

  /** Longest message: a name may have a few hundred bytes. */
  private static final int MAX_BYTES = 512;

  private final List<ConsolePort> ports;
  private final SizeOrder sizeOrder;
  private final PostedBuffers receiveQueue = new PostedBuffers(this);
  private final ReadBuffers transmitQueue = new ReadBuffers(this);
  private final ByteBuffer in = ByteBuffer.allocate(ControlMessage.SIZE);
  private final ByteBuffer out = ByteBuffer.allocate(MAX_BYTES);
  private final ControlMessage message = new ControlMessage();
  private final PortState[] states;

  private @Nullable DeviceLog log;
  private boolean tellsSizes;

  /** What the driver knows of a port, and what it is to be told. */
  private static final class PortState {
    boolean added;
    boolean ready;
    boolean toldOpen;

    /** A bit for each event that is to be sent. */
    int pending;
  }

  ControlMessages(List<ConsolePort> ports, SizeOrder sizeOrder) {
    this.ports = ports;
    this.sizeOrder = sizeOrder;
    this.states = new PortState[ports.size()];
    reset();
  }

  PostedBuffers receiveQueue() {
    return receiveQueue;
  }

  ReadBuffers transmitQueue() {
    return transmitQueue;
  }

  /**
   * @param tellsSizes whether the driver has acknowledged SIZE
   */
  void acknowledged(boolean tellsSizes) {
    this.tellsSizes = tellsSizes;
  }

  void connected(DeviceLog deviceLog) {
    log = deviceLog;
  }

  /** Another driver begins, which knows no port. */
  void reset() {
    transmitQueue.reset();
    for (int i = 0; i < states.length; i++) {
      states[i] = new PortState();
    }
  }

  /** Somebody has come to the host's end of a port or gone, or its window has another size. */
  void changed(ConsolePort port, boolean resized) {
    PortState state = states[port.id()];
    if (state.ready) {
      if (resized) {
        want(port, ControlMessage.RESIZE);
      }
      if (port.end().isOpen() != state.toldOpen) {
        want(port, ControlMessage.PORT_OPEN);
      }
      receiveQueue.fill();
    }
  }

  private void want(ConsolePort port, int event) {
    PortConfig config = port.config();
    boolean applies =
        switch (event) {
          case ControlMessage.CONSOLE_PORT -> config.isConsole();
          case ControlMessage.RESIZE -> config.isConsole() && tellsSizes && port.size() != null;
          case ControlMessage.PORT_NAME -> !config.name().isEmpty();
          default -> true;
        };
    if (applies) {
      states[port.id()].pending |= 1 << event;
    }
  }

  // What the driver says

  /** K6: one that is too short, or of no event or port that there is, is nothing to the device. */
  @Override
  public boolean take(ChainReader buffer) {
    if (buffer.remaining() >= ControlMessage.SIZE) {
      buffer.read(in.clear());
      message.wrap(in, 0);
      obey(message.id(), message.event(), message.value() == 1);
    }
    return true;
  }

  private void obey(long id, int event, boolean value) {
    if (event == ControlMessage.DEVICE_READY) {
      deviceReady(value);
      return;
    }
    if (id >= ports.size()) {
      return;
    }
    ConsolePort port = ports.get((int) id);
    if (event == ControlMessage.PORT_READY) {
      portReady(port, value);
    } else if (event == ControlMessage.PORT_OPEN) {
      port.driverOpen(value);
    }
  }

  /** K1, K2. */
  private void deviceReady(boolean ready) {
    for (ConsolePort port : ports) {
      PortState state = states[port.id()];
      if (ready && !state.added) {
        state.added = true;
        want(port, ControlMessage.DEVICE_ADD);
      }
    }
    if (!ready && log != null) {
      log.warn("the driver cannot use the device: its kernel's log may say why");
    }
    receiveQueue.fill();
  }

  /** K3. Linux says so again when it goes on after a suspension, of ports that it knows (F9). */
  private void portReady(ConsolePort port, boolean ready) {
    PortState state = states[port.id()];
    state.ready = ready;
    state.toldOpen = false;
    if (!ready) {
      state.pending = 0;
      if (log != null) {
        log.warn("the driver cannot use port {}: its kernel's log may say why", port.id());
      }
      return;
    }
    state.added = true;
    state.pending &= ~(1 << ControlMessage.DEVICE_ADD);
    want(port, ControlMessage.CONSOLE_PORT);
    want(port, ControlMessage.RESIZE);
    want(port, ControlMessage.PORT_NAME);
    if (port.end().isOpen()) {
      want(port, ControlMessage.PORT_OPEN);
    }
    receiveQueue.fill();
  }

  // What the driver is told

  @Override
  public int fill(ChainWriter buffer) {
    for (ConsolePort port : ports) {
      PortState state = states[port.id()];
      for (int event : ORDER) {
        if ((state.pending & 1 << event) != 0) {
          state.pending &= ~(1 << event);
          compose(port, state, event);
          if (out.remaining() <= buffer.size()) {
            int length = out.remaining();
            buffer.write(out);
            return length;
          }
        }
      }
    }
    return 0;
  }

  private void compose(ConsolePort port, PortState state, int event) {
    int value = event == ControlMessage.CONSOLE_PORT ? 1 : 0;
    if (event == ControlMessage.PORT_OPEN) {
      state.toldOpen = port.end().isOpen();
      value = state.toldOpen ? 1 : 0;
    }
    message.wrap(out.clear(), 0).set(port.id(), event, value);
    out.position(ControlMessage.SIZE);
    Terminal.Size size = port.size();
    if (event == ControlMessage.RESIZE && size != null) {
      boolean columnsFirst = sizeOrder == SizeOrder.COLUMNS_FIRST;
      out.putShort((short) (columnsFirst ? size.columns() : size.rows()));
      out.putShort((short) (columnsFirst ? size.rows() : size.columns()));
    } else if (event == ControlMessage.PORT_NAME) {
      out.put(port.config().name().getBytes(StandardCharsets.UTF_8));
    }
    out.flip();
  }
}
