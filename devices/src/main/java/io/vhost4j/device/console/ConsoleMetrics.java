package io.vhost4j.device.console;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.ToDoubleFunction;

/**
 * Meters of a console device. They read plain counters whenever the registry asks: the data path
 * does not know of them.
 *
 * <table>
 * <caption>All have the tags {@code device} and {@code port}</caption>
 * <tr><td>vhost.console.input.bytes</td><td>from the host to the guest</td></tr>
 * <tr><td>vhost.console.output.bytes</td><td>from the guest</td></tr>
 * <tr><td>vhost.console.lost.bytes</td><td>of these, what nobody took in time</td></tr>
 * <tr><td>vhost.console.open</td><td>1 while somebody is at the host's end</td></tr>
 * </table>
 */
final class ConsoleMetrics implements MeterBinder {
  private static final String PREFIX = "vhost.console.";

  private final ConsoleDevice device;
  private final Tags tags;

  ConsoleMetrics(ConsoleDevice device, Tags more) {
    this.device = device;
    this.tags = more.and("device", device.name());
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    for (ConsolePort port : device.ports()) {
      Tags ofPort = tags.and("port", Integer.toString(port.id()));
      count(registry, ofPort, port, "input.bytes", "bytes to the guest", ConsolePort::inputBytes);
      count(registry, ofPort, port, "output.bytes", "bytes of the guest", ConsolePort::outputBytes);
      count(
          registry,
          ofPort,
          port,
          "lost.bytes",
          "bytes that nobody took in time",
          ConsolePort::lostBytes);
      Gauge.builder(PREFIX + "open", port, p -> p.end().isOpen() ? 1 : 0)
          .description("whether somebody is at the host's end")
          .tags(ofPort)
          .register(registry);
    }
  }

  private static void count(
      MeterRegistry registry,
      Tags tags,
      ConsolePort port,
      String name,
      String description,
      ToDoubleFunction<ConsolePort> value) {
    FunctionCounter.builder(PREFIX + name, port, value)
        .description(description)
        .tags(tags)
        .register(registry);
  }
}
