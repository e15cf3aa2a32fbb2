package io.vhost4j.nativeio;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/** An eventfd as some frontends make it: without O_NONBLOCK. */
public final class BlockingEventFd {
  static {
    Native.register(BlockingEventFd.class, NativeLibrary.getInstance(null));
  }

  private BlockingEventFd() {}

  private static native int eventfd(int initial, int flags);

  /** A new one with a counter of 0. */
  public static OwnedFd create() {
    return new OwnedFd(eventfd(0, 0));
  }
}
