package io.vhost4j.audio.pipewire;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.pipewire.lowlevel.LibC;
import io.vhost4j.audio.pipewire.lowlevel.LibPipewire;
import io.vhost4j.audio.pipewire.lowlevel.PwStreamEvents;
import io.vhost4j.audio.pipewire.lowlevel.PwStreamFlags;
import io.vhost4j.audio.pipewire.lowlevel.SpaPods;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Owns the {@code pw_stream} of a stream: makes it, makes it anew on another connection, lets it
 * run and ends it. All fields are guarded by the lock of the connection.
 *
 * <p>What has left the ring is to be heard. When a stream stops or ends, the last of it is still on
 * its way through the graph: the stream goes on with silence for some cycles before it becomes
 * inactive or ends. Nobody waits for it. PipeWire's own drain is not used: its event is queued for
 * the loop's thread and may find a stream that another thread has destroyed.
 */
final class PipewireNode {
  /** More than three of the graph's longest cycles. */
  static final long MAX_SETTLE_MILLIS = 600;

  private static final long SETTLE_POLL_MILLIS = 20;

  /**
   * How long after it is connected a stream gets its last descriptors: 0.3.65 leaks those that come
   * when it is destroyed already.
   */
  private static final long SETUP_NANOS = TimeUnit.MILLISECONDS.toNanos(60);

  private static final int PW_DIRECTION_INPUT = 0;
  private static final int PW_DIRECTION_OUTPUT = 1;
  private static final int FLAGS =
      PwStreamFlags.AUTOCONNECT
          | PwStreamFlags.INACTIVE
          | PwStreamFlags.MAP_BUFFERS
          | PwStreamFlags.RT_PROCESS;

  private final PipewireConnection connection;
  private final PipewireOptions options;
  private final Direction direction;
  private final GraphCycle cycle;
  private final PipewireIdentity identity;

  // Native code knows the callbacks' addresses: these references keep them alive.
  private final PwStreamEvents.StateChangedEvent stateChanged = this::stateChanged;
  private final Memory events;
  private final Memory hook = new Memory(PipewireConnection.SPA_HOOK_SIZE);
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  private long stream;
  private long connectedAt;
  private boolean active;
  private boolean closing;

  PipewireNode(
      PipewireConnection connection,
      PipewireOptions options,
      PipewireIdentity identity,
      Direction direction,
      GraphCycle cycle) {
    this.connection = connection;
    this.options = options;
    this.direction = direction;
    this.cycle = cycle;
    this.identity = identity;
    PipewireConnection.nameThreadOf(stateChanged);
    PipewireConnection.nameThreadOf(cycle);
    events = PwStreamEvents.of(stateChanged, cycle);
  }

  /** Makes the native stream, or leaves that for when PipeWire is back. */
  void open() throws AudioException {
    connection.lock();
    try {
      connection.add(this);
      if (connection.core() == 0) {
        cycle.connectionLost();
      } else {
        connect();
      }
    } catch (AudioException e) {
      end();
      throw e;
    } finally {
      connection.unlock();
    }
  }

  /** Makes the native stream on the connection's core. Locked. */
  void connect() throws AudioException {
    PcmParameters parameters = cycle.parameters;
    long created =
        LibPipewire.pw_stream_new(connection.core(), identity.stream(), properties(parameters));
    if (created == 0) {
      throw new AudioException(
          "cannot make a PipeWire stream for "
              + identity
              + ": "
              + LibC.strerror(Native.getLastError()));
    }
    stream = created;
    hook.clear();
    LibPipewire.pw_stream_add_listener(
        stream, Memory.nativeValue(hook), Memory.nativeValue(events), stream);
    int result = connect(parameters);
    if (result < 0) {
      disconnect();
      throw new AudioException(
          "PipeWire refuses a stream for " + identity + ": " + LibC.strerror(-result));
    }
    if (active) {
      LibPipewire.pw_stream_set_active(stream, true);
    }
  }

  private int connect(PcmParameters parameters) {
    try (Memory format =
            SpaPods.enumFormat(
                PipewireFormats.spaFormat(parameters.format()),
                parameters.rate().hertz(),
                PipewireFormats.positions(parameters.channels()));
        Memory buffers = SpaPods.buffers(PipewireFormats.bufferBytes(parameters));
        Memory params = new Memory(2 * Long.BYTES)) {
      params.setLong(0, Memory.nativeValue(format));
      params.setLong(Long.BYTES, Memory.nativeValue(buffers));
      return LibPipewire.pw_stream_connect(
          stream,
          direction == Direction.OUTPUT ? PW_DIRECTION_OUTPUT : PW_DIRECTION_INPUT,
          LibPipewire.ID_ANY,
          FLAGS,
          Memory.nativeValue(params),
          2);
    }
  }

  private long properties(PcmParameters parameters) {
    long properties = LibPipewire.pw_properties_new_string("");
    identity.properties().forEach((key, value) -> set(properties, key, value));
    set(properties, "media.type", "Audio");
    set(properties, "media.category", direction == Direction.OUTPUT ? "Playback" : "Capture");
    set(properties, "media.role", options.mediaRole());
    set(properties, "target.object", options.target(direction));
    set(properties, "node.latency", options.nodeLatency(parameters));
    set(properties, "node.rate", "1/" + parameters.rate().hertz());
    return properties;
  }

  private static void set(long properties, String key, String value) {
    if (!value.isEmpty()) {
      LibPipewire.pw_properties_set(properties, key, value);
    }
  }

  /** Ends the native stream, which may come back. Locked. */
  void disconnect() {
    long destroyed = stream;
    stream = 0; // first: destroying it brings events
    if (destroyed != 0) {
      LibPipewire.pw_stream_destroy(destroyed);
    }
  }

  /** The connection is lost. Locked. */
  void connectionLost() {
    cycle.connectionLost();
  }

  /** Lets the graph come for audio. */
  void activate() {
    connection.lock();
    try {
      active = true;
      if (stream != 0) {
        LibPipewire.pw_stream_set_active(stream, true);
      }
    } finally {
      connection.unlock();
    }
  }

  /** Tells the graph not to come any more, soon. */
  void deactivate() {
    connection.lock();
    try {
      active = false;
      settle(settleDeadline());
    } finally {
      connection.unlock();
    }
  }

  /** Ends the stream for good, soon. */
  void close() {
    connection.lock();
    try {
      active = false;
      closing = true;
      settle(settleDeadline());
    } finally {
      connection.unlock();
    }
  }

  private static long settleDeadline() {
    return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MAX_SETTLE_MILLIS);
  }

  /** Locked. */
  private void settle(long deadline) {
    if (active || ended.isDone()) {
      return;
    }
    if (isOnItsWay() && System.nanoTime() < deadline) {
      connection.schedule(() -> locked(() -> settle(deadline)), SETTLE_POLL_MILLIS);
    } else if (closing) {
      end();
    } else if (stream != 0) {
      LibPipewire.pw_stream_set_active(stream, false);
    }
  }

  /** Whether audio is, or the stream itself. */
  private boolean isOnItsWay() {
    return (direction == Direction.OUTPUT && !cycle.isSettled())
        || (stream != 0 && (isConnecting() || System.nanoTime() - connectedAt < SETUP_NANOS));
  }

  private boolean isConnecting() {
    return LibPipewire.pw_stream_get_state(stream, 0) == PwStreamEvents.STATE_CONNECTING;
  }

  private void locked(Runnable task) {
    connection.lock();
    try {
      task.run();
    } finally {
      connection.unlock();
    }
  }

  /** Locked; the second time it does nothing. */
  void end() {
    if (!ended.isDone()) {
      disconnect();
      connection.remove(this);
      cycle.free();
      hook.close();
      events.close();
      ended.complete(null);
    }
  }

  /** Completes when the stream is no more. */
  CompletableFuture<Void> ended() {
    return ended;
  }

  /** On the loop's thread, locked. */
  private void stateChanged(long data, int oldState, int state, long error) {
    if (stream == 0) {
      return;
    }
    if (state == PwStreamEvents.STATE_ERROR) {
      connection.warn("PipeWire cannot do " + identity + " now: " + LibC.getString(error));
    } else if (state == PwStreamEvents.STATE_UNCONNECTED) {
      connection.schedule(this::revive, PipewireConnection.MAX_BACKOFF_MILLIS);
    } else if (oldState == PwStreamEvents.STATE_CONNECTING) {
      connectedAt = System.nanoTime();
    }
  }

  /** The server has removed the node but is still there: make another one. */
  private void revive() {
    connection.lock();
    try {
      if (stream != 0
          && LibPipewire.pw_stream_get_state(stream, 0) == PwStreamEvents.STATE_UNCONNECTED) {
        disconnect();
        connect();
      }
    } catch (AudioException e) {
      connection.warn(e.getMessage());
    } finally {
      connection.unlock();
    }
  }
}
