package io.vhost4j.device.sound;

import io.vhost4j.audio.ChannelPosition;
import io.vhost4j.audio.Direction;
import io.vhost4j.device.sound.wire.ChmapInfo;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Where the channels of streams with so many of them go; for all streams of one direction in one
 * function group (A58).
 *
 * @param hdaFnNid function group, see {@link StreamConfig#hdaFnNid()}
 * @param direction output or input
 * @param positions one for each channel, 1 to 18 of them
 */
public record ChannelMap(int hdaFnNid, Direction direction, List<ChannelPosition> positions) {

  /**
   * Checks the number of channels.
   *
   * @throws IllegalArgumentException if there are none or more than 18 (A59)
   */
  public ChannelMap {
    positions = List.copyOf(positions);
    if (positions.isEmpty() || positions.size() > ChmapInfo.MAX_CHANNELS) {
      throw new IllegalArgumentException("a channel map of " + positions.size() + " channels");
    }
  }

  void describe(ByteBuffer record) {
    new ChmapInfo().wrap(record, 0).hdaFnNid(hdaFnNid).direction(direction).positions(positions);
  }
}
