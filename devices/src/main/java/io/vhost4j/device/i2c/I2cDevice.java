package io.vhost4j.device.i2c;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.vertx.core.Future;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import java.util.List;

/**
 * A virtio I2C adapter (VIRTIO 5.16): gives a driver some chips of the host's buses, as if they
 * were on one bus.
 *
 * <p>Requests are done one after the other, those of a group that the ring holds in one transfer.
 * Addresses that the device was not given are as empty as those without a chip. The host's buses
 * may block, so each has a thread; one that does not answer in time is left alone until it does.
 */
final class I2cDevice implements VirtioDevice {
  static final int DEVICE_TYPE = 34;

  /** Messages may be empty; a feature that every driver has to accept (I1). */
  static final long ZERO_LENGTH_REQUEST = 1;

  private final String name;
  private final List<I2cPort> ports;
  private final I2cCounters counters = new I2cCounters();
  private final I2cRequests requests;

  /**
   * Takes the ports, and closes them in the end.
   *
   * @param name names the device in log lines and meters
   */
  I2cDevice(String name, List<I2cPort> ports) {
    this.name = name;
    this.ports = List.copyOf(ports);
    requests = new I2cRequests(this.ports, maxQueueSize(), counters);
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
    return 1;
  }

  @Override
  public long features() {
    return ZERO_LENGTH_REQUEST;
  }

  @Override
  public QueueHandler queue(int index) {
    return requests.queue();
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
    requests.accepted((features & ZERO_LENGTH_REQUEST) != 0);
  }

  @Override
  public Future<Void> reset() {
    requests.reset();
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> close() {
    ports.forEach(I2cPort::close);
    return Future.succeededFuture();
  }
}
