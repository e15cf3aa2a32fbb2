package io.vhost4j.bench.workload;

import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.Connection;
import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.device.can.CanDeviceProvider;
import io.vhost4j.device.gpio.GpioDeviceProvider;
import io.vhost4j.device.i2c.I2cDeviceProvider;
import io.vhost4j.vhostuser.frontend.FrontendQueue;
import io.vhost4j.virtqueue.DriverQueue;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A request that a device answers, sent as Linux' driver sends it: what the device reads in one
 * descriptor, what it writes in the others, the last of which begins with its status.
 */
@SuppressWarnings("ImmutableEnumChecker") // providers only make devices
public enum Request implements Workload {
  /** The level of line 0, an input. */
  GPIO("gpio read", new GpioDeviceProvider(), "device-list", "s8", 0, 2, 1, 1) {
    @Override
    int[] lengths(int payload) {
      return new int[] {8, 1 + payload};
    }

    @Override
    void write(ByteBuffer request, int payload) {
      request.putShort((short) 4); // GET_VALUE
    }

    @Override
    public void start(Connection connection) throws BenchException {
      ByteBuffer setDirection = ByteBuffer.allocate(8).put((byte) 3).position(4).put((byte) 2);
      exchange(connection, 0, setDirection.rewind(), 2);
    }
  },

  /** Bytes that are read from the chip at 0x1c, from where the last access has ended. */
  I2C("i2c read", new I2cDeviceProvider(), "device-list", "sim:28", 1, 1, 16, 256) {
    @Override
    int[] lengths(int payload) {
      return new int[] {8, payload, 1};
    }

    @Override
    void write(ByteBuffer request, int payload) {
      request.putShort((short) (0x1c << 1)).putShort((short) 0).putInt(2); // READ
    }

    @Override
    public void start(Connection connection) {}
  },

  /** A classic frame, until the device says that it is sent. Nobody answers. */
  CAN("can frame", new CanDeviceProvider(), "can-devices", "pair:bench", 1, 3, 8, 8) {
    @Override
    int[] lengths(int payload) {
      return new int[] {16 + payload, 1};
    }

    @Override
    void write(ByteBuffer request, int payload) {
      request.putShort((short) 1).putShort((short) payload).putInt(0).putInt(0).putInt(0x123);
    }

    @Override
    public void start(Connection connection) throws BenchException {
      ByteBuffer start = ByteBuffer.allocate(2).put((byte) 1).put((byte) 2);
      exchange(connection, 2, start.rewind(), 1);
    }
  };

  private static final int PAGE = 4096;

  private final String label;
  private final VirtioDeviceProvider provider;
  private final String option;
  private final String value;
  private final long features;
  private final int queues;
  private final int usualPayload;
  private final int mostPayload;

  Request(
      String label,
      VirtioDeviceProvider provider,
      String option,
      String value,
      long features,
      int queues,
      int usualPayload,
      int mostPayload) {
    this.label = label;
    this.provider = provider;
    this.option = option;
    this.value = value;
    this.features = features;
    this.queues = queues;
    this.usualPayload = usualPayload;
    this.mostPayload = mostPayload;
  }

  /** Bytes of each descriptor. */
  abstract int[] lengths(int payload);

  /** Writes what the device reads, but for data, of which any will do. */
  abstract void write(ByteBuffer request, int payload);

  /** Its name in tables. */
  public String label() {
    return label;
  }

  /** The device's name, as of its provider. */
  public String device() {
    return provider.name();
  }

  /** The options of our daemon that have it serve a piece of hardware. */
  public String serving(String hardware) {
    return "'--%s=%s'".formatted(option, hardware);
  }

  @Override
  public String daemon() {
    return "vhost-device-" + provider.name();
  }

  @Override
  public List<Setup> setups() {
    return List.of(new Setup("", serving(value)));
  }

  @Override
  public VirtioDevice open() throws BenchException {
    try {
      return provider.open(new DeviceOptions(provider.name(), Map.of(option, value))).device();
    } catch (DeviceException e) {
      throw new BenchException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public long features() {
    return features;
  }

  @Override
  public int usualPayload() {
    return usualPayload;
  }

  @Override
  public int queues() {
    return queues;
  }

  @Override
  public int queue() {
    return 0;
  }

  @Override
  public int payload(int bytes) {
    return Math.max(1, Math.min(bytes, mostPayload));
  }

  /** Sends a request once, which has one descriptor for the answer, and waits for that. */
  final void exchange(Connection connection, int queue, ByteBuffer request, int answer)
      throws BenchException {
    int size = request.remaining();
    long page = connection.memory().allocate(PAGE, PAGE);
    ByteBuffer memory = slice(connection, page, size + answer).put(request).put((byte) -1);
    FrontendQueue ring = connection.queue(queue);
    var unused =
        connection.add(
            ring.driver(), new long[] {page, page + size}, new int[] {size, answer}, 1, 1);
    connection.exchange(ring);
    check(memory.get(size));
  }

  private void check(byte status) throws BenchException {
    if (status != 0) {
      throw new BenchException(
          "the device %s answered status %d".formatted(device(), Byte.toUnsignedInt(status)));
    }
  }

  private static ByteBuffer slice(Connection connection, long address, int bytes) {
    return Objects.requireNonNull(connection.memory().memory().slice(address, bytes));
  }

  @Override
  public long size(int payload, int count) {
    return (long) count * stride(lengths(payload(payload)));
  }

  private static int stride(int[] lengths) {
    int bytes = 0;
    for (int length : lengths) {
      bytes += length;
    }
    return (bytes + 63) / 64 * 64;
  }

  @Override
  public Chains chains(Connection connection, long address, int payload, int count) {
    return new Requests(connection, address, payload, count);
  }

  private final class Requests implements Chains {
    private final Connection connection;
    private final int[] lengths;
    private final long[][] addresses;
    private final ByteBuffer[] statuses;

    Requests(Connection connection, long start, int payload, int count) {
      this.connection = connection;
      lengths = lengths(payload);
      addresses = new long[count][lengths.length];
      statuses = new ByteBuffer[count];
      for (int slot = 0; slot < count; slot++) {
        long address = start + (long) slot * stride(lengths);
        write(slice(connection, address, lengths[0]), payload);
        for (int i = 0; i < lengths.length; i++) {
          addresses[slot][i] = address;
          address += lengths[i];
        }
        statuses[slot] = slice(connection, addresses[slot][lengths.length - 1], 1);
      }
    }

    @Override
    public int add(DriverQueue queue, int slot) {
      statuses[slot].put(0, (byte) -1);
      return connection.add(queue, addresses[slot], lengths, 1, lengths.length - 1);
    }

    @Override
    public void check(int slot) throws BenchException {
      Request.this.check(statuses[slot].get(0));
    }
  }
}
