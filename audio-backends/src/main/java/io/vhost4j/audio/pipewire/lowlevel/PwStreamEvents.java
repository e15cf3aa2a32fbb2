package io.vhost4j.audio.pipewire.lowlevel;

import com.sun.jna.Callback;
import com.sun.jna.Memory;

/**
 * {@code struct pw_stream_events} of {@code pipewire/stream.h}.
 *
 * <pre>
 *   0 version        32 io_changed      64 process
 *   8 destroy        40 param_changed   72 drained
 *  16 state_changed  48 add_buffer      80 command
 *  24 control_info   56 remove_buffer   88 trigger_done
 * </pre>
 */
public final class PwStreamEvents {
  private static final int STATE_CHANGED = 16;
  private static final int PROCESS = 64;
  private static final int SIZE = 96;

  /** State of a stream that PipeWire cannot use; it may recover. */
  public static final int STATE_ERROR = -1;

  /** State of a stream that is not, or no longer, in PipeWire's graph. */
  public static final int STATE_UNCONNECTED = 0;

  /** State of a stream that PipeWire does not know yet. */
  public static final int STATE_CONNECTING = 1;

  /** The event {@code state_changed}, on the loop's thread. */
  @FunctionalInterface
  public interface StateChangedEvent extends Callback {
    /** The state is another one; {@code error} is the address of a message, or 0. */
    void stateChanged(long data, int oldState, int state, long error);
  }

  /**
   * The event {@code process}, on the data thread if the stream was connected with {@link
   * PwStreamFlags#RT_PROCESS}, else on the loop's thread.
   */
  @FunctionalInterface
  public interface ProcessEvent extends Callback {
    /** Buffers can be dequeued. */
    void process(long data);
  }

  private PwStreamEvents() {}

  /** A struct with these events; the memory is to be kept as long as the stream. */
  public static Memory of(StateChangedEvent stateChanged, ProcessEvent process) {
    Memory events = new Memory(SIZE);
    events.clear();
    events.setLong(STATE_CHANGED, LibC.functionPointer(stateChanged));
    events.setLong(PROCESS, LibC.functionPointer(process));
    return events;
  }
}
