package io.vhost4j.device.spi;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.vertx.core.Future;
import io.vhost4j.device.DeviceConfig;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import java.util.List;

/**
 * A virtio SPI controller (VIRTIO 5.21): gives a driver chips of the host, one at each chip select.
 *
 * <p>Transfers are made one after the other, each with its chip selected from its beginning to its
 * end. They may block, so each chip has a thread; one that does not answer in time is left alone
 * until it does.
 */
final class SpiDevice implements VirtioDevice {
  static final int DEVICE_TYPE = 45;

  private final String name;
  private final List<SpiPort> ports;
  private final DeviceConfig config;
  private final SpiCounters counters = new SpiCounters();
  private final SpiRequests requests;

  /**
   * Takes the ports, and closes them in the end.
   *
   * @param name names the device in log lines and meters
   * @param ports one for each chip select, 1 to 255
   * @param abilities what all of the chips can do
   */
  SpiDevice(String name, List<SpiPort> ports, SpiAbilities abilities) {
    this.name = name;
    this.ports = List.copyOf(ports);
    config = abilities.config(ports.size());
    requests = new SpiRequests(this.ports, abilities, maxQueueSize(), counters);
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
  public DeviceConfig config() {
    return config;
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
  public Future<Void> close() {
    ports.forEach(SpiPort::close);
    return Future.succeededFuture();
  }
}
