package io.vhost4j.audio.pipewire.lowlevel;

/** {@code enum pw_stream_flags} of {@code pipewire/stream.h}. */
public final class PwStreamFlags {
  /** The session manager links the stream. */
  public static final int AUTOCONNECT = 1;

  /** The stream waits for {@link LibPipewire#pw_stream_set_active}. */
  public static final int INACTIVE = 1 << 1;

  /** Buffers have an address. */
  public static final int MAP_BUFFERS = 1 << 2;

  /** The event {@code process} comes on the data thread. */
  public static final int RT_PROCESS = 1 << 4;

  private PwStreamFlags() {}
}
