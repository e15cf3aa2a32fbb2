package io.vhost4j.engine;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vhost4j.device.DeviceLog;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.event.NativeTransport;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * One device for its life, on one event loop, which is chosen at creation: serves it to one peer
 * after the other, see {@link #open}. Knows no transport.
 */
public final class DeviceEngine {
  /** Feature bits of rings and transport, offered for every device (B1, B2). */
  private static final long ENGINE_FEATURES =
      VirtioFeature.VERSION_1 | VirtioFeature.INDIRECT_DESC | VirtioFeature.EVENT_IDX;

  /** Feature bits that belong to the type of a device, of the 64 that vhost-user carries (2.2). */
  private static final long DEVICE_FEATURES = (1L << 24) - 1 | -1L << 50;

  private final VirtioDevice device;
  private final String name;
  private final long features;
  private final Polling polling;
  private final Context context;
  private final DeviceLog log;
  private final List<QueueCounters> counters;

  private DeviceEngine(Vertx vertx, VirtioDevice device, Polling polling, Supplier<String> label) {
    this.device = device;
    this.name = device.name();
    this.features = offered(device);
    this.polling = polling;
    this.context = NativeTransport.newLoop(vertx);
    this.log = new DeviceLog(context, label);
    this.counters =
        IntStream.range(0, device.queueCount()).mapToObj(i -> new QueueCounters()).toList();
  }

  /**
   * An engine that serves nobody yet.
   *
   * @param vertx has the native transport, see {@link NativeTransport#vertx}
   * @param device served by this engine alone, which closes it in the end
   * @param polling how long to look at rings that have run empty
   * @param label names the device in its log lines
   * @throws IllegalStateException if {@code vertx} runs without epoll
   * @throws IllegalArgumentException if the device offers features that it does not own, see {@link
   *     VirtioDevice#features()}
   */
  public static DeviceEngine create(
      Vertx vertx, VirtioDevice device, Polling polling, Supplier<String> label) {
    NativeTransport.require(vertx);
    return new DeviceEngine(vertx, device, polling, label);
  }

  private static long offered(VirtioDevice device) {
    long features = device.features();
    long foreign = features & ~DEVICE_FEATURES;
    if (foreign != 0) {
      throw new IllegalArgumentException(
          "%s: feature bits 0x%x are not a device's to offer, only bits 0 to 23 and 50 to 63"
              .formatted(device.name(), foreign));
    }
    return features | ENGINE_FEATURES;
  }

  /**
   * A session for a peer that has come; the one before has been closed. Event loop only.
   *
   * @param transport the way to the peer, not used before {@link DeviceSession#begin()}
   */
  public DeviceSession open(Transport transport) {
    return new DeviceSession(this, transport);
  }

  /**
   * Closes the device; the last session has been closed. Event loop only.
   *
   * @return that of the device
   */
  public Future<Void> close() {
    return Future.succeededFuture().compose(done -> device.close()).onComplete(done -> log.flush());
  }

  /** The device. */
  public VirtioDevice device() {
    return device;
  }

  /** The device's name, as {@link VirtioDevice#name()} gave it at creation. */
  public String name() {
    return name;
  }

  /** All feature bits that are offered to the driver. */
  public long features() {
    return features;
  }

  /** The context of the device, on its event loop. */
  public Context context() {
    return context;
  }

  /** The log of the device, for what a peer or its guest can cause. */
  public DeviceLog log() {
    return log;
  }

  /** What the queues have done, by index. Any thread. */
  public List<QueueCounters> counters() {
    return counters;
  }

  /** How long to look at rings that have run empty. */
  Polling polling() {
    return polling;
  }
}
