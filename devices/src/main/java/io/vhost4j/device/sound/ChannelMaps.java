package io.vhost4j.device.sound;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.ChannelPosition;
import io.vhost4j.audio.Direction;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Makes channel maps that fit the streams of a device. */
final class ChannelMaps {
  private ChannelMaps() {}

  /**
   * One map for each number of channels that the streams of a function group and direction can
   * have, as far as the backend says where its channels go.
   */
  static List<ChannelMap> fitting(List<PcmStream> streams, AudioBackend backend) {
    List<ChannelMap> maps = new ArrayList<>();
    for (int nid : new TreeSet<>(streams.stream().map(PcmStream::hdaFnNid).toList())) {
      for (Direction direction : Direction.values()) {
        TreeSet<Integer> counts = new TreeSet<>();
        streams.stream()
            .filter(stream -> stream.hdaFnNid() == nid && stream.direction() == direction)
            .map(PcmStream::capabilities)
            .forEach(
                offered -> {
                  for (int n = offered.minChannels(); n <= offered.maxChannels(); n++) {
                    counts.add(n);
                  }
                });
        for (int channels : counts) {
          List<ChannelPosition> positions = backend.channelPositions(direction, channels);
          if (!positions.isEmpty()) {
            maps.add(new ChannelMap(nid, direction, positions));
          }
        }
      }
    }
    return maps;
  }
}
