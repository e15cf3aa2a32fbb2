package io.vhost4j.device.sound;

import io.vhost4j.audio.Direction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a sound device consists of. Immutable.
 *
 * <pre>{@code
 * SoundDeviceConfig config = SoundDeviceConfig.builder()
 *     .name("living-room")
 *     .stream(new StreamConfig(Direction.OUTPUT).withChannels(2, 2))
 *     .build();
 * }</pre>
 */
public final class SoundDeviceConfig {
  private final String name;
  private final List<StreamConfig> streams;
  private final List<JackConfig> jacks;
  private final Optional<List<ChannelMap>> channelMaps;

  private SoundDeviceConfig(Builder builder) {
    name = builder.name;
    streams =
        builder.streams.isEmpty()
            ? List.of(new StreamConfig(Direction.OUTPUT), new StreamConfig(Direction.INPUT))
            : List.copyOf(builder.streams);
    jacks = List.copyOf(builder.jacks);
    channelMaps = builder.channelMaps;
  }

  /** One output stream, one input stream, no jacks, and channel maps made to fit. */
  public static SoundDeviceConfig standard() {
    return builder().build();
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Names the device in log lines, threads and meters. */
  public String name() {
    return name;
  }

  /** The streams by id. */
  public List<StreamConfig> streams() {
    return streams;
  }

  /** The jacks by id. */
  public List<JackConfig> jacks() {
    return jacks;
  }

  /** The channel maps by id; empty if they are to be made to fit the streams. */
  public Optional<List<ChannelMap>> channelMaps() {
    return channelMaps;
  }

  /** Collects a configuration. */
  public static final class Builder {
    private String name = "sound";
    private final List<StreamConfig> streams = new ArrayList<>();
    private final List<JackConfig> jacks = new ArrayList<>();
    private Optional<List<ChannelMap>> channelMaps = Optional.empty();

    private Builder() {}

    public Builder name(String value) {
      name = value;
      return this;
    }

    /** Adds a stream; without any, the device has one output and one input stream. */
    public Builder stream(StreamConfig stream) {
      streams.add(stream);
      return this;
    }

    /** Adds a jack. */
    public Builder jack(JackConfig jack) {
      jacks.add(jack);
      return this;
    }

    /** Sets the channel maps, in place of those that are made to fit. */
    public Builder channelMaps(List<ChannelMap> maps) {
      channelMaps = Optional.of(List.copyOf(maps));
      return this;
    }

    public SoundDeviceConfig build() {
      return new SoundDeviceConfig(this);
    }
  }
}
