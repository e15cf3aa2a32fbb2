package io.vhost4j.device.gpio;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;

/**
 * What a device has counted: {@code vhost.gpio.requests} with the tag {@code status}, {@code ok} or
 * {@code err}, and {@code vhost.gpio.interrupts}. Plain fields: the event loop writes, meters read
 * now and then.
 */
final class GpioCounters {
  private static final List<String> NAMES = List.of("ok", "err");

  private final long[] replies = new long[2];
  private long interrupts;

  /**
   * A request was replied to.
   *
   * @param status {@link GpioRequests#OK} or {@link GpioRequests#ERROR}
   */
  void replied(int status) {
    replies[status]++;
  }

  /** The driver was told of an interrupt. */
  void interrupted() {
    interrupts++;
  }

  /** Meters with these tags. */
  MeterBinder meters(Tags tags) {
    return registry -> {
      for (int status : new int[] {GpioRequests.OK, GpioRequests.ERROR}) {
        FunctionCounter.builder("vhost.gpio.requests", this, c -> c.replies[status])
            .description("requests replied to")
            .tags(tags.and("status", NAMES.get(status)))
            .register(registry);
      }
      FunctionCounter.builder("vhost.gpio.interrupts", this, c -> c.interrupts)
          .description("interrupts that the driver was told of")
          .tags(tags)
          .register(registry);
    };
  }
}
