package io.vhost4j.device.console;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.device.console.ControlMessages.SizeOrder;
import io.vhost4j.event.ListeningSocket;
import io.vhost4j.nativeio.ThisProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The device {@code console}: consoles and serial ports, with the options of the native daemon. */
public final class ConsoleDeviceProvider implements VirtioDeviceProvider {
  private static final String NESTED = "nested";
  private static final String NETWORK = "network";

  private static final DeviceOption BACKEND =
      DeviceOption.choice(
              "backend",
              "NAME",
              "Where the console is, if there is one and no other port",
              choices(
                  NESTED, "on the terminal of the daemon",
                  NETWORK, "at a TCP port of 127.0.0.1"))
          .aliases("b")
          .byDefault(NESTED);

  private static final DeviceOption TCP_PORT =
      DeviceOption.number(
              "tcp-port",
              "PORT",
              "TCP port of the first device's console, with --backend=network; the others have"
                  + " those that follow",
              1,
              65535)
          .aliases("p")
          .byDefault("12345");

  private static final DeviceOption MAX_QUEUE_SIZE =
      DeviceOption.number(
              "max-queue-size",
              "N",
              "Most entries of a queue that a frontend may ask for",
              1,
              32768)
          .aliases("q")
          .byDefault("1024");

  private static final DeviceOption CONSOLE =
      DeviceOption.text(
          "console",
          "END,...",
          "Instead of --backend: the guest's consoles, hvc0 first, each by its end on the host:"
              + " nested, network:PORT, unix:PATH, pty, pty:LINK or file:PATH, with NAME= in front"
              + " if it is to have a name");

  private static final DeviceOption SERIAL =
      DeviceOption.text(
          "serial",
          "NAME=END,...",
          "Serial ports, which the guest finds as /dev/virtio-ports/NAME, with ends like those of"
              + " --console");

  private static final DeviceOption SCROLLBACK =
      DeviceOption.number(
              "scrollback",
              "KIB",
              "KiB of output that each port keeps for who reads it later; a console forgets the"
                  + " oldest then, a serial port makes the guest wait",
              1,
              65536)
          .byDefault("64");

  private static final DeviceOption HOLD_MS =
      DeviceOption.number(
              "hold-ms",
              "N",
              "Longest that a console makes its guest wait for a slow reader before it forgets the"
                  + " oldest output; the guest's processor stands still meanwhile",
              0,
              60000)
          .inUnitsOf("milliseconds")
          .byDefault("500");

  private static final DeviceOption RESIZE_ORDER =
      DeviceOption.choice(
              "resize-order",
              "ORDER",
              "What comes first when the guest is told of another size of the window",
              choices(
                  "columns", "as the standard has it, and Linux since 2025",
                  "rows", "for guests with an older Linux"))
          .byDefault("columns");

  private static Map<String, String> choices(String one, String its, String other, String others) {
    Map<String, String> choices = new LinkedHashMap<>();
    choices.put(one, its);
    choices.put(other, others);
    return choices;
  }

  @Override
  public String name() {
    return "console";
  }

  @Override
  public int deviceType() {
    return ConsoleDevice.DEVICE_TYPE;
  }

  @Override
  public String summary() {
    return "Virtio consoles and serial ports";
  }

  @Override
  public SocketOptions socketOptions() {
    return SocketOptions.COUNTED;
  }

  @Override
  public List<DeviceOption> options() {
    return List.of(
        BACKEND, TCP_PORT, CONSOLE, SERIAL, SCROLLBACK, HOLD_MS, RESIZE_ORDER, MAX_QUEUE_SIZE);
  }

  @Override
  public void check(DeviceOptions options) throws DeviceOptionException {
    VirtioDeviceProvider.super.check(options);
    if (options.has(BACKEND) && hasPorts(options)) {
      throw new DeviceOptionException(
          "--backend=%s is for a device with one console: give --console=%s, and no --backend"
              .formatted(
                  options.text(BACKEND),
                  options.text(BACKEND).equals(NESTED) ? NESTED : "network:PORT"));
    }
    List<PortEnd> ports = ports(options);
    if (ports.size() > ConsoleDevice.MAX_PORTS) {
      throw new DeviceOptionException(
          "%d ports are too many: a device has up to %d"
              .formatted(ports.size(), ConsoleDevice.MAX_PORTS));
    }
    checkPlaces(ports);
  }

  @Override
  public void checkTogether(List<DeviceOptions> all) throws DeviceOptionException {
    List<PortEnd> ports = new ArrayList<>();
    for (DeviceOptions options : all) {
      ports.addAll(ports(options));
    }
    checkPlaces(ports);
  }

  /** Scripts of the native daemon may give the port of a console that is not at one. */
  @Override
  public List<String> warnings(List<DeviceOptions> all) {
    return all.stream()
        .filter(options -> options.has(TCP_PORT) && !isAtTcpPort(options))
        .map(
            options ->
                "--tcp-port=%s has no effect: %s puts the console there; or leave it out"
                    .formatted(
                        options.text(TCP_PORT),
                        hasPorts(options)
                            ? "--console=network:" + options.text(TCP_PORT)
                            : "--backend=network"))
        .distinct()
        .toList();
  }

  private static boolean hasPorts(DeviceOptions options) {
    return options.has(CONSOLE) || options.has(SERIAL);
  }

  private static boolean isAtTcpPort(DeviceOptions options) {
    return !hasPorts(options) && options.text(BACKEND).equals(NETWORK);
  }

  private static void checkPlaces(List<PortEnd> ports) throws DeviceOptionException {
    for (PortEnd port : ports) {
      long count = ports.stream().filter(port::isAtTheSamePlace).count();
      if (count > 1) {
        throw new DeviceOptionException(
            "there is one %s for %d ports: give the others another end, such as pty"
                .formatted(port.place(), count));
      }
    }
  }

  private static List<PortEnd> ports(DeviceOptions options) throws DeviceOptionException {
    List<PortEnd> ports = new ArrayList<>();
    if (hasPorts(options)) {
      PortEnd.addTo(ports, CONSOLE, options.text(CONSOLE), true);
      PortEnd.addTo(ports, SERIAL, options.text(SERIAL), false);
    } else if (!isAtTcpPort(options)) {
      ports.add(new PortEnd("", true, NESTED, ""));
    } else {
      long port = options.number(TCP_PORT) + options.index();
      if (port > 65535) {
        throw new DeviceOptionException(
            "--tcp-port=%d: device %d would have port %d: choose a lower one"
                .formatted(options.number(TCP_PORT), options.index(), port));
      }
      ports.add(new PortEnd("", true, NETWORK, String.valueOf(port)));
    }
    return ports;
  }

  @Override
  public OpenDevice open(DeviceOptions options) throws DeviceException {
    check(options);
    List<ConsolePort> ports = new ArrayList<>();
    List<String> descriptions = new ArrayList<>();
    try {
      for (PortEnd port : ports(options)) {
        HostEnd end = open(port);
        String where = end instanceof PtyEnd pty ? port + " at " + pty.path() : port.toString();
        ports.add(
            new ConsolePort(
                ports.size(),
                new PortConfig(
                    port.name(),
                    port.isConsole(),
                    where,
                    (int) options.number(SCROLLBACK) << 10,
                    options.number(HOLD_MS)),
                end));
        descriptions.add((port.isConsole() ? "console " : "serial port ") + where);
      }
    } catch (IOException e) {
      ports.forEach(ConsolePort::close);
      throw new DeviceException(e);
    }
    ConsoleDevice device =
        new ConsoleDevice(
            options.name(),
            Integer.highestOneBit((int) options.number(MAX_QUEUE_SIZE)),
            ports,
            options.text(RESIZE_ORDER).equals("rows")
                ? SizeOrder.ROWS_FIRST
                : SizeOrder.COLUMNS_FIRST);
    return new OpenDevice(
        device,
        descriptions.stream().collect(Collectors.joining(", ")),
        tags -> new ConsoleMetrics(device, tags));
  }

  private static HostEnd open(PortEnd port) throws IOException {
    String where = port.where();
    return switch (port.kind()) {
      // Whoever presses Ctrl-C on any other terminal of the daemon's does the same.
      case NESTED -> TerminalEnd.open(ThisProcess::terminate);
      case NETWORK -> new ListeningEnd(ListeningSocket.onLoopback(Integer.parseInt(where)));
      case "unix" -> new ListeningEnd(ListeningSocket.at(Path.of(where), path -> {}));
      case "pty" -> PtyEnd.open(where.isEmpty() ? null : Path.of(where));
      default -> FileEnd.open(Path.of(where));
    };
  }

  @Override
  public String qemuDevice(DeviceOptions options) {
    int ports;
    try {
      ports = ports(options).size();
    } catch (DeviceOptionException e) {
      throw new IllegalArgumentException(e); // they have been checked
    }
    return "vhost-user-test-device-pci,virtio-id=%d,num_vqs=%d,config_size=%d"
        .formatted(
            ConsoleDevice.DEVICE_TYPE, ConsoleDevice.queues(ports), ConsoleDevice.CONFIG_BYTES);
  }
}
