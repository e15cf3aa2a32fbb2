package io.vhost4j.device.input;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.ToDoubleFunction;

/**
 * Meters of an input device, which read plain counters.
 *
 * <table>
 * <caption>All have the tag {@code device}</caption>
 * <tr><td>vhost.input.events</td><td>events that drivers were given</td></tr>
 * <tr><td>vhost.input.frames.dropped</td><td>frames that they were not given</td></tr>
 * <tr><td>vhost.input.status.events</td><td>events of drivers</td></tr>
 * <tr><td>vhost.input.losses</td><td>how often the host's device was unplugged</td></tr>
 * </table>
 */
public final class InputMetrics implements MeterBinder {
  private final InputDevice device;
  private final Tags tags;

  /**
   * @param more tags that each meter has besides {@code device}
   */
  public InputMetrics(InputDevice device, Tags more) {
    this.device = device;
    this.tags = more.and("device", device.name());
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    count(registry, "events", "events given to drivers", each -> each.frames().sent());
    count(registry, "frames.dropped", "frames dropped", each -> each.frames().dropped());
    count(registry, "status.events", "events of drivers", InputDevice::statusEvents);
    count(registry, "losses", "times that the host's device was lost", InputDevice::losses);
  }

  private void count(
      MeterRegistry registry,
      String name,
      String description,
      ToDoubleFunction<InputDevice> value) {
    FunctionCounter.builder("vhost.input." + name, device, value)
        .description(description)
        .tags(tags)
        .register(registry);
  }
}
