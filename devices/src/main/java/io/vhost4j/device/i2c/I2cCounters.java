package io.vhost4j.device.i2c;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * What a device has counted: {@code vhost.i2c.messages} with the tag {@code status}, {@code ok} or
 * {@code error}. Plain fields: the event loop writes, meters read now and then.
 */
final class I2cCounters {
  private long done;
  private long failed;

  void done() {
    done++;
  }

  void failed() {
    failed++;
  }

  /** Meters with these tags. */
  MeterBinder meters(Tags tags) {
    return registry -> {
      register(registry, tags.and("status", "ok"), true);
      register(registry, tags.and("status", "error"), false);
    };
  }

  private void register(MeterRegistry registry, Tags tags, boolean ok) {
    FunctionCounter.builder("vhost.i2c.messages", this, c -> ok ? c.done : c.failed)
        .description("messages replied to")
        .tags(tags)
        .register(registry);
  }
}
