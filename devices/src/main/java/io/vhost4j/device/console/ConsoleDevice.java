package io.vhost4j.device.console;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceConfig;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.console.ControlMessages.SizeOrder;
import io.vhost4j.nativeio.Terminal;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A virtio console device (VIRTIO 5.3): a guest's consoles and serial ports, each wired to an end
 * of its own on the host. Drivers that do not know MULTIPORT have the first one, as a console (K7).
 *
 * <p>The ends are open for the whole life of the device, from its first frontend on: whoever reads
 * there stays connected while guests come and go.
 */
final class ConsoleDevice implements VirtioDevice {
  static final int DEVICE_TYPE = 3;

  /** Most ports: Linux' tools count no further, and neither do those of QEMU. */
  static final int MAX_PORTS = 31;

  static final int CONFIG_BYTES = 12;

  private static final long SIZE = 1;
  private static final long MULTIPORT = 1 << 1;
  private static final long EMERG_WRITE = 1 << 2;

  /* The configuration space (VIRTIO 5.3.4). */
  private static final int COLUMNS = 0;
  private static final int ROWS = 2;
  private static final int MAX_NR_PORTS = 4;
  private static final int EMERGENCY = 8;

  private static final int CONTROL_TRANSMIT = 3;

  private final String name;
  private final int maxQueueSize;
  private final List<ConsolePort> ports;
  private final ControlMessages control;
  private final List<QueueHandler> queues = new ArrayList<>();
  private final DeviceConfig config = new DeviceConfig(CONFIG_BYTES);
  private final Terminal.@Nullable Size[] sizes;

  private @Nullable DeviceContext device;
  private boolean attached;

  /** Until a driver says otherwise it knows of more than one port. */
  private long acknowledged = MULTIPORT;

  /**
   * A device with these ports, whose numbers are their places in the list.
   *
   * @param ports 1 to {@link #MAX_PORTS}
   */
  ConsoleDevice(String name, int maxQueueSize, List<ConsolePort> ports, SizeOrder sizeOrder) {
    this.name = name;
    this.maxQueueSize = maxQueueSize;
    this.ports = List.copyOf(ports);
    this.control = new ControlMessages(this.ports, sizeOrder);
    this.sizes = new Terminal.@Nullable Size[ports.size()];
    for (ConsolePort port : ports) {
      queues.add(port.receiveQueue());
      queues.add(port.transmitQueue());
      if (port.id() == 0) {
        queues.add(control.receiveQueue());
        queues.add(control.transmitQueue());
      }
      sizes[port.id()] = port.size();
    }
    config.bytes().putInt(MAX_NR_PORTS, ports.size());
    config.writable(EMERGENCY, 1, this::emergency).writable(EMERGENCY + 1, 3, () -> {});
    showSize();
  }

  /** How many queues a device has (K8). */
  static int queues(int ports) {
    return 2 * (ports + 1);
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
    return queues.size();
  }

  @Override
  public int maxQueueSize() {
    return maxQueueSize;
  }

  @Override
  public long features() {
    return SIZE | MULTIPORT | EMERG_WRITE;
  }

  @Override
  public DeviceConfig config() {
    return config;
  }

  /** Linux' driver: with control messages, and the output of consoles. */
  @Override
  public boolean driverSpins(int index) {
    return index == CONTROL_TRANSMIT
        || ports.stream()
            .anyMatch(port -> port.config().isConsole() && queue(index) == port.transmitQueue());
  }

  @Override
  public QueueHandler queue(int index) {
    return queues.get(index);
  }

  List<ConsolePort> ports() {
    return ports;
  }

  @Override
  public void connected(DeviceContext context) {
    device = context;
    control.connected(context.log());
    if (!attached) {
      attached = true;
      for (ConsolePort port : ports) {
        attach(context, port);
      }
    }
    ports.forEach(port -> port.connected(context));
  }

  private void attach(DeviceContext context, ConsolePort port) {
    try {
      port.end().attach(context.context(), () -> changed(port));
    } catch (IOException e) {
      context.log().error("port {}: no {}: {}", port.id(), port.config().where(), e.getMessage());
    }
  }

  /** Something has happened at the host's end of a port. */
  private void changed(ConsolePort port) {
    Terminal.Size size = port.size();
    boolean resized = size != null && !size.equals(sizes[port.id()]);
    sizes[port.id()] = size;
    DeviceContext present = device;
    if (present == null) {
      port.move();
      return;
    }
    try {
      control.changed(port, resized);
    } catch (InternalError e) {
      present.fail("the frontend has cut its memory short");
    }
    if (resized && port.id() == 0) {
      showSize();
      if ((acknowledged & SIZE) != 0) {
        present.configChanged();
      }
    }
    port.move();
  }

  private void showSize() {
    Terminal.Size size = sizes[0];
    if (size != null) {
      config.bytes().putShort(COLUMNS, (short) size.columns());
      config.bytes().putShort(ROWS, (short) size.rows());
    }
  }

  private void emergency() {
    ports.get(0).emergency(config.bytes().get(EMERGENCY));
  }

  @Override
  public void featuresAcknowledged(long features) {
    boolean another = ((features ^ acknowledged) & MULTIPORT) != 0;
    acknowledged = features;
    control.acknowledged((features & SIZE) != 0);
    if (another) { // and not when a guest goes on, whose ports may be open
      openOnly();
    }
  }

  /** K7: the only port of a driver that does not know of others is open at once. */
  private void openOnly() {
    ports.get(0).driverOpen((acknowledged & MULTIPORT) == 0);
  }

  @Override
  public Future<Void> reset() {
    control.reset();
    ports.forEach(ConsolePort::reset);
    openOnly();
    return Future.succeededFuture();
  }

  @Override
  public void disconnected() {
    device = null;
    ports.forEach(ConsolePort::disconnected);
  }

  @Override
  public Future<Void> close() {
    ports.forEach(ConsolePort::close);
    return Future.succeededFuture();
  }
}
