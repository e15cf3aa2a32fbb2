package io.vhost4j.audio.pipewire;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.StreamCapabilities;

/** Streams of one device as nodes of a PipeWire graph, over one connection. */
final class PipewireBackend implements AudioBackend {
  /** A guest cannot make the host set aside more than this for a stream, in bytes. */
  private static final int MAX_RING_BYTES = 64 << 20;

  private static final StreamCapabilities CAPABILITIES = PipewireFormats.capabilities();

  private final PipewireOptions options;
  private final PipewireConnection connection;
  private volatile String card = "";

  PipewireBackend(PipewireOptions options) throws AudioException {
    this.options = options;
    connection = PipewireConnection.open(options.remote());
  }

  @Override
  public void deviceName(String name) {
    card = name;
  }

  @Override
  public StreamCapabilities capabilities(Direction direction) {
    return CAPABILITIES;
  }

  @Override
  public String target(Direction direction) {
    String target = options.target(direction);
    if (!target.isEmpty()) {
      return target;
    }
    return direction == Direction.OUTPUT ? "the default sink" : "the default source";
  }

  @Override
  public boolean isImmediate() {
    return false; // start, stop and close wait for the lock of the connection's thread
  }

  @Override
  public AudioStream open(
      int streamId, Direction direction, PcmParameters parameters, Runnable wake)
      throws AudioException {
    int ringBytes = ringBytes(direction, parameters);
    if (direction == Direction.OUTPUT) {
      PlaybackCycle cycle = new PlaybackCycle(parameters, ringBytes, wake);
      return new PlaybackStream(cycle, node(streamId, direction, cycle));
    }
    CaptureCycle cycle = new CaptureCycle(parameters, ringBytes, wake);
    return new CaptureStream(cycle, node(streamId, direction, cycle));
  }

  private PipewireNode node(int streamId, Direction direction, GraphCycle cycle)
      throws AudioException {
    PipewireNode node =
        new PipewireNode(
            connection,
            options,
            new PipewireIdentity(options, card, direction, streamId),
            direction,
            cycle);
    node.open();
    return node;
  }

  /**
   * The guest's buffer (A33). What is recorded also needs room for the graph's longest cycle, which
   * brings all its audio at once.
   */
  private static int ringBytes(Direction direction, PcmParameters parameters)
      throws AudioException {
    long extra = direction == Direction.OUTPUT ? 0 : parameters.bytesPerSecond() / 4;
    long frameBytes = parameters.frameBytes();
    long bytes = (parameters.bufferBytes() + extra + frameBytes - 1) / frameBytes * frameBytes;
    if (bytes > MAX_RING_BYTES) {
      throw new AudioException(
          "a buffer of "
              + parameters.bufferBytes()
              + " bytes is too large for PipeWire streams: let the guest use less than "
              + (MAX_RING_BYTES >> 20)
              + " MiB");
    }
    return (int) bytes;
  }

  @Override
  public void close() {
    connection.close();
  }
}
