package io.vhost4j.device.spi;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;

/**
 * What a device has counted: {@code vhost.spi.transfers} with the tag {@code result}, {@code ok},
 * {@code parameter_error} or {@code transfer_error}. Plain fields: the event loop writes, meters
 * read now and then.
 */
final class SpiCounters {
  private static final List<String> NAMES = List.of("ok", "parameter_error", "transfer_error");

  private final long[] results = new long[SpiRequests.RESULTS];

  void replied(int result) {
    results[result]++;
  }

  /** Meters with these tags. */
  MeterBinder meters(Tags tags) {
    return registry -> {
      for (int i = 0; i < results.length; i++) {
        int result = i;
        FunctionCounter.builder("vhost.spi.transfers", this, c -> c.results[result])
            .description("transfers replied to")
            .tags(tags.and("result", NAMES.get(result)))
            .register(registry);
      }
    };
  }
}
