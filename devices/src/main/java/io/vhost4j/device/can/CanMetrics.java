package io.vhost4j.device.can;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.ToDoubleFunction;

/**
 * Meters of a CAN device. They read plain counters whenever the registry asks.
 *
 * <table>
 * <caption>All have the tag {@code device}</caption>
 * <tr><td>vhost.can.frames</td><td>tag direction: frames that the guest has sent (tx) and received
 * (rx)</td></tr>
 * <tr><td>vhost.can.refused</td><td>frames of the guest that were not sent</td></tr>
 * <tr><td>vhost.can.lost</td><td>tag reason: frames that the guest has not received, as it had no
 * buffer (no_buffer) or too small a one (small_buffer), had not negotiated their type
 * (not_negotiated), or the host had dropped them (host)</td></tr>
 * <tr><td>vhost.can.bus.off</td><td>how often the controller has left the bus</td></tr>
 * </table>
 */
final class CanMetrics implements MeterBinder {
  private final CanDevice device;
  private final Tags tags;

  /**
   * @param more tags that each meter has besides {@code device}
   */
  CanMetrics(CanDevice device, Tags more) {
    this.device = device;
    this.tags = more.and("device", device.name());
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    String frames = "frames that the guest has sent or received";
    count(registry, "frames", frames, tags.and("direction", "tx"), c -> c.sent);
    count(registry, "frames", frames, tags.and("direction", "rx"), c -> c.received);
    count(registry, "refused", "frames of the guest that were not sent", tags, c -> c.refused);
    lost(registry, "no_buffer", c -> c.overruns);
    lost(registry, "small_buffer", c -> c.tooLarge);
    lost(registry, "not_negotiated", c -> c.notNegotiated);
    lost(registry, "host", c -> c.missed);
    count(registry, "bus.off", "how often the controller has left the bus", tags, c -> c.busOffs);
  }

  private void lost(MeterRegistry registry, String reason, ToDoubleFunction<CanCounters> value) {
    Tags because = tags.and("reason", reason);
    count(registry, "lost", "frames that the guest has not received", because, value);
  }

  private void count(
      MeterRegistry registry,
      String name,
      String description,
      Tags itsTags,
      ToDoubleFunction<CanCounters> value) {
    FunctionCounter.builder("vhost.can." + name, device.counters(), value)
        .description(description)
        .tags(itsTags)
        .register(registry);
  }
}
