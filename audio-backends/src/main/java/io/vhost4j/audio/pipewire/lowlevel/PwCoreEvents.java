package io.vhost4j.audio.pipewire.lowlevel;

import com.sun.jna.Callback;
import com.sun.jna.Memory;

/**
 * {@code struct pw_core_events} of {@code pipewire/core.h}.
 *
 * <pre>
 *   0 version   24 ping        48 bound_id      72 bound_props (not in 0.3.65)
 *   8 info      32 error       56 add_mem
 *  16 done      40 remove_id   64 remove_mem
 * </pre>
 */
public final class PwCoreEvents {
  private static final int DONE = 16;
  private static final int ERROR = 32;
  private static final int SIZE = 80;

  /** The event {@code done}, on the loop's thread. */
  @FunctionalInterface
  public interface DoneEvent extends Callback {
    /** The server has handled all up to a {@code sync}. */
    void done(long data, int id, int sequence);
  }

  /** The event {@code error}, on the loop's thread. */
  @FunctionalInterface
  public interface ErrorEvent extends Callback {
    /**
     * Something failed on either side.
     *
     * @param id the object in error, {@link LibPipewire#ID_CORE} if it is the connection
     * @param result a negated errno
     * @param message address of a message
     */
    void error(long data, int id, int sequence, int result, long message);
  }

  private PwCoreEvents() {}

  /** A struct with these events; the memory is to be kept as long as the core. */
  public static Memory of(DoneEvent done, ErrorEvent error) {
    Memory events = new Memory(SIZE);
    events.clear();
    events.setLong(DONE, LibC.functionPointer(done));
    events.setLong(ERROR, LibC.functionPointer(error));
    return events;
  }
}
