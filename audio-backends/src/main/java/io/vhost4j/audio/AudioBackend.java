package io.vhost4j.audio;

import java.util.List;

/** The host's audio for the streams of one device. */
public interface AudioBackend extends AutoCloseable {
  /**
   * Tells the name of the device whose streams these are, before the first is opened. Backends
   * whose streams the host's users see call them by it, the same in every run.
   */
  default void deviceName(String name) {}

  /** What streams of this direction can be at most. The same answer for the life of the backend. */
  StreamCapabilities capabilities(Direction direction);

  /**
   * What one stream can be, for backends whose streams differ. The same answer for the life of the
   * backend. May block; not called on an event loop.
   *
   * @throws AudioException if what the stream stands on is not to be had
   */
  default StreamCapabilities capabilities(int streamId, Direction direction) throws AudioException {
    return capabilities(direction);
  }

  /**
   * Whether a stream can be all of this together, where formats, rates and channels depend on each
   * other: {@link #capabilities} can only tell each by itself. Called on the event loop, so the
   * backend has found out before; the parameters are inside its capabilities.
   */
  default boolean supports(Direction direction, PcmParameters parameters) {
    return true;
  }

  /**
   * Which speaker each channel of a frame belongs to, in the order the backend takes them; the
   * guest reads it as a channel map. Empty if it makes no difference to the backend.
   */
  default List<ChannelPosition> channelPositions(Direction direction, int channels) {
    return ChannelPosition.standard(channels);
  }

  /**
   * Where sound of this direction goes to or comes from, in few words for the log: a device, a
   * file. Empty if the backend's name says it all.
   */
  default String target(Direction direction) {
    return "";
  }

  /**
   * Whether no method of its streams ever waits for the host (a file system, a server, a device).
   * Such streams run on the device's event loop; all others get a worker thread each.
   */
  boolean isImmediate();

  /**
   * Opens a stream, at PREPARE. Called on the stream's own executor, and again every second while a
   * running stream is lost. May wait for the host, but not for ever: the end of a connection waits
   * for it.
   *
   * @param streamId the stream's id in the device
   * @param direction its direction
   * @param parameters what the guest has chosen, inside {@link #capabilities(Direction)}
   * @param wake makes the stream's executor look again, as if {@link AudioStream#nanosToWait(int)}
   *     had expired; any thread may call it at any time, it neither blocks nor allocates
   * @throws AudioException if the host refuses; the guest gets IO_ERR and may try again
   */
  AudioStream open(int streamId, Direction direction, PcmParameters parameters, Runnable wake)
      throws AudioException;

  /** Releases what the backend holds; all its streams have been closed before. */
  @Override
  void close();
}
