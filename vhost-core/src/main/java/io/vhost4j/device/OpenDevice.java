package io.vhost4j.device;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A device that a {@link VirtioDeviceProvider} has opened, and what programs tell of it.
 *
 * @param device the device; whoever serves it closes it
 * @param description what it stands on and offers, in one line for the log
 * @param meters makes its meters, each with the tags given
 * @param control works its simulated hardware, null if it has none; {@link
 *     VirtioDeviceProvider#hasControl()} says that some have
 */
public record OpenDevice(
    VirtioDevice device,
    String description,
    Function<Tags, MeterBinder> meters,
    @Nullable DeviceControl control) {

  /** A device without anything to control. */
  public OpenDevice(VirtioDevice device, String description, Function<Tags, MeterBinder> meters) {
    this(device, description, meters, null);
  }

  /** A device without meters of its own. */
  public OpenDevice(VirtioDevice device, String description) {
    this(device, description, tags -> registry -> {});
  }
}
