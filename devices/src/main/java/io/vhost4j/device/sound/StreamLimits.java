package io.vhost4j.device.sound;

import io.vhost4j.audio.Direction;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.device.DeviceOptionException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the streams of a card offer at most.
 *
 * @param formats mask of {@link SampleFormat#mask()}
 * @param rates mask of {@link SampleRate#mask()}
 * @param channels most channels of a stream
 */
record StreamLimits(long formats, long rates, int channels) {
  /** The name of what is common. */
  static final String COMMON_NAME = "common";

  private static final String ALL_NAME = "all";

  /**
   * What a user asks for.
   *
   * @param formats names of formats with commas, {@code common} or {@code all}
   * @param rates frame rates with commas, {@code common} or {@code all}
   * @param channels most channels of a stream
   * @throws DeviceOptionException if one of them is unknown
   */
  static StreamLimits of(String formats, String rates, int channels) throws DeviceOptionException {
    return new StreamLimits(formats(formats), rates(rates), channels);
  }

  private static long formats(String list) throws DeviceOptionException {
    long mask = 0;
    for (String name : list.split(",", -1)) {
      mask |=
          switch (name) {
            case COMMON_NAME -> StreamConfig.COMMON_FORMATS;
            case ALL_NAME -> -1;
            default -> format(list, name).mask();
          };
    }
    return mask;
  }

  private static SampleFormat format(String list, String name) throws DeviceOptionException {
    try {
      return SampleFormat.valueOf(name.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new DeviceOptionException(
          "--formats=%s: '%s' is unknown: give common, all or some of %s"
              .formatted(
                  list,
                  name,
                  Arrays.stream(SampleFormat.values())
                      .map(SampleFormat::name)
                      .collect(Collectors.joining(","))));
    }
  }

  private static long rates(String list) throws DeviceOptionException {
    long mask = 0;
    for (String hertz : list.split(",", -1)) {
      mask |=
          switch (hertz) {
            case COMMON_NAME -> StreamConfig.COMMON_RATES;
            case ALL_NAME -> -1;
            default -> rate(list, hertz).mask();
          };
    }
    return mask;
  }

  private static SampleRate rate(String list, String hertz) throws DeviceOptionException {
    @Nullable SampleRate rate =
        hertz.matches("\\d{1,6}") ? SampleRate.ofHertz(Integer.parseInt(hertz)) : null;
    if (rate == null) {
      throw new DeviceOptionException(
          "--rates=%s: '%s' is unknown: give common, all or some of %s"
              .formatted(
                  list,
                  hertz,
                  Arrays.stream(SampleRate.values())
                      .map(each -> each.hertz())
                      .sorted()
                      .map(String::valueOf)
                      .collect(Collectors.joining(","))));
    }
    return rate;
  }

  /** A stream that offers this at most. */
  StreamConfig stream(Direction direction) {
    return new StreamConfig(direction)
        .withFormats(formats)
        .withRates(rates)
        .withChannels(1, channels);
  }
}
