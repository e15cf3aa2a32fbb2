package io.vhost4j.device.sound;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.vhost4j.device.sound.wire.Status;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Meters of a sound device. They read plain counters whenever the registry asks: the data path does
 * not know of them.
 *
 * <table>
 * <caption>All have the tag {@code device}</caption>
 * <tr><td>vhost.sound.buffers</td><td>tags stream, direction: buffers returned</td></tr>
 * <tr><td>vhost.sound.bytes</td><td>the same: bytes played or captured</td></tr>
 * <tr><td>vhost.sound.frames</td><td>the same: frames played or captured</td></tr>
 * <tr><td>vhost.sound.xruns</td><td>the same: underruns or overruns</td></tr>
 * <tr><td>vhost.sound.io.errors</td><td>the same: buffers returned with IO_ERR</td></tr>
 * <tr><td>vhost.sound.control.requests</td><td>tag status: requests replied to</td></tr>
 * <tr><td>vhost.sound.stray.buffers</td><td>buffers for no stream that takes any</td></tr>
 * <tr><td>vhost.sound.streams.running</td><td>streams between START and STOP</td></tr>
 * </table>
 */
public final class SoundMetrics implements MeterBinder {
  private static final String PREFIX = "vhost.sound.";

  private final SoundDevice device;
  private final Tags tags;

  /** Meters whose tag {@code device} is the name in the device's configuration. */
  public SoundMetrics(SoundDevice device) {
    this(device, Tags.empty());
  }

  /**
   * @param more tags that each meter has besides {@code device}
   */
  public SoundMetrics(SoundDevice device, Tags more) {
    this.device = device;
    this.tags = more.and("device", device.name());
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    for (PcmStream stream : device.streams()) {
      bind(registry, tags, stream);
    }
    for (Status status : Status.values()) {
      FunctionCounter.builder(
              PREFIX + "control.requests", device.counters(), c -> c.controlReplies(status))
          .description("control requests replied to")
          .tags(tags.and("status", status.name().toLowerCase(Locale.ROOT)))
          .register(registry);
    }
    FunctionCounter.builder(
            PREFIX + "stray.buffers", device.counters(), DeviceCounters::strayBuffers)
        .description("buffers for no stream that takes any")
        .tags(tags)
        .register(registry);
    Gauge.builder(PREFIX + "streams.running", device, SoundMetrics::running)
        .description("streams between START and STOP")
        .tags(tags)
        .register(registry);
  }

  private static double running(SoundDevice device) {
    return device.streams().stream().filter(s -> s.state() == PcmState.STARTED).count();
  }

  private static void bind(MeterRegistry registry, Tags tags, PcmStream stream) {
    Tags ofStream =
        tags.and(
            "stream",
            Integer.toString(stream.id()),
            "direction",
            stream.direction().name().toLowerCase(Locale.ROOT));
    StreamCounters counters = stream.counters();
    count(registry, ofStream, counters, "buffers", "buffers returned", StreamCounters::buffers);
    count(registry, ofStream, counters, "bytes", "bytes moved", StreamCounters::bytes);
    count(registry, ofStream, counters, "frames", "frames moved", StreamCounters::frames);
    count(registry, ofStream, counters, "xruns", "underruns, overruns", StreamCounters::xruns);
    count(registry, ofStream, counters, "io.errors", "buffers failed", StreamCounters::ioErrors);
  }

  private static void count(
      MeterRegistry registry,
      Tags tags,
      StreamCounters counters,
      String name,
      String description,
      ToDoubleFunction<StreamCounters> value) {
    FunctionCounter.builder(PREFIX + name, counters, value)
        .description(description)
        .tags(tags)
        .register(registry);
  }
}
