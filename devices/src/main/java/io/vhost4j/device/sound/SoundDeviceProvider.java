package io.vhost4j.device.sound;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.audio.AudioBackends;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioOption;
import io.vhost4j.audio.AudioOptionException;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The device {@code sound}: virtio sound cards, with the options of whatever backends there are.
 */
public final class SoundDeviceProvider implements VirtioDeviceProvider {
  /** A guard against slips of the finger: each stream may take a thread of its own. */
  private static final int MAX_STREAMS = 64;

  /** Channels of a virtio-sound channel map. */
  private static final int MAX_CHANNELS = 18;

  private static final DeviceOption OUTPUT_STREAMS =
      DeviceOption.number(
              "output-streams", "N", "Playback streams of the card, 0 to 64", 0, MAX_STREAMS)
          .byDefault("1");
  private static final DeviceOption INPUT_STREAMS =
      DeviceOption.number(
              "input-streams", "N", "Capture streams of the card, 0 to 64", 0, MAX_STREAMS)
          .byDefault("1");
  private static final DeviceOption FORMATS =
      DeviceOption.text(
              "formats",
              "LIST",
              "Sample formats to offer where the backend has them, such as S16,FLOAT, or all, or"
                  + " common, which is S16,S24_3,S24,S32,FLOAT")
          .byDefault(StreamLimits.COMMON_NAME);
  private static final DeviceOption RATES =
      DeviceOption.text(
              "rates",
              "LIST",
              "Frame rates to offer where the backend has them, such as 44100,48000, or all, or"
                  + " common, which is 44100 to 192000")
          .byDefault(StreamLimits.COMMON_NAME);
  private static final DeviceOption CHANNELS =
      DeviceOption.number("channels", "N", "Most channels to offer, 1 to 18", 1, MAX_CHANNELS)
          .byDefault(String.valueOf(StreamConfig.COMMON_CHANNELS));

  /** Null until somebody asks for those on the class path. */
  private @Nullable List<AudioBackendProvider> backends;

  /** With the backends on the class path. */
  public SoundDeviceProvider() {}

  /**
   * @param backends what {@code --backend} may choose from, in the order of the help text
   */
  public SoundDeviceProvider(List<AudioBackendProvider> backends) {
    this.backends = List.copyOf(backends);
  }

  private synchronized List<AudioBackendProvider> backends() {
    List<AudioBackendProvider> found = backends;
    if (found == null) {
      found = AudioBackends.all();
      backends = found;
    }
    return found;
  }

  @Override
  public String name() {
    return "sound";
  }

  @Override
  public int deviceType() {
    return SoundDevice.DEVICE_TYPE;
  }

  @Override
  public String summary() {
    return "A virtio sound card";
  }

  @Override
  public List<DeviceOption> options() {
    List<AudioBackendProvider> all = backends();
    DeviceOption backend = backend(all);
    List<DeviceOption> options = new ArrayList<>();
    options.addAll(List.of(backend, OUTPUT_STREAMS, INPUT_STREAMS, FORMATS, RATES, CHANNELS));
    options.addAll(backendOptions(backend, all));
    return options;
  }

  private static DeviceOption backend(List<AudioBackendProvider> all) {
    Map<String, String> meanings = new LinkedHashMap<>();
    all.forEach(backend -> meanings.put(backend.name(), backend.description()));
    return DeviceOption.choice("backend", "NAME", "Where the sound goes", meanings)
        .requiredTo("say where the sound goes");
  }

  /** Backends that mean the same share an option. */
  private static Collection<DeviceOption> backendOptions(
      DeviceOption backend, List<AudioBackendProvider> all) {
    Map<String, DeviceOption> options = new LinkedHashMap<>();
    for (AudioBackendProvider provider : all) {
      for (AudioOption option : provider.options()) {
        List<String> owners =
            all.stream()
                .filter(owner -> owner.options().stream().anyMatch(o -> isCalled(o, option.name())))
                .map(AudioBackendProvider::name)
                .toList();
        options.putIfAbsent(option.name(), deviceOption(option).onlyWith(backend, owners));
      }
    }
    return options.values();
  }

  private static boolean isCalled(AudioOption option, String name) {
    return option.name().equals(name);
  }

  /** Its values are checked by the backend. */
  private static DeviceOption deviceOption(AudioOption option) {
    String description =
        option.description().substring(0, 1).toUpperCase(Locale.ROOT)
            + option.description().substring(1);
    return option.label().isEmpty()
        ? DeviceOption.flag(option.name(), description)
        : DeviceOption.text(option.name(), option.label(), description)
            .byDefault(option.defaultValue());
  }

  @Override
  public void check(DeviceOptions options) throws DeviceOptionException {
    List<AudioBackendProvider> all = backends();
    VirtioDeviceProvider.super.check(options);
    if (options.number(OUTPUT_STREAMS) + options.number(INPUT_STREAMS) == 0) {
      throw new DeviceOptionException(
          "a card without streams: --output-streams and --input-streams are both 0");
    }
    limits(options);
    try {
      chosen(options, all).check(backendValues(options, all));
    } catch (AudioOptionException e) {
      throw new DeviceOptionException(String.valueOf(e.getMessage()));
    }
  }

  private static StreamLimits limits(DeviceOptions options) throws DeviceOptionException {
    return StreamLimits.of(
        options.text(FORMATS), options.text(RATES), (int) options.number(CHANNELS));
  }

  /** The backend of options that have been checked. */
  private static AudioBackendProvider chosen(
      DeviceOptions options, List<AudioBackendProvider> all) {
    String name = options.text(backend(all));
    return all.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
  }

  /** What the user set of the backend's own options. */
  private static Map<String, String> backendValues(
      DeviceOptions options, List<AudioBackendProvider> all) {
    Map<String, String> values = new HashMap<>(options.values());
    values
        .keySet()
        .retainAll(
            chosen(options, all).options().stream()
                .map(AudioOption::name)
                .collect(Collectors.toSet()));
    return values;
  }

  @Override
  public OpenDevice open(DeviceOptions options) throws DeviceException {
    check(options);
    List<AudioBackendProvider> all = backends();
    AudioBackendProvider provider = chosen(options, all);
    AudioBackend backend;
    try {
      backend = provider.open(backendValues(options, all));
    } catch (AudioException e) {
      throw new DeviceException(e);
    }
    try {
      SoundDevice device = new SoundDevice(config(options), backend);
      return new OpenDevice(
          device,
          description(options, provider.name(), backend, device),
          tags -> new SoundMetrics(device, tags));
    } catch (AudioException | IllegalArgumentException e) {
      backend.close();
      throw new DeviceException(e);
    }
  }

  private static SoundDeviceConfig config(DeviceOptions options) throws DeviceOptionException {
    StreamLimits limits = limits(options);
    SoundDeviceConfig.Builder config = SoundDeviceConfig.builder().name(options.name());
    for (int i = 0; i < options.number(OUTPUT_STREAMS); i++) {
      config.stream(limits.stream(Direction.OUTPUT));
    }
    for (int i = 0; i < options.number(INPUT_STREAMS); i++) {
      config.stream(limits.stream(Direction.INPUT));
    }
    return config.build();
  }

  private static String description(
      DeviceOptions options, String backendName, AudioBackend backend, SoundDevice device) {
    int outputs = (int) options.number(OUTPUT_STREAMS);
    int inputs = (int) options.number(INPUT_STREAMS);
    List<StreamCapabilities> streams =
        IntStream.range(0, outputs + inputs).mapToObj(device::capabilities).toList();
    return CardDescription.of(
        backendName,
        backend,
        streams.subList(0, outputs),
        streams.subList(outputs, streams.size()));
  }

  @Override
  public String qemuDevice(DeviceOptions options) {
    return "vhost-user-snd-pci";
  }
}
