package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;

/** Calls on the process itself. Any thread. */
public final class ThisProcess {
  private static final int SIGTERM = 15;

  private ThisProcess() {}

  /**
   * Asks it to end, as {@code kill} does. Not as Ctrl-C does: that is ignored by what a shell has
   * started in the background of a script.
   */
  public static void terminate() {
    try {
      LibC.kill((int) ProcessHandle.current().pid(), SIGTERM);
    } catch (LastErrorException e) {
      throw new IllegalStateException("a process cannot signal itself", e);
    }
  }
}
