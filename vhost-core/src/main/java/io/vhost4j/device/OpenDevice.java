package io.vhost4j.device;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.Function;

/**
 * A device that a {@link VirtioDeviceProvider} has opened, and what programs tell of it.
 *
 * @param device the device; whoever serves it closes it
 * @param description what it stands on and offers, in one line for the log
 * @param meters makes its meters, each with the tags given
 */
public record OpenDevice(
    VirtioDevice device, String description, Function<Tags, MeterBinder> meters) {

  /** A device without meters of its own. */
  public OpenDevice(VirtioDevice device, String description) {
    this(device, description, tags -> registry -> {});
  }
}
