package io.vhost4j.device.gpio;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.vertx.core.Future;
import io.vhost4j.device.DeviceConfig;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A virtio GPIO device (VIRTIO 5.18): the lines of a {@link GpioChip}, with interrupts by edge and
 * by level.
 *
 * <p>A line is the host's until the driver gives it a direction, reads it, or enables its
 * interrupt, and is the host's again with direction "none" or a reset. A chip of the host may
 * block, so it has a thread; one that does not answer in time is left alone until it does. Then
 * lines that it was asked for meanwhile are made what the driver knows them as.
 */
final class GpioDevice implements VirtioDevice {
  static final int DEVICE_TYPE = 41;

  private static final long IRQ = 1;
  private static final int EVENT_QUEUE = 1;
  private static final int MOST_LINES = 0xffff;

  private final String name;
  private final GpioPort port;
  private final DeviceConfig config = new DeviceConfig(8);
  private final GpioCounters counters = new GpioCounters();
  private final GpioRequests requests;

  /**
   * A device with all lines of a chip.
   *
   * @param name names the device in log lines and meters
   * @param port closed with the device; of more than 65535 lines the first are used
   */
  GpioDevice(String name, GpioPort port) {
    this.name = name;
    this.port = port;
    List<String> all = port.chip().names();
    int count = Math.min(all.size(), MOST_LINES);
    byte[] names = names(all.subList(0, count));
    config.bytes().putShort(0, (short) count).putInt(4, names.length);
    requests = new GpioRequests(port, names, count, counters);
  }

  /** All names, each with a NUL behind it (G1); nothing if no line has one. */
  private static byte[] names(List<String> given) {
    Set<String> seen = new HashSet<>();
    StringBuilder all = new StringBuilder();
    for (String each : given) {
      String ascii = each.replaceAll("[^ -~]", "?");
      all.append(seen.add(ascii) ? ascii : "").append('\0'); // G1: they are unique
    }
    return all.length() == given.size()
        ? new byte[0]
        : all.toString().getBytes(StandardCharsets.US_ASCII);
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
    return 2;
  }

  @Override
  public long features() {
    return IRQ;
  }

  @Override
  public DeviceConfig config() {
    return config;
  }

  @Override
  public QueueHandler queue(int index) {
    return index == EVENT_QUEUE ? requests.interrupts() : requests.queue();
  }

  /** Meters with the tag {@code device}, and these. */
  MeterBinder meters(Tags tags) {
    return counters.meters(tags.and("device", name));
  }

  @Override
  public void connected(DeviceContext context) {
    requests.connected(context);
  }

  @Override
  public void featuresAcknowledged(long features) {
    requests.accepted((features & IRQ) != 0);
  }

  @Override
  public Future<Void> reset() {
    return requests.reset();
  }

  @Override
  public Future<Void> close() {
    port.close();
    return Future.succeededFuture();
  }
}
