package io.vhost4j.device.console;

import io.vertx.core.Context;
import io.vhost4j.nativeio.Terminal;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The host's end of a port: where its bytes come from and go to. There may be nobody at it; who
 * comes later gets what comes from then on, and what the port has kept for him. Bytes that it does
 * not take now stay the port's, and bytes that the port does not read stay in the host's buffers,
 * so that whoever writes there waits. It never waits itself. Event loop only, but for its making.
 */
interface HostEnd {
  /**
   * The device has an event loop now. Called once, when its first frontend connects.
   *
   * @param changed called when there may be more to read, room to write, another size, or somebody
   *     has come or gone; never within another method
   */
  void attach(Context context, Runnable changed) throws IOException;

  /** A guest has come or gone. */
  default void guest(boolean isThere) {}

  /** Whether somebody is there, who takes what is written. */
  boolean isOpen();

  /**
   * Reads into a direct buffer.
   *
   * @return bytes read; 0 if there are none now
   */
  int read(ByteBuffer target);

  /**
   * The port does not read on, as the driver takes nothing, and will learn of nothing by reading.
   * Called when something has happened here.
   */
  default void full() {}

  /** Writes from a direct buffer as much as is taken now, from its position on. */
  void write(ByteBuffer source);

  /** The size of the window, null if there is none or nobody knows. */
  default Terminal.@Nullable Size size() {
    return null;
  }

  /**
   * Lets go of the host. Called once, also if it was never attached.
   *
   * @param rest what it has not taken so far; who keeps nobody waiting may still take it
   */
  void close(ByteBuffer rest);
}
